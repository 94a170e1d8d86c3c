//! The use cases: the only place that composes store, authz, secrets and controllers, and owns the order of writes.

mod core;
mod model_events;

pub use core::{Broker, Requester};
pub use model_events::{ModelEvents, ModelWatch};
