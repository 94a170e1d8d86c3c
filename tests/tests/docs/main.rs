//! The documents, held to what is so: commands are run, links lead somewhere, generated pages are up to date.

mod commands;
mod generated;
mod likeness;
mod links;
mod markdown;
mod rejoin;
mod terminal;
mod tutorial;
