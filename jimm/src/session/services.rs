//! What connections work with.

use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::SecretString;

use super::cookies::SESSION;
use crate::audit::AuditQueue;
use crate::authn::{Federation, Oidc, SessionTokens};
use crate::broker::Broker;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::telemetry::Metrics;

/// Everything a connection needs; one for all of them.
pub struct Services {
    /// The use cases.
    pub broker: Arc<Broker>,
    /// The settings.
    pub settings: Arc<Config>,
    /// Who somebody is.
    pub authn: Authn,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Entries of the audit log.
    pub audit: AuditQueue,
    /// When to stop, and who owns the tasks.
    pub lifecycle: Lifecycle,
}

/// The ways to prove who one is.
#[derive(Debug)]
pub struct Authn {
    /// The identity provider.
    pub oidc: Oidc,
    /// Issuers whose tokens stand for service accounts.
    pub federation: Federation,
    /// Tokens of our own.
    pub session_tokens: SessionTokens,
}

/// The other end of a client connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Our name for the connection, in log and audit.
    pub conversation: String,
    /// The session that a browser sent with its handshake.
    pub(crate) cookie: Option<SecretString>,
}

impl Peer {
    /// The peer that sent this handshake.
    pub(crate) fn of(address: SocketAddr, headers: &http::HeaderMap) -> Self {
        Self { cookie: SESSION.find(headers), ..Self::new(address) }
    }

    /// A peer with a conversation id of its own.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, conversation: hex::encode(crate::clock::random_bytes::<8>()), cookie: None }
    }
}
