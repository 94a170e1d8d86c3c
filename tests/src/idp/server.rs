//! The provider's routes, and the handle tests hold.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::keys::Keys;
use super::pages;
use super::state::{BrowserLogin, Faults, Person, State, Verdict, back_to, secret};
use super::token::{self, Refusal};
use super::userinfo;

type Form = HashMap<String, String>;

/// How a provider is set up.
#[derive(Clone, Debug)]
pub struct IdpOptions {
    /// The port of 127.0.0.1 to listen on; 0 takes a free one.
    pub port: u16,
    /// The broker's client id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Service accounts, with their secrets.
    pub services: Vec<(String, String)>,
    /// Seconds a device waits between two questions.
    pub interval: u64,
    /// How long a device's code is good.
    pub code_life: Duration,
}

impl Default for IdpOptions {
    fn default() -> Self {
        Self {
            port: 0,
            client_id: "jimm-device".into(),
            client_secret: "broker-secret".into(),
            services: vec![("svc-admin".into(), "svc-admin-secret".into())],
            interval: 1,
            code_life: Duration::from_secs(600),
        }
    }
}

pub(super) struct Shared {
    issuer: String,
    options: IdpOptions,
    keys: Mutex<Keys>,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_secs(self.options.interval)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).sign(claims)
    }

    pub(super) fn knows_client(&self, id: &str, secret: &str) -> bool {
        id == self.options.client_id && secret == self.options.client_secret
    }
}

/// A running provider; it ends with this value.
pub struct Idp {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Idp {
    /// Starts a provider.
    pub async fn start(options: IdpOptions) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], options.port))).await;
        let listener = listener.with_context(|| format!("port {} cannot be had", options.port))?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let state = State { services: options.services.iter().cloned().collect(), ..State::default() };
        let keys = Mutex::new(Keys::new()?);
        let shared = Arc::new(Shared { issuer, options, keys, state: Mutex::new(state) });
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let serve = axum::serve(listener, routes(Arc::clone(&shared))).with_graceful_shutdown({
            let stop = stop.clone();
            async move { stop.cancelled().await }
        });
        tasks.spawn(async move { serve.await });
        Ok(Self { shared, stop, tasks })
    }

    /// The issuer's URL, where discovery begins.
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// The URL that takes `user_code` and `email`.
    pub fn approve_url(&self) -> String {
        format!("{}/approve", self.shared.issuer)
    }

    /// How this provider was set up.
    pub fn options(&self) -> &IdpOptions {
        &self.shared.options
    }

    /// Says yes for this person to the device that shows this code; false when there is none.
    pub fn approve(&self, user_code: &str, email: &str) -> bool {
        self.approve_with_groups(user_code, email, &[])
    }

    /// The same, for a person who is in groups.
    pub fn approve_with_groups(&self, user_code: &str, email: &str, groups: &[&str]) -> bool {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self.decide(user_code, Verdict::Approved(Person { email: email.to_owned(), groups }))
    }

    /// Says no to a device.
    pub fn deny(&self, user_code: &str) -> bool {
        self.decide(user_code, Verdict::Denied)
    }

    /// Lets a device's code expire.
    pub fn expire(&self, user_code: &str) -> bool {
        let now = std::time::Instant::now();
        self.shared.state().device_by_user_code(user_code).map(|login| login.expires = now).is_some()
    }

    fn decide(&self, user_code: &str, verdict: Verdict) -> bool {
        self.shared.state().device_by_user_code(user_code).map(|login| login.verdict = verdict).is_some()
    }

    /// Adds a service account.
    pub fn add_service(&self, id: &str, secret: &str) {
        self.shared.state().services.insert(id.to_owned(), secret.to_owned());
    }

    /// Lets a person log in no more, and refuses what was given to them; or lets them again.
    pub fn disable(&self, email: &str, disabled: bool) {
        let mut state = self.shared.state();
        if disabled {
            state.disabled.insert(email.to_owned());
        } else {
            state.disabled.remove(email);
        }
    }

    /// The refresh tokens that are good.
    pub fn refresh_tokens(&self) -> Vec<String> {
        self.shared.state().refresh.keys().cloned().collect()
    }

    /// Whether everybody was told to slow down who was to be.
    pub fn has_slowed_down(&self) -> bool {
        self.shared.state().faults.slow_down == 0
    }

    /// When the device that shows this code has asked for its tokens so far.
    pub fn polls(&self, user_code: &str) -> Vec<std::time::Instant> {
        let state = self.shared.state();
        state.polls.iter().filter(|(code, _)| code == user_code).map(|(_, at)| *at).collect()
    }

    /// Signs with a new key; the former ones stay published or vanish.
    pub fn rotate_keys(&self, keep_former: bool) -> Result<()> {
        self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner).rotate(keep_former)
    }

    /// A token with these claims and no others, signed with the newest key.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        self.shared.sign(claims)
    }

    /// Makes the provider misbehave, or behave again (`Faults::default()`).
    pub fn fail(&self, faults: Faults) {
        self.shared.state().faults = faults;
    }

    /// Waits until the provider has ended (it does after [`Idp::stop`]).
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends the provider.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.stop();
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/device_authorization", post(device_authorization))
        .route("/device", get(device_page))
        .route("/token", post(token_endpoint))
        .route("/authorize", get(authorize).post(authorize))
        .route("/approve", get(approve).post(approve))
        .route("/userinfo", get(userinfo::answer).post(userinfo::answer))
        .route("/logout", get(|| async { Html(pages::page("Logged out", "")) }))
        .route("/control", post(control))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), gate))
        .with_state(shared)
}

/// A provider that is down answers nothing but its switches.
async fn gate(Extract(shared): Extract<Arc<Shared>>, request: Request, next: Next) -> Response {
    let down = shared.state().faults.down && request.uri().path() != "/control";
    if down { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { next.run(request).await }
}

async fn discovery(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    let issuer = &shared.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "device_authorization_endpoint": format!("{issuer}/device_authorization"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "email", "email_verified", "name", "preferred_username", "groups"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256", "plain"],
    }))
}

async fn jwks(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    Json(shared.keys.lock().unwrap_or_else(PoisonError::into_inner).published())
}

async fn device_authorization(Extract(shared): Extract<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let Some((id, _)) = token::client(&headers, &form).filter(|(id, secret)| shared.knows_client(id, secret)) else {
        return refuse(&Refusal(StatusCode::UNAUTHORIZED, "invalid_client"));
    };
    let life = shared.options.code_life;
    let (device_code, user_code) = shared.state().start_device(&id, life);
    let issuer = &shared.issuer;
    Json(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": format!("{issuer}/device"),
        "verification_uri_complete": format!("{issuer}/device?user_code={user_code}"),
        "expires_in": life.as_secs(),
        "interval": shared.options.interval,
    }))
    .into_response()
}

async fn device_page(Query(query): Query<Form>) -> Html<String> {
    Html(pages::device(query.get("user_code").map(String::as_str).unwrap_or_default()))
}

async fn token_endpoint(Extract(shared): Extract<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    match token::answer(&shared, &headers, &form(&body)) {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refusal) => refuse(&refusal),
    }
}

async fn authorize(Extract(shared): Extract<Arc<Shared>>, Query(mut asked): Query<Form>, body: Bytes) -> Response {
    asked.extend(form(&body));
    let bad = |what: &str| (StatusCode::BAD_REQUEST, Html(pages::page("Not a login", what))).into_response();
    let mut take = |name: &str| asked.remove(name);
    let (Some(client_id), Some(redirect_uri)) = (take("client_id"), take("redirect_uri")) else {
        return bad("client_id and redirect_uri are needed");
    };
    if client_id != shared.options.client_id || url::Url::parse(&redirect_uri).is_err() {
        return bad("unknown client or redirect address");
    }
    let login = BrowserLogin {
        id: secret(),
        client_id,
        redirect_uri,
        state: take("state"),
        nonce: take("nonce"),
        challenge: take("code_challenge"),
        challenge_method: take("code_challenge_method").unwrap_or_else(|| "plain".into()),
    };
    if take("response_type").as_deref() != Some("code") {
        return Redirect::to(&back_to(&login, &[("error", "unsupported_response_type")])).into_response();
    }
    let mut state = shared.state();
    if let Some(person) = state.next_browser.take() {
        return Redirect::to(&state.grant(login, person)).into_response();
    }
    let page = Html(pages::login(&login.id));
    state.browsers.push(login);
    if state.browsers.len() > 100 {
        state.browsers.remove(0);
    }
    page.into_response()
}

/// Approves a device's code or a browser that waits; with an e-mail address alone, the browser that came last or comes
/// next.
async fn approve(Extract(shared): Extract<Arc<Shared>>, Query(mut given): Query<Form>, body: Bytes) -> Response {
    given.extend(form(&body));
    let deny = given.get("deny").is_some_and(|deny| deny == "true");
    let email = given.get("email").filter(|email| !email.is_empty()).cloned();
    let code = given.get("user_code").filter(|code| !code.is_empty()).cloned();
    let Some(email) = email.or_else(|| deny.then(String::new)) else {
        return (StatusCode::BAD_REQUEST, "email is needed\n").into_response();
    };
    let groups = given.get("groups").map(|groups| groups.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let person = Person { email, groups };
    let mut state = shared.state();
    if let Some(device) = code.as_deref().and_then(|code| state.device_by_user_code(code)) {
        device.verdict = if deny { Verdict::Denied } else { Verdict::Approved(person) };
        return if deny { "denied\n" } else { "approved\n" }.into_response();
    }
    match state.take_browser(code.as_deref()) {
        Some(login) if deny => Redirect::to(&back_to(&login, &[("error", "access_denied")])).into_response(),
        Some(login) => Redirect::to(&state.grant(login, person)).into_response(),
        None if code.is_none() => {
            state.next_browser = Some(person);
            "the next browser is approved\n".into_response()
        }
        None => (StatusCode::NOT_FOUND, "no login waits with this code\n").into_response(),
    }
}

/// The switches, for those who have only the program: `down`, `slow_down=N`, `rotate_keys=keep|drop`, ….
async fn control(Extract(shared): Extract<Arc<Shared>>, Query(mut given): Query<Form>, body: Bytes) -> Response {
    given.extend(form(&body));
    if let Some(how) = given.get("rotate_keys") {
        let rotated = shared.keys.lock().unwrap_or_else(PoisonError::into_inner).rotate(how != "drop");
        if let Err(error) = rotated {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response();
        }
    }
    let is = |name: &str| given.get(name).is_some_and(|value| value == "true");
    let count = |name: &str| given.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
    shared.state().faults = Faults {
        down: is("down"),
        slow_down: count("slow_down"),
        token_errors: count("token_errors"),
        no_id_token: is("no_id_token"),
        no_email: is("no_email"),
        email_unverified: is("email_unverified"),
        wrong_audience: is("wrong_audience"),
        expired_tokens: is("expired_tokens"),
        strict_client_auth: is("strict_client_auth"),
        ..Faults::default()
    };
    "done\n".into_response()
}

fn refuse(Refusal(status, code): &Refusal) -> Response {
    (*status, Json(json!({"error": code}))).into_response()
}

/// A form, or a JSON object of texts.
fn form(body: &[u8]) -> Form {
    if body.first() == Some(&b'{') {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return object.into_iter().map(|(name, value)| (name, text(value))).collect();
    }
    url::form_urlencoded::parse(body).into_owned().collect()
}
