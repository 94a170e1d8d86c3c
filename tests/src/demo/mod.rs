//! `make demo`: the product's main job on this machine, left running, and everything that others need to drive it.
//!
//! Owns `target/demo`; what it starts it finds again by the pids written there.

pub(crate) mod juju_data;
mod layout;
mod standing;
mod steps;
mod up;

pub use layout::Layout;
pub use standing::Standing;
pub use up::{DemoPorts, down, start_broker, start_controller, up};
