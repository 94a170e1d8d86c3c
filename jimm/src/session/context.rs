//! What a facade method is given beside its parameters.

use std::sync::Arc;

use crate::broker::{Broker, Requester};

/// One call on one connection.
pub struct CallContext {
    /// The use cases.
    pub broker: Arc<Broker>,
    /// Who calls.
    pub requester: Requester,
    /// The facade version that was called.
    pub version: u32,
    /// The object id of watcher-like facades, else empty.
    pub object_id: String,
}
