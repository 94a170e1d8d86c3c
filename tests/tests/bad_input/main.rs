//! What the broker is given wrong, from outside: each time the client learns what is wrong, the log says it once, others
//! are served on, and nothing is lost or half done.

mod bombs;
mod bulk;
mod controllers;
mod definitions;
mod facades;
mod files;
mod frames;
mod liar;
mod listeners;
mod names;
mod random;
mod sizes;
mod support;
mod tls;
mod tokens;
mod tuples;
mod uploads;
mod uuids;
mod wire;
