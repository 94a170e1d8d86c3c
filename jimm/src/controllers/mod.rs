//! The controllers behind the broker: one slot each, with its connections, deadlines and breaker.
//!
//! It knows Juju's wire and tokens, and neither the store nor rights: who may ask what is decided before.

mod breaker;
mod endpoint;
mod parts;
mod session;
mod slot;
mod slots;
mod spare;

pub use endpoint::{Admin, Endpoint};
pub use session::{Facade, Session};
pub use slot::Slot;
pub use slots::Controllers;
