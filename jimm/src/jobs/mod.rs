//! Background work: jobs that any replica may take up, and duties that one replica at a time has.
//!
//! It knows how work is claimed, kept and given back, and nothing of what the work is.

mod duties;
mod feed;
mod runner;

pub use duties::{run_duties, run_duty};
pub use feed::{Duty, Feed, run_feed};
pub use runner::{Outcome, Work, run_workers};
