//! Plans: proposing, applying, watching and changing them.

mod change;
mod make;
mod show;
mod watch;

pub(super) use change::{abort, pause, resume, retry, skip};
pub(super) use make::{apply, drain, fleet, rebalance};
pub(super) use show::{list, show};
pub(super) use watch::watch;
