//! Logins of browsers: to the identity provider and back, who is logged in, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jimm_proto::names::UserName;
use jimm_store::audit::Class;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{origins, refusal};
use crate::authn::BrowserLogin;
use crate::error::{Error, Kind, Result};
use crate::session::cookies::{LOGIN, SESSION};
use crate::session::notes::{self, HttpCall};
use crate::session::record::Outcome;
use crate::session::{Peer, Services, browser};

/// How long a person may take at the identity provider.
const LOGGING_IN: Duration = Duration::from_secs(900);
const CALLBACK: &str = "/auth/callback";

/// What the identity provider sends a browser back with.
#[derive(Deserialize)]
pub(super) struct Returned {
    #[serde(default)]
    state: String,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Whoami {
    display_name: String,
    email: String,
}

/// A page of these, for browsers and for pages of allowed origins.
pub(super) fn route(services: &Arc<Services>, page: MethodRouter<Arc<Services>>) -> MethodRouter<Arc<Services>> {
    // The layer has to see what is no `GET` too: a browser asks beforehand.
    page.fallback(refusal::not_allowed)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(services), origins::guard))
}

/// `GET /auth/login`: off to the identity provider.
pub(super) async fn login(State(services): State<Arc<Services>>) -> Response {
    answer(start(&services).await)
}

async fn start(services: &Services) -> Result<Response> {
    final_redirect(services)?;
    let (url, login) = services.authn.oidc.start_browser_login(&redirect_uri(services)).await?;
    let content = serde_json::to_vec(&login).map_err(Error::internal)?;
    let cookie = LOGIN.set(&services.broker.cookies, &services.settings, &content, LOGGING_IN);
    redirect(StatusCode::TEMPORARY_REDIRECT, url.as_str(), cookie)
}

/// `GET /auth/callback`: back from there.
pub(super) async fn callback(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let began = Instant::now();
    let result = match notes::room(&services).await {
        Ok(()) => finish(&services, address, &query.unwrap_or_default(), &headers).await,
        Err(error) => Err(error),
    };
    note(&services, address, "browser-login", result.as_ref().map(|(_, name)| name), began);
    let result = result.map(|(response, _)| response);
    let label = result.as_ref().map_or_else(|error| error.kind().as_str(), |_| "ok");
    services.metrics.login("session-cookie", label);
    let mut response = answer(result);
    // Used once, whatever came of it.
    response.headers_mut().append(SET_COOKIE, LOGIN.clear(&services.settings));
    response
}

async fn finish(
    services: &Services,
    address: SocketAddr,
    query: &str,
    headers: &HeaderMap,
) -> Result<(Response, UserName)> {
    let target = final_redirect(services)?;
    let forbidden = |text: &str| Error::new(Kind::Unauthorized, text);
    let returned: Returned =
        serde_urlencoded::from_str(query).map_err(|_| forbidden("no authorisation code present"))?;
    let kept = LOGIN
        .read(&services.broker.cookies, headers)
        .ok_or_else(|| forbidden("no state cookie present: log in again, in one browser and within 15 minutes"))?;
    let login: BrowserLogin = serde_json::from_slice(kept.expose_secret()).map_err(Error::internal)?;
    if !same(&login.state, &returned.state) {
        return Err(forbidden("state does not match: log in again"));
    }
    if let Some(error) = returned.error {
        let text = returned.error_description.map(|text| format!(" ({text})")).unwrap_or_default();
        return Err(forbidden(&format!("identity provider refuses: {error}{text}")));
    }
    let code = returned.code.ok_or_else(|| forbidden("no authorisation code present"))?;
    let (told, vouching) = services.authn.oidc.finish_browser_login(&redirect_uri(services), &login, &code).await?;
    let cookie = browser::begin(services, &told, vouching.as_ref(), address).await?;
    tracing::info!(client.address = %address, requester = %told.identity.name, "browser logged in");
    Ok((redirect(StatusCode::PERMANENT_REDIRECT, &target, cookie)?, told.identity.name))
}

/// `GET /auth/whoami`: who is logged in, if anybody.
pub(super) async fn whoami(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let result = browser::resume(&services, &headers, address).await.map(|(member, cookie)| {
        let email = member.requester.name.to_string();
        let display_name = match member.identity.display_name.as_str() {
            "" => member.requester.name.local_part().to_owned(),
            name => name.to_owned(),
        };
        ([(SET_COOKIE, cookie)], Json(Whoami { display_name, email })).into_response()
    });
    answer(result)
}

/// `GET /auth/logout`: the session ends, everywhere.
pub(super) async fn logout(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let began = Instant::now();
    let ended = browser::end(&services, &headers, address).await;
    let ended = ended.and_then(|name| name.ok_or_else(|| Error::new(Kind::Unauthorized, "missing cookie identity")));
    note(&services, address, "browser-logout", ended.as_ref(), began);
    let mut response = answer(ended.map(|_| (StatusCode::OK, "logged out\n").into_response()));
    response.headers_mut().append(SET_COOKIE, SESSION.clear(&services.settings));
    response
}

/// Puts a login or logout into the audit log.
fn note(services: &Services, address: SocketAddr, name: &str, who: Result<&UserName, &Error>, began: Instant) {
    let call = HttpCall {
        peer: &Peer::new(address),
        who: who.ok().map(|name| (name.as_str(), browser::METHOD)),
        class: Class::Login,
        name,
        object: "",
        model: None,
        params: None,
        elapsed: began.elapsed(),
    };
    notes::http(services, &call, Outcome::of_error(who.err()));
}

fn final_redirect(services: &Services) -> Result<String> {
    let browser = &services.settings.browser;
    let here = || browser.dashboard.is_some().then(|| format!("{}/", services.settings.public_url()));
    browser.final_redirect.clone().or_else(here).ok_or_else(|| {
        let why = "there is no login for browsers here: neither JIMM_DASHBOARD_FINAL_REDIRECT_URL nor JIMM_DASHBOARD_DIR is set";
        Error::new(Kind::NotFound, why)
    })
}

fn redirect_uri(services: &Services) -> String {
    services.settings.public_url() + CALLBACK
}

fn redirect(status: StatusCode, to: &str, cookie: HeaderValue) -> Result<Response> {
    let to = HeaderValue::try_from(to).map_err(Error::internal)?;
    Ok((status, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response())
}

/// Without a hint in its time at how many characters are right.
fn same(kept: &str, brought: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(kept.as_bytes(), brought.as_bytes()).is_ok()
}

/// A refusal is told in a line, and nothing of this is kept by anybody in between.
fn answer(result: Result<Response>) -> Response {
    let mut response = result.unwrap_or_else(|error| {
        let status = match error.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        tracing::info!(error = %error, http.status = status.as_u16(), "browser refused");
        (status, format!("{}\n", error.message())).into_response()
    });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
