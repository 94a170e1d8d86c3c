//! Background work: jobs that any replica may take up, and duties that one replica at a time has.
//!
//! It knows how work is claimed, kept and given back, and which use case of the broker does which kind; nothing of how.

mod duties;
mod feed;
mod runner;

pub use duties::{run_duties, run_duty};
pub use feed::{Duty, Feed, run_feed};
pub use runner::run_workers;
