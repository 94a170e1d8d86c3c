//! The use cases: the only place that composes store, authz, secrets and controllers, and owns the order of writes.

mod core;

pub use core::{Broker, Requester};
