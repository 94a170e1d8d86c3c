//! What is told of each request: one log line and the metrics. Parameters never reach the log; what the audit log has of a
//! request is the business of `notes`.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jimm_store::audit;
use uuid::Uuid;

use super::socket::Close;
use super::{Peer, Services};
use crate::broker::Requester;
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
    /// How they logged in.
    auth_method: &'static str,
    /// The texts of these that go into each entry of the audit log.
    audited: OnceLock<Arc<audit::Origin>>,
}

impl Origin {
    /// A connection on which nobody has logged in.
    pub(crate) fn new(endpoint: Endpoint, peer: Peer, model: Option<Uuid>) -> Self {
        let (requester, controller) = (String::new(), String::new());
        Self { endpoint, peer, requester, model, controller, auth_method: "", audited: OnceLock::new() }
    }

    /// Sets who it is.
    pub(crate) fn set_requester(&mut self, requester: &Requester) {
        self.set_user(requester.name.as_str(), requester.auth_method);
    }

    /// The same by name, and how they logged in.
    pub(super) fn set_user(&mut self, name: &str, auth_method: &'static str) {
        name.clone_into(&mut self.requester);
        self.auth_method = auth_method;
        self.audited = OnceLock::new();
    }

    /// It is nobody any more.
    pub(crate) fn clear_requester(&mut self) {
        self.requester.clear();
        self.auth_method = "";
        self.audited = OnceLock::new();
    }

    /// Sets the model's home.
    pub(crate) fn set_controller(&mut self, controller: &str) {
        controller.clone_into(&mut self.controller);
        self.audited = OnceLock::new();
    }

    /// As the audit log has it.
    pub(super) fn audited(&self) -> &Arc<audit::Origin> {
        self.audited.get_or_init(|| {
            Arc::new(audit::Origin {
                conversation: self.peer.conversation.clone(),
                identity: format!("user-{}", self.requester),
                model: self.model.map(|uuid| format!("{}/{uuid}", self.controller)).unwrap_or_default(),
                client: self.peer.address.to_string(),
                auth_method: self.auth_method.to_owned(),
            })
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

/// A name made up by a client, as logs, audit and errors have it: short, and without anything that a terminal would
/// obey or the database refuse. No name that we know is changed.
pub(super) fn told(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 128;
    if name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(name);
    }
    let mut told: String =
        name.chars().take(LONGEST).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if name.len() > told.len() {
        told.push('…');
    }
    Cow::Owned(told)
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
        Self::of_error(result.as_ref().err())
    }

    /// The same of an error, if there is one.
    pub(crate) fn of_error(error: Option<&'a Error>) -> Self {
        error.map_or_else(Self::default, |error| Self {
            kind: error.kind().as_str(),
            message: error.message(),
            code: error.juju_code(),
            error: Some(error),
        })
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
    let mut text = Uuid::encode_buffer();
    let model = origin.model.map_or("", |uuid| uuid.hyphenated().encode_lower(&mut text));
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
        client.address = origin.audited().client,
        requester = origin.requester,
        model.uuid = model,
        controller = origin.controller,
        request.id = asked.request_id,
        request.method = format!("{}({}).{}", asked.facade, asked.version, asked.method),
        kind,
        error = outcome.error.filter(|error| error.kind() != Kind::Internal).map(chain),
        error.code = outcome.code,
        elapsed.ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3,
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
