//! The broker's parts in one place, and who asks.

use std::sync::Arc;

use jimm_authz::Authorizer;
use jimm_proto::names::UserName;
use jimm_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authn::ControllerTokens;
use crate::clock::Clock;
use crate::config::Config;
use crate::secrets::SecretStore;

/// The use cases, spread over this module's files, one `impl` block a file.
pub struct Broker {
    /// Rows.
    pub store: Store,
    /// Rights.
    pub authz: Arc<dyn Authorizer>,
    /// What is sealed in rows.
    pub secrets: Arc<dyn SecretStore>,
    /// Tokens that controllers take.
    pub tokens: Arc<ControllerTokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub settings: Arc<Config>,
    /// Who waits for the tasks that use cases leave behind.
    pub tasks: TaskTracker,
    /// When these tasks should end.
    pub shutdown: CancellationToken,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The identity's name, `alice@example.com`.
    pub name: UserName,
    /// Groups of the identity provider that the login told of.
    pub groups: Vec<String>,
    /// Whether the identity administered the broker when it logged in.
    pub is_admin: bool,
}
