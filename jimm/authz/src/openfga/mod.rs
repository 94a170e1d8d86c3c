//! A real OpenFGA server: decisions are asked of it, tuples are mirrored to it. The only place with OpenFGA's types.
//!
//! Everything is asked with higher consistency: the server's caches are for those who may be told yesterday's rights.
//! OpenFGA's own error codes do not survive the way through gRPC, so nothing here decides by them.

mod channel;
mod decide;
mod expand;
mod mirror;
mod model;
mod store;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openfga_client::client::{ConsistencyPreference, OpenFgaServiceClient};
use openfga_client::tonic::codegen::InterceptedService;
use openfga_client::tonic::transport::Channel;
use secrecy::SecretString;

pub use mirror::{Page, WRITES_AT_ONCE, is_mirrored};

use channel::Bearer;

/// How to reach the server.
#[derive(Clone, Debug)]
pub struct OpenFgaSettings {
    /// Whether to speak TLS.
    pub tls: bool,
    /// Its name or address.
    pub host: String,
    /// Its port for gRPC.
    pub port: u16,
    /// The id of the store, or its name: one of that name is made when there is none.
    pub store: String,
    /// The id of the model that must be used, when it must be a certain one.
    pub model: Option<String>,
    /// The pre-shared key.
    pub token: Option<SecretString>,
    /// An extra root certificate (PEM) to trust.
    pub ca_cert: Option<PathBuf>,
}

/// Is told of every call: its name, how long it took, and whether it went well.
pub type Observer = Arc<dyn Fn(&'static str, Duration, bool) + Send + Sync>;

type Client = OpenFgaServiceClient<InterceptedService<Channel, Bearer>>;

/// One store on the server, with the relation model of this release. Cheap to clone.
#[derive(Clone)]
pub struct OpenFga {
    client: Client,
    store: String,
    model: String,
    observer: Observer,
}

impl std::fmt::Debug for OpenFga {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFga").field("store", &self.store).field("model", &self.model).finish_non_exhaustive()
    }
}

impl OpenFga {
    /// The store's id.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The id of the model in the store.
    pub fn model(&self) -> &str {
        &self.model
    }
}

/// No answers from caches.
const CONSISTENCY: i32 = ConsistencyPreference::HigherConsistency as i32;
