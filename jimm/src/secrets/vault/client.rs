//! The few requests that we make of a server of Vault's kind: login by AppRole and its renewal, and the key-value engine
//! of version 2.
//!
//! The login is made when it is first needed and kept alive; when the server does not take it any more, one other is made
//! and the request repeated. However many requests need a login, one of them makes it and the others wait for what comes
//! of that. A refused login is not repeated at once (`login`). Bodies of the server are read up to a bound, and shown nowhere
//! but for its own error texts.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::VaultError;
use super::login::{Failed, Login};
use crate::config::{SecretId, VaultSettings};
use crate::error::{Error, Result as BrokerResult};
use crate::http_client::http_client_trusting;

/// Longest answer: a list of some hundred thousand names.
const LONGEST: usize = 32 << 20;
/// How soon a failed renewal is tried again, and how often at least the login is looked at.
const RETRY: Duration = Duration::from_secs(5);
/// How much of the server's error texts is kept.
const SHOWN: usize = 300;

type Result<T> = std::result::Result<T, VaultError>;

/// A server, and our login there.
pub(super) struct Client {
    http: reqwest::Client,
    settings: VaultSettings,
    login: RwLock<Option<Arc<Login>>>,
    changed: tokio::sync::Notify,
    /// Whose turn it is to log in.
    turn: tokio::sync::Semaphore,
    failed: Mutex<Failed>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.settings.address).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct AuthAnswer {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
    lease_duration: u64,
    renewable: bool,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Serialize)]
struct RoleLogin<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

/// An answer: status and body.
type Answer = (StatusCode, Vec<u8>);

impl Client {
    pub(super) fn new(settings: &VaultSettings) -> BrokerResult<Self> {
        let roots = settings.roots.as_ref().map(|(shown, pem)| (shown.as_str(), pem.as_str()));
        let http = http_client_trusting(roots, settings.timeout).map_err(Error::internal)?;
        Ok(Self {
            http,
            settings: settings.clone(),
            login: RwLock::default(),
            changed: tokio::sync::Notify::new(),
            turn: tokio::sync::Semaphore::new(1),
            failed: Mutex::default(),
        })
    }

    /// What lies under a name; `None` when nothing does.
    pub(super) async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = format!("{}/data/{name}", self.settings.mount);
        let (status, body) = self.ask(&Method::GET, &path, None).await?;
        match status {
            StatusCode::OK => {
                let read: std::result::Result<Data<Data<T>>, _> = serde_json::from_slice(&body);
                // The text of the error might repeat the secret.
                let read = read.map_err(|_| self.odd("a read", status, "no secret in the form of ours"))?;
                Ok(Some(read.data.data))
            }
            StatusCode::NOT_FOUND if names_no_error(&body) => Ok(None),
            status => Err(self.wrong("to read", status, &body)),
        }
    }

    /// Puts something under a name that is free.
    pub(super) async fn write(&self, name: &str, body: &SecretString) -> Result<()> {
        let path = format!("{}/data/{name}", self.settings.mount);
        match self.ask(&Method::POST, &path, Some(body)).await? {
            (StatusCode::OK | StatusCode::NO_CONTENT, _) => Ok(()),
            (status, body) => Err(self.wrong("to write", status, &body)),
        }
    }

    /// Removes what lies under a name, and that it ever did.
    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        let path = format!("{}/metadata/{name}", self.settings.mount);
        match self.ask(&Method::DELETE, &path, None).await? {
            (StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND, _) => Ok(()),
            (status, body) => Err(self.wrong("to remove", status, &body)),
        }
    }

    /// The names in a folder.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let path = format!("{}/metadata/{folder}?list=true", self.settings.mount);
        let (status, body) = self.ask(&Method::GET, &path, None).await?;
        match status {
            StatusCode::OK => {
                let read: std::result::Result<Data<Keys>, _> = serde_json::from_slice(&body);
                Ok(read.map_err(|_| self.odd("a list", status, "no list"))?.data.keys)
            }
            StatusCode::NOT_FOUND if names_no_error(&body) => Ok(Vec::new()),
            status => Err(self.wrong("to list", status, &body)),
        }
    }

    /// Renews the login in time, and makes another one when that ends; for ever.
    pub(super) async fn keep(&self) {
        loop {
            let wait = match self.current() {
                // A renewal that does not come through leaves a third of the lease for others.
                Some(login) => (login.lease * 2 / 3).saturating_sub(login.since.elapsed()),
                None => Duration::MAX,
            };
            tokio::select! {
                () = self.changed.notified() => continue,
                () = tokio::time::sleep(wait.min(Duration::from_secs(86_400))) => {}
            }
            let Some(login) = self.current() else { continue };
            if login.lease.is_zero() || login.since.elapsed() < login.lease * 2 / 3 {
                continue;
            }
            if let Err(error) = self.renew_or_log_in(&login).await {
                tracing::warn!(%error, "login at Vault was not renewed, trying again");
                tokio::time::sleep(RETRY.min(login.lease / 6)).await;
            }
        }
    }

    async fn renew_or_log_in(&self, login: &Arc<Login>) -> Result<()> {
        if login.renewable {
            let answer = self.send(&Method::POST, "auth/token/renew-self", None, Some(&login.token)).await?;
            if let (StatusCode::OK, body) = answer
                && let Ok(renewed) = serde_json::from_slice::<AuthAnswer>(&body)
                // At the end of its longest life a token is renewed for less and less.
                && Duration::from_secs(renewed.auth.lease_duration) * 2 > login.lease
            {
                let lease = login.lease.max(Duration::from_secs(renewed.auth.lease_duration));
                self.replace(renewed.auth, lease);
                return Ok(());
            }
        }
        self.log_in_instead(Some(login)).await.map(|_| ())
    }

    async fn ask(&self, method: &Method, path: &str, body: Option<&SecretString>) -> Result<Answer> {
        let login = match self.current().filter(|login| login.lasts()) {
            Some(login) => login,
            None => self.log_in_instead(None).await?,
        };
        let answer = self.send(method, path, body, Some(&login.token)).await?;
        if answer.0 != StatusCode::FORBIDDEN {
            return Ok(answer);
        }
        // Revoked, perhaps.
        let again = self.log_in_instead(Some(&login)).await?;
        self.send(method, path, body, Some(&again.token)).await
    }

    /// Another login than this one: one that somebody has made meanwhile, or ours. Who waited for one that failed, fails as
    /// it did: the next request tries again.
    async fn log_in_instead(&self, of: Option<&Arc<Login>>) -> Result<Arc<Login>> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = failed().count;
        // It is never closed.
        let _turn = self.turn.acquire().await;
        let other = |now: &Arc<Login>| now.lasts() && !of.is_some_and(|of| Arc::ptr_eq(now, of));
        if let Some(login) = self.current().filter(other) {
            return Ok(login);
        }
        {
            let failed = failed();
            if let Some(why) = failed.why.as_ref().filter(|_| failed.count != before) {
                return Err(why.clone());
            }
        }
        let secret_id = match self.secret_id().await {
            Ok(secret_id) => secret_id,
            Err(why) => {
                failed().note(&why, None);
                return Err(why);
            }
        };
        if let Some(why) = failed().pause(&secret_id) {
            return Err(why);
        }
        let result = self.log_in(&secret_id).await;
        match &result {
            Ok(_) => failed().clear(),
            Err(why) => failed().note(why, Some(secret_id)),
        }
        result
    }

    async fn log_in(&self, secret_id: &SecretString) -> Result<Arc<Login>> {
        let body = RoleLogin { role_id: &self.settings.role_id, secret_id: secret_id.expose_secret() };
        let body = SecretString::from(serde_json::to_string(&body).unwrap_or_default());
        let path = format!("auth/{}/login", self.settings.approle);
        let (status, body) = self.send(&Method::POST, &path, Some(&body), None).await?;
        let refused = |why: String| VaultError::Login {
            address: self.address(),
            approle: self.settings.approle.clone(),
            status: status.as_u16(),
            why,
        };
        match status {
            StatusCode::OK => {
                let read: AuthAnswer = serde_json::from_slice(&body).map_err(|_| refused("no token".to_owned()))?;
                let lease = Duration::from_secs(read.auth.lease_duration);
                tracing::info!(address = %self.settings.address, lease = lease.as_secs(), "logged in at Vault");
                Ok(self.replace(read.auth, lease))
            }
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(refused(texts(&body)))
            }
            status => Err(self.wrong("to log in", status, &body)),
        }
    }

    async fn secret_id(&self) -> Result<SecretString> {
        match &self.settings.secret_id {
            SecretId::Given(text) => Ok(text.clone()),
            SecretId::File(path) => match tokio::fs::read_to_string(path).await {
                Ok(text) => Ok(text.trim().into()),
                Err(source) => Err(VaultError::SecretId { path: path.display().to_string(), source: Arc::new(source) }),
            },
        }
    }

    fn current(&self) -> Option<Arc<Login>> {
        self.login.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, auth: Auth, lease: Duration) -> Arc<Login> {
        let login = Login { token: auth.client_token, since: Instant::now(), lease, renewable: auth.renewable };
        let login = Arc::new(login);
        *self.login.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&login));
        self.changed.notify_one();
        login
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&SecretString>,
        token: Option<&SecretString>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method.clone(), format!("{}/v1/{path}", self.settings.address));
        request = request.header("X-Vault-Request", "true");
        if let Some(namespace) = &self.settings.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(token) = token {
            let mut value = http::HeaderValue::from_str(token.expose_secret())
                .map_err(|_| self.odd("a login", StatusCode::OK, "a token that no header can hold"))?;
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.expose_secret().to_owned());
        }
        // The address without the path: names are nobody's business.
        let away = |error: reqwest::Error| VaultError::Away { address: self.address(), why: short(&error) };
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let mut read = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            read.extend_from_slice(&chunk.map_err(away)?);
            if read.len() > LONGEST {
                return Err(self.odd("a request", status, "more than is read"));
            }
        }
        Ok((status, read))
    }

    fn wrong(&self, what: &str, status: StatusCode, body: &[u8]) -> VaultError {
        let address = self.address();
        let why = texts(body);
        match status {
            StatusCode::SERVICE_UNAVAILABLE if why.contains("not initialized") => VaultError::Uninitialised { address },
            StatusCode::SERVICE_UNAVAILABLE if why.contains("sealed") => VaultError::Sealed { address },
            StatusCode::FORBIDDEN => VaultError::Denied { address, what: what.to_owned() },
            StatusCode::NOT_FOUND => VaultError::NoMount { address, mount: self.settings.mount.clone(), why },
            status => self.odd(what, status, &why),
        }
    }

    fn odd(&self, what: &str, status: StatusCode, why: &str) -> VaultError {
        VaultError::Odd { address: self.address(), what: what.to_owned(), status: status.as_u16(), why: why.to_owned() }
    }

    fn address(&self) -> String {
        self.settings.address.clone()
    }
}

/// Whether a "not found" speaks of the name and not of the mount: then it names no error.
fn names_no_error(body: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    struct Errors {
        #[serde(default)]
        errors: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Errors>(body).is_ok_and(|body| body.errors.is_empty())
}

/// The server's own words about what is wrong, in one line.
fn texts(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<String>,
    }
    let mut text = serde_json::from_slice::<Errors>(body).map(|body| body.errors.join("; ")).unwrap_or_default();
    text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if text.is_empty() { "it does not say why".to_owned() } else { text }
}

/// The innermost cause, without the URL.
fn short(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time (JIMM_VAULT_TIMEOUT)".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
