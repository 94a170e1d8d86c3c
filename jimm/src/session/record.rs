//! What is told of each request: one log line and the metrics. Parameters never reach the log; what the audit log has of a
//! request is the business of `notes`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jimm_store::audit;
use tracing::Level;
use uuid::Uuid;

use super::asked::Asked;
use super::socket::Close;
use super::{Peer, Services};
use crate::broker::Requester;
use crate::error::{Error, Kind};
use crate::telemetry::{Endpoint, RequestLine, SharedMembers, log_request};

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
    /// All of this as it is told of each request.
    texts: OnceLock<Texts>,
}

/// What is told of each request of a connection, made once.
#[derive(Clone, Debug)]
struct Texts {
    /// In each entry of the audit log.
    audited: Arc<audit::Origin>,
    /// In each log line.
    logged: SharedMembers,
}

impl Origin {
    /// A connection on which nobody has logged in.
    pub(crate) fn new(endpoint: Endpoint, peer: Peer, model: Option<Uuid>) -> Self {
        let (requester, controller) = (String::new(), String::new());
        Self { endpoint, peer, requester, model, controller, auth_method: "", texts: OnceLock::new() }
    }

    /// Sets who it is.
    pub(crate) fn set_requester(&mut self, requester: &Requester) {
        self.set_user(requester.name.as_str(), requester.auth_method);
    }

    /// The same by name, and how they logged in.
    pub(super) fn set_user(&mut self, name: &str, auth_method: &'static str) {
        name.clone_into(&mut self.requester);
        self.auth_method = auth_method;
        self.texts = OnceLock::new();
    }

    /// It is nobody any more.
    pub(crate) fn clear_requester(&mut self) {
        self.requester.clear();
        self.auth_method = "";
        self.texts = OnceLock::new();
    }

    /// Sets the model's home.
    pub(crate) fn set_controller(&mut self, controller: &str) {
        controller.clone_into(&mut self.controller);
        self.texts = OnceLock::new();
    }

    /// As the audit log has it.
    pub(super) fn audited(&self) -> &Arc<audit::Origin> {
        &self.texts().audited
    }

    fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| {
            let (model, client) = (self.model.map(|uuid| uuid.to_string()), self.peer.address.to_string());
            let model = model.as_deref();
            let logged = SharedMembers::new(&[
                ("conversation.id", Some(&self.peer.conversation)),
                ("client.address", Some(&client)),
                ("requester", Some(&self.requester)),
                ("model.uuid", model),
                ("controller", Some(&self.controller)),
            ]);
            let audited = audit::Origin {
                conversation: self.peer.conversation.clone(),
                identity: format!("user-{}", self.requester),
                model: model.map(|model| format!("{}/{model}", self.controller)).unwrap_or_default(),
                client,
                auth_method: self.auth_method.to_owned(),
            };
            Texts { audited: Arc::new(audited), logged }
        })
    }
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

/// Tells of an answered request.
pub(crate) fn answered(services: &Services, origin: &Origin, asked: &Asked, outcome: Outcome<'_>, elapsed: Duration) {
    let method = &asked.method;
    let names = (&*method.facade, &*method.name);
    services.metrics.request(origin.endpoint, names, &method.counter, outcome.kind, elapsed);
    if asked.is_ping() && outcome.kind.is_empty() {
        return;
    }
    if let Some(error) = outcome.error.filter(|error| error.kind() == Kind::Internal) {
        tracing::error!(
            conversation.id = origin.peer.conversation,
            request.id = asked.request_id,
            error = chain(error),
            "request failed by our own fault"
        );
    }
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    let kind = if outcome.kind.is_empty() { "ok" } else { outcome.kind };
    let error = outcome.error.filter(|error| error.kind() != Kind::Internal).map(chain);
    let line = RequestLine {
        shared: &origin.texts().logged,
        target: module_path!(),
        id: asked.request_id,
        method: &method.title,
        kind,
        error: error.as_deref(),
        code: outcome.code,
        elapsed,
    };
    if !log_request(&line) {
        let Origin { peer, requester, controller, .. } = origin;
        tracing::info!(
            conversation.id = peer.conversation,
            client.address = %peer.address,
            requester,
            model.uuid = origin.model.map(tracing::field::display),
            controller,
            request.id = line.id,
            request.method = line.method,
            kind,
            error,
            error.code = line.code,
            elapsed.ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3,
            "request answered"
        );
    }
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
