//! What the broker is given wrong, from outside: each time the client learns what is wrong, the log says it once, others
//! are served on, and nothing is lost or half done.

mod facades;
mod frames;
mod support;
mod wire;
