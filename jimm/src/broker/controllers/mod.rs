//! Controllers: made, attached, shown, set aside, detached, destroyed. Calls to them are `remote`'s.

mod attach;
mod attached;
mod bootstrap;
pub mod bootstrap_job;
pub mod destroy;
mod endpoints;
mod facts;
mod juju_runs;
mod profiles;
pub(super) mod told;
