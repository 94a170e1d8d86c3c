//! Summaries of models: one replica at a time keeps those of a controller, lists answer from the table, and who waits for
//! news is woken by Postgres.
//!
//! Nothing here is done once per client that costs a controller anything.

mod controller;
mod events;
mod keeper;
mod known;
mod list;
mod watch;

pub use events::SummaryEvents;
pub use keeper::run_keeper;
pub use watch::SummaryWatch;
