//! Both sides of a migration, over the wire: a source that drives it, a target that takes models.

mod agents;
mod payload;
mod run;
mod source;
mod target;

pub(super) use run::resume;
pub(super) use source::initiate;
pub(super) use target::{call as target, take_binary, take_logs};
