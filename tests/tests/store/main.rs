//! The store against a real Postgres: what racing writers may do to each other, whom a lost lease still lets write,
//! and who may change the schema.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod audit;
mod duties;
mod incoming;
mod jobs;
mod migrations;
mod plans;
mod races;
mod readers;
mod remembered;
mod rights;
mod rows;
mod support;
mod tuples;
