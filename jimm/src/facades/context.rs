//! What a facade method is given beside its parameters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::queries::Queries;
use super::watches::Watches;
use crate::broker::{Broker, Requester};

/// One call on one connection.
#[derive(Clone)]
pub struct CallContext {
    /// The use cases.
    pub broker: Arc<Broker>,
    /// Who calls.
    pub requester: Requester,
    /// What the connection remembers between its calls.
    pub connection: Arc<ConnectionState>,
    /// The facade version that was called.
    pub version: u32,
    /// The object id of watcher-like facades, else empty.
    pub object_id: String,
}

/// What a connection remembers between its calls.
#[derive(Debug, Default)]
pub struct ConnectionState {
    /// The queries over many models that it runs.
    pub queries: Queries,
    /// Its watchers.
    pub watches: Watches,
    unmasked: AtomicBool,
    gone: CancellationToken,
    ending: tokio::sync::SetOnce<&'static str>,
}

impl ConnectionState {
    /// A connection that lasts until `gone` is cancelled.
    pub fn new(gone: CancellationToken) -> Self {
        Self { gone, ..Self::default() }
    }

    /// Waits until the client has gone.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// The connection ends soon: calls that wait for something to happen are told why.
    pub fn end(&self, why: &'static str) {
        // It may be ending for another reason already.
        let _ = self.ending.set(why);
    }

    /// Waits until the connection is about to end.
    pub async fn ending(&self) -> &'static str {
        self.ending.wait().await
    }

    /// Whether answers name the broker in place of the hosting controller (so until the client asks otherwise).
    pub fn masks_controllers(&self) -> bool {
        !self.unmasked.load(Ordering::Relaxed)
    }

    /// From now on answers name the hosting controllers.
    pub fn unmask_controllers(&self) {
        self.unmasked.store(true, Ordering::Relaxed);
    }
}
