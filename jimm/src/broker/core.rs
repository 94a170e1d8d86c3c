//! The broker's parts in one place, and who asks.

use std::net::SocketAddr;
use std::sync::Arc;

use jimm_authz::{Authorizer, User};
use jimm_proto::names::UserName;
use jimm_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{
    AccountEvents, Descriptions, Discharger, Happenings, LastHomes, Looks, ModelEvents, Pass, QueryDesk, SessionRules,
    SummaryEvents,
};
use crate::audit::Ledger;
use crate::authn::ControllerTokens;
use crate::clock::Clock;
use crate::config::Config;
use crate::controllers::Controllers;
use crate::mirror::Mirror;
use crate::secrets::{Sealer, SecretStore};

/// The use cases, spread over this module's files, one `impl` block a file.
pub struct Broker {
    /// Postgres.
    pub store: Store,
    /// Decides who may do what.
    pub authz: Arc<dyn Authorizer>,
    /// The mirror of rights in OpenFGA, when that decides.
    pub mirror: Option<Arc<Mirror>>,
    /// The controllers behind the broker.
    pub controllers: Controllers,
    /// Seals what is secret in a row.
    pub secrets: Arc<dyn SecretStore>,
    /// Seals what browsers keep for us.
    pub cookies: Sealer,
    /// Signs statements about the audit log.
    pub ledger: Arc<Ledger>,
    /// Tokens that controllers take.
    pub tokens: Arc<ControllerTokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the operator configured.
    pub settings: Arc<Config>,
    /// Tells connections that their model moved.
    pub model_events: ModelEvents,
    /// Tells that summaries of models changed.
    pub summary_events: SummaryEvents,
    /// Tells how far events have come.
    pub happenings: Happenings,
    /// Where models were seen last.
    pub last_homes: LastHomes,
    /// What rows say of models, as long as it is true.
    pub descriptions: Descriptions,
    /// Who queries many models at the moment.
    pub queries: QueryDesk,
    /// Discharges the caveats of offers.
    pub discharger: Discharger,
    /// Looks at the models of controllers that are under way.
    pub looks: Looks,
    /// Tells connections that somebody was cut off.
    pub account_events: AccountEvents,
    /// How long logins last, as it was when somebody asked last.
    pub rules: arc_swap::ArcSwapOption<SessionRules>,
    /// Owns every background task.
    pub tasks: TaskTracker,
    /// Cancelled when the broker stops.
    pub shutdown: CancellationToken,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("uuid", &self.settings.uuid).finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The identity's name, `alice@example.com`.
    pub name: UserName,
    /// Groups that the identity provider told of.
    pub groups: Vec<String>,
    /// Where the connection comes from.
    pub client_addr: Option<SocketAddr>,
    /// How the identity logged in: `session-token`, `client-credentials`, ….
    pub auth_method: &'static str,
    /// What the login rests on.
    pub pass: Pass,
}

impl Requester {
    /// The identity as rights know it.
    pub fn user(&self) -> User {
        User { name: self.name.to_string(), groups: self.groups.clone() }
    }

    /// The tag, `user-alice@example.com`.
    pub fn tag(&self) -> String {
        self.name.tag()
    }
}
