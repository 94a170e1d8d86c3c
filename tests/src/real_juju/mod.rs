//! `make test-juju`: the broker between the unmodified `juju` clients and real Juju controllers.
//!
//! Owns the story and its table; the controllers are the business of `tests/real-juju` (see its README).

mod across;
mod behind;
mod drains;
mod identity;
mod incoming;
mod ledger;
mod peers;
mod rig;
mod story;
mod world;

pub use rig::Rig;
pub use story::{PARTS, Telling, run};
