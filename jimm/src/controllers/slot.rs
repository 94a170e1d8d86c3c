//! One controller: how it is dialled, who shares a connection to it, and when nobody tries any more.
//!
//! A dial runs on a task of its own with its own deadline, never on the time of who happened to ask first; whoever
//! needs the same connection waits for the same dial.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{HeaderName, HeaderValue};
use jimm_proto::names::UserName;
use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{CallError, Connection, DialError, DialOptions, Socket, Stream};
use secrecy::ExposeSecret;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::breaker::Breaker;
use super::endpoint::Endpoint;
use super::parts::Parts;
use super::session::{Facade, Session, call_failed};
use super::spare::SpareLine;
use crate::error::{Error, Kind, Result};

/// The version of Juju's clients that we speak like; controllers log it.
const CLIENT_VERSION: &str = "3.6.11";

/// A failed dial, for everybody who waited for it.
type Dialled = std::result::Result<Session, (Kind, String)>;

/// One controller.
pub struct Slot {
    endpoint: Endpoint,
    parts: Parts,
    breaker: Breaker,
    calls: Semaphore,
    shared: Mutex<Option<watch::Receiver<Option<Dialled>>>>,
    spare: SpareLine,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("controller", &self.endpoint.name).finish_non_exhaustive()
    }
}

impl Slot {
    pub(super) fn new(endpoint: Endpoint, parts: Parts) -> Self {
        let settings = &parts.settings;
        let breaker = Breaker::new(settings.breaker_failures, settings.breaker_reset);
        let calls = Semaphore::new(settings.max_calls.max(1));
        Self { endpoint, breaker, calls, shared: Mutex::default(), spare: SpareLine::default(), parts }
    }

    /// Where the controller is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Calls a method of the controller connection as the broker itself, superuser there.
    pub async fn call<P, R>(self: &Arc<Self>, facade: Facade, method: &str, params: &P, deadline: Duration) -> Result<R>
    where
        P: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let waiting = tokio::time::timeout(self.parts.settings.call_timeout, self.calls.acquire());
        let Ok(Ok(_permit)) = waiting.await else {
            let text = format!("too many calls to controller {} wait already; try again", self.endpoint.name);
            return Err(Error::new(Kind::ControllerUnavailable, text));
        };
        let session = self.service().await?;
        let answer = session.call(facade, method, params, deadline).await;
        self.note(&answer);
        answer
    }

    /// The broker's own connection, shared; dialled when there is none.
    pub async fn service(self: &Arc<Self>) -> Result<Session> {
        let mut dialling = self.current_dial()?;
        let wait = self.parts.settings.dial_timeout + Duration::from_secs(1);
        let outcome = match tokio::time::timeout(wait, dialling.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone(),
            _ => None,
        };
        match outcome {
            Some(Ok(session)) => Ok(session),
            Some(Err((kind, text))) => Err(Error::new(kind, text)),
            None => Err(self.unavailable("the dial did not end")),
        }
    }

    /// The dial that runs or has succeeded, else a new one.
    fn current_dial(self: &Arc<Self>) -> Result<watch::Receiver<Option<Dialled>>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dialled) = shared.as_ref() {
            let usable = match &*dialled.borrow() {
                None => dialled.has_changed().is_ok(),
                Some(Ok(session)) => !session.connection().is_closed(),
                Some(Err(_)) => false,
            };
            if usable {
                return Ok(dialled.clone());
            }
        }
        self.admit()?;
        let (tell, told) = watch::channel(None);
        *shared = Some(told.clone());
        let slot = self.clone();
        self.parts.tasks.spawn(async move {
            let outcome = slot.log_in_as_service().await;
            slot.note(&outcome);
            // Everybody may have gone away meanwhile.
            let _ = tell.send(Some(outcome.map_err(|e| (e.kind(), e.to_string()))));
        });
        Ok(told)
    }

    async fn log_in_as_service(&self) -> Result<Session> {
        let claims = self.claims("superuser", None);
        match self.connect_unguarded("/api", &self.parts.service, &claims).await {
            // The controller may not know our keys (yet): its own superuser can still look after it.
            Err(e) if e.kind() != Kind::ControllerUnavailable && self.endpoint.admin.is_some() => {
                tracing::debug!(controller = %self.endpoint.name, error = %e, "token refused, logging in with the password");
                self.log_in_with_password().await
            }
            other => other,
        }
    }

    /// Logs in as the controller's own superuser.
    pub async fn log_in_with_password(&self) -> Result<Session> {
        self.with_password("/api").await
    }

    /// A model connection as the controller's own superuser.
    pub async fn connect_model_with_password(&self, model: Uuid) -> Result<Session> {
        self.admit()?;
        let outcome = self.with_password(&format!("/model/{model}/api")).await;
        self.note(&outcome);
        outcome
    }

    async fn with_password(&self, path: &str) -> Result<Session> {
        let Some(admin) = &self.endpoint.admin else {
            return Err(Error::new(
                Kind::Controller,
                format!("no superuser of controller {} is known", self.endpoint.name),
            ));
        };
        let request = LoginRequest {
            auth_tag: format!("user-{}", admin.username),
            credentials: admin.password.expose_secret().to_owned(),
            client_version: CLIENT_VERSION.to_owned(),
            ..LoginRequest::default()
        };
        self.dial_and_log_in(path, &request).await
    }

    /// Logs in with a token of the broker itself; no password is tried.
    pub async fn log_in_with_token(&self) -> Result<Session> {
        self.connect_unguarded("/api", &self.parts.service, &self.claims("superuser", None)).await
    }

    /// A controller connection as a user with these claims, not shared.
    pub async fn connect_as(&self, user: &UserName, claims: &BTreeMap<String, String>) -> Result<Session> {
        self.connect("/api", user, claims).await
    }

    /// A model connection as a user with these claims, not shared.
    pub async fn connect_model(
        &self,
        model: Uuid,
        user: &UserName,
        claims: &BTreeMap<String, String>,
    ) -> Result<Session> {
        self.connect(&format!("/model/{model}/api"), user, claims).await
    }

    /// A model connection as the broker itself.
    pub async fn connect_model_as_service(&self, model: Uuid) -> Result<Session> {
        let claims = self.claims("superuser", Some((model, "admin")));
        self.connect_model(model, &self.parts.service, &claims).await
    }

    /// The claims of a token: some access to the controller, and perhaps to a model.
    pub fn claims(&self, controller_access: &str, model: Option<(Uuid, &str)>) -> BTreeMap<String, String> {
        let mut claims = BTreeMap::from([(format!("controller-{}", self.endpoint.uuid), controller_access.to_owned())]);
        if let Some((uuid, access)) = model {
            claims.insert(format!("model-{uuid}"), access.to_owned());
        }
        claims
    }

    /// The login of a user with these claims.
    pub async fn login_request(&self, user: &UserName, claims: &BTreeMap<String, String>) -> Result<LoginRequest> {
        let token = self.parts.tokens.token(user, self.endpoint.uuid, claims).await?;
        Ok(LoginRequest {
            auth_tag: user.tag(),
            token,
            client_version: CLIENT_VERSION.to_owned(),
            ..LoginRequest::default()
        })
    }

    /// `Authorization` of a user with these claims, for HTTP and streams.
    pub async fn authorization(&self, user: &UserName, claims: &BTreeMap<String, String>) -> Result<HeaderValue> {
        let token = self.parts.tokens.token(user, self.endpoint.uuid, claims).await?;
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(Error::internal)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A websocket without a login, for the relay: on the spare line when there is one.
    pub async fn open_socket(&self, path: &str) -> Result<Socket> {
        self.admit()?;
        let (target, options) = (self.endpoint.target(path), self.dial_options());
        let dialled = match self.spare.take() {
            Some(spare) => jimm_rpc::dial_socket_on(spare, &target, &options).await,
            None => jimm_rpc::dial_socket(&target, &options).await,
        };
        let outcome = dialled.map_err(|e| self.not_dialled(&e));
        self.note(&outcome);
        outcome
    }

    /// Sees to it that there is a spare line for whoever comes next. Nobody waits for it, and nobody misses it.
    pub fn spare_a_line(self: &Arc<Self>) {
        if !self.spare.claim() {
            return;
        }
        let slot = self.clone();
        self.parts.tasks.spawn(async move {
            let dialled = jimm_rpc::dial_spare(&slot.endpoint.target("/"), slot.parts.settings.dial_timeout).await;
            slot.spare.put(dialled.ok());
        });
    }

    /// Lets go of what nobody came for.
    pub(super) fn sweep(&self) {
        self.spare.sweep();
    }

    /// A websocket whose handshake carries an authorization, for streams.
    pub async fn open_stream_socket(&self, path: &str, headers: Vec<(HeaderName, HeaderValue)>) -> Result<Socket> {
        self.admit()?;
        let mut options = self.dial_options();
        options.headers.extend(headers);
        let dialled = jimm_rpc::dial_socket(&self.endpoint.target(path), &options).await;
        let outcome = dialled.map_err(|error| match error.status {
            // It is there, and of a generation that has no such stream.
            Some(404) => {
                let stream = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
                Error::not_found(format!("controller {} serves no {stream:?}", self.endpoint.name))
            }
            Some(status) if status < 500 => {
                Error::new(Kind::Controller, format!("controller {} refuses: {error}", self.endpoint.name))
            }
            _ => self.not_dialled(&error),
        });
        self.note(&outcome);
        outcome
    }

    /// A byte stream for HTTP.
    pub async fn open_http(&self) -> Result<Stream> {
        self.admit()?;
        let dialled = jimm_rpc::connect_stream(&self.endpoint.target("/"), self.parts.settings.dial_timeout).await;
        let outcome = dialled.map_err(|e| self.not_dialled(&e));
        self.note(&outcome);
        outcome
    }

    async fn connect(&self, path: &str, user: &UserName, claims: &BTreeMap<String, String>) -> Result<Session> {
        self.admit()?;
        let outcome = self.connect_unguarded(path, user, claims).await;
        self.note(&outcome);
        outcome
    }

    async fn connect_unguarded(
        &self,
        path: &str,
        user: &UserName,
        claims: &BTreeMap<String, String>,
    ) -> Result<Session> {
        let request = self.login_request(user, claims).await?;
        self.dial_and_log_in(path, &request).await
    }

    async fn dial_and_log_in(&self, path: &str, request: &LoginRequest) -> Result<Session> {
        let timeout = self.parts.settings.dial_timeout;
        let both = async {
            let connection: Connection = jimm_rpc::dial(&self.endpoint.target(path), &self.dial_options())
                .await
                .map_err(|e| self.not_dialled(&e))?;
            let login: LoginResult =
                jimm_rpc::login(&connection, request, timeout).await.map_err(|e| self.login_failed(e))?;
            self.check_identity(&login.controller_tag)?;
            Ok(Session::new(&self.endpoint.name, connection, login))
        };
        tokio::time::timeout(timeout, both)
            .await
            .unwrap_or_else(|_| Err(self.unavailable(&format!("no login within {timeout:?}"))))
    }

    /// A controller that answers with another UUID than its own is not the one we know: nothing more is said to it.
    pub fn check_identity(&self, controller_tag: &str) -> Result<()> {
        let expected = format!("controller-{}", self.endpoint.uuid);
        if controller_tag == expected {
            return Ok(());
        }
        let told: String = controller_tag.chars().take(64).collect();
        Err(self.unavailable(&format!("it should be {expected} and says that it is {told:?}; check its addresses")))
    }

    fn login_failed(&self, error: CallError) -> Error {
        match error {
            CallError::Remote(remote) if remote.code.is_empty() => Error::new(
                Kind::Controller,
                format!("controller {} refuses the login: {}", self.endpoint.name, remote.message),
            ),
            other => call_failed(&self.endpoint.name, other),
        }
    }

    fn not_dialled(&self, error: &DialError) -> Error {
        let next = if error.certificate { "; check its ca-certificate and tls-hostname" } else { "" };
        self.unavailable(&format!("{error}{next}"))
    }

    fn dial_options(&self) -> DialOptions {
        DialOptions {
            timeout: self.parts.settings.dial_timeout,
            max_message: self.parts.max_message,
            ..DialOptions::default()
        }
    }

    fn admit(&self) -> Result<()> {
        self.breaker.admit(Instant::now()).map_err(|open| {
            let text = format!(
                "controller {} does not answer ({}); the broker tries again in {} s",
                self.endpoint.name,
                open.reason,
                open.retry_in.as_secs() + 1
            );
            Error::new(Kind::ControllerUnavailable, text)
        })
    }

    /// Only silence counts against a controller: one that refuses is alive.
    fn note<T>(&self, outcome: &Result<T>) {
        match outcome {
            Err(e) if e.kind() == Kind::ControllerUnavailable => self.breaker.failed(Instant::now(), e.message()),
            _ => self.breaker.succeeded(),
        }
    }

    fn unavailable(&self, reason: &str) -> Error {
        Error::new(
            Kind::ControllerUnavailable,
            format!("controller {} cannot be reached: {reason}", self.endpoint.name),
        )
    }
}
