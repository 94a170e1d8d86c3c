//! Both sides of a migration, over the wire: a source that drives it, a target that takes models.

mod agents;
mod description;
mod payload;
mod run;
mod source;
mod target;

pub use description::ODD;
pub(super) use run::resume;
pub(super) use source::initiate;
pub(super) use target::{LogHeaders, call as target, take_binary, take_logs};
