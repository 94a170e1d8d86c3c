//! What is told of each request: one log line, the metrics, the audit entries.
//!
//! Parameters never reach the log; they reach the audit only where the registry says that they hold no secrets.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jimm_store::audit::AuditEntry;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::socket::Close;
use super::{Peer, Services};
use crate::error::{Error, Kind};
use crate::telemetry::Endpoint;

/// Where requests come in, and who sends them.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The kind of connection.
    pub(crate) endpoint: Endpoint,
    /// The connection.
    pub(crate) peer: Peer,
    /// Who, once known; empty before.
    pub(crate) requester: String,
    /// The model, on a model connection.
    pub(crate) model: Option<Uuid>,
    /// The model's home, on a model connection.
    pub(crate) controller: String,
    /// The texts of these that go into each entry of the audit log.
    audited: OnceLock<Audited>,
}

#[derive(Clone, Debug)]
struct Audited {
    conversation: Arc<str>,
    identity: Arc<str>,
    model: Arc<str>,
}

impl Origin {
    /// A connection on which nobody has logged in.
    pub(crate) fn new(endpoint: Endpoint, peer: Peer, model: Option<Uuid>) -> Self {
        let (requester, controller) = (String::new(), String::new());
        Self { endpoint, peer, requester, model, controller, audited: OnceLock::new() }
    }

    /// Sets who it is, or that it is nobody any more.
    pub(crate) fn set_requester(&mut self, requester: String) {
        self.requester = requester;
        self.audited = OnceLock::new();
    }

    /// Sets the model's home.
    pub(crate) fn set_controller(&mut self, controller: &str) {
        controller.clone_into(&mut self.controller);
        self.audited = OnceLock::new();
    }

    fn audited(&self) -> &Audited {
        self.audited.get_or_init(|| Audited {
            conversation: self.peer.conversation.as_str().into(),
            identity: format!("user-{}", self.requester).into(),
            model: self.model.map(|uuid| format!("{}/{uuid}", self.controller)).unwrap_or_default().into(),
        })
    }
}

/// Which method of which facade.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The client's number for it.
    pub(crate) request_id: u64,
    /// `type` on the wire.
    pub(crate) facade: Arc<str>,
    /// Of the facade.
    pub(crate) version: u32,
    /// Of a watcher.
    pub(crate) object_id: String,
    /// `request` on the wire.
    pub(crate) method: Arc<str>,
}

/// How it went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome<'a> {
    /// The failure's kind, empty for success.
    pub(crate) kind: &'static str,
    /// Its text for the client.
    pub(crate) message: &'a str,
    /// Its code.
    pub(crate) code: &'a str,
    /// Its cause, which is not for the client.
    pub(crate) error: Option<&'a Error>,
}

impl<'a> Outcome<'a> {
    /// The outcome of one of our own methods.
    pub(crate) fn of<T>(result: &'a Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::default(),
            Err(error) => Self {
                kind: error.kind().as_str(),
                message: error.message(),
                code: error.juju_code(),
                error: Some(error),
            },
        }
    }
}

impl Asked {
    /// Sent all the time, by everybody, and of no interest.
    pub(crate) fn is_ping(&self) -> bool {
        &*self.facade == "Pinger"
    }
}

/// Tells of an answered request.
pub(crate) fn answered(services: &Services, origin: &Origin, asked: &Asked, outcome: Outcome<'_>, elapsed: Duration) {
    services.telemetry.metrics.request(origin.endpoint, &asked.facade, &asked.method, outcome.kind, elapsed);
    if asked.is_ping() && outcome.kind.is_empty() {
        return;
    }
    let model = origin.model.map(|uuid| uuid.to_string()).unwrap_or_default();
    let kind = if outcome.kind.is_empty() { "ok" } else { outcome.kind };
    if let Some(error) = outcome.error.filter(|error| error.kind() == Kind::Internal) {
        tracing::error!(
            conversation.id = origin.peer.conversation,
            request.id = asked.request_id,
            error = chain(error),
            "request failed by our own fault"
        );
    }
    tracing::info!(
        conversation.id = origin.peer.conversation,
        client.address = %origin.peer.address,
        requester = origin.requester,
        model.uuid = model,
        controller = origin.controller,
        request.id = asked.request_id,
        request.method = %format_args!("{}({}).{}", asked.facade, asked.version, asked.method),
        kind,
        error = outcome.error.filter(|error| error.kind() != Kind::Internal).map(chain),
        error.code = outcome.code,
        elapsed.ms = elapsed.as_secs_f64() * 1000.0,
        "request answered"
    );
}

/// Tells how a connection ended: once when its client did what it must not do, else to those who look closely.
pub(crate) fn ended(peer: &Peer, close: &Close) {
    if close.is_by_fault() {
        tracing::info!(
            conversation.id = peer.conversation,
            client.address = %peer.address,
            close.code = close.code(),
            close.reason = close.reason(),
            "connection closed for what the client sent"
        );
    } else {
        tracing::debug!(conversation.id = peer.conversation, close.reason = close.reason(), "connection ends");
    }
}

/// The error's text with those of its causes; a controller's may be of any length.
fn chain(error: &Error) -> String {
    const LONGEST: usize = 2000;
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Puts a request into the audit log.
pub(crate) fn audit_request(services: &Services, origin: &Origin, asked: &Asked, params: Option<&RawValue>) {
    if asked.is_ping() {
        return;
    }
    let params = params.and_then(|params| serde_json::from_str(params.get()).ok());
    services.telemetry.audit.push(AuditEntry { params, ..entry(services, origin, asked) });
}

/// Puts an answer into the audit log.
pub(crate) fn audit_answer(services: &Services, origin: &Origin, asked: &Asked, outcome: Outcome<'_>) {
    if asked.is_ping() {
        return;
    }
    let errors = (!outcome.kind.is_empty())
        .then(|| serde_json::json!({ "results": [{ "error": { "message": outcome.message, "code": outcome.code } }] }));
    services.telemetry.audit.push(AuditEntry { is_response: true, errors, ..entry(services, origin, asked) });
}

fn entry(services: &Services, origin: &Origin, asked: &Asked) -> AuditEntry {
    let Audited { conversation, identity, model } = origin.audited().clone();
    AuditEntry {
        time: services.broker.clock.now(),
        conversation_id: conversation,
        message_id: i64::try_from(asked.request_id).unwrap_or(i64::MAX),
        facade_name: asked.facade.clone(),
        facade_method: asked.method.clone(),
        facade_version: i32::try_from(asked.version).unwrap_or(i32::MAX),
        object_id: asked.object_id.clone(),
        identity,
        model,
        is_response: false,
        params: None,
        errors: None,
    }
}
