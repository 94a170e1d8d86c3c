//! Whose pages may ask with a browser's session: origins that are configured, and our own.
//!
//! A request without `Origin` comes from no page: command lines and other programs pass.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::refusal::refused;
use crate::config::Config;
use crate::session::Services;

/// How long a browser may remember what it was allowed.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static("content-type, next-page-token");
/// Why a request is refused.
const FOREIGN: &str = "pages of this origin may not ask here: add it to CORS_ALLOWED_ORIGINS\n";

/// The refusal of a request that comes from a page which may not ask.
pub(super) fn foreign(settings: &Config, address: SocketAddr, request: &Request) -> Option<Response> {
    let is_foreign = !may_ask(settings, request.headers());
    is_foreign.then(|| refused(address, request, StatusCode::FORBIDDEN, FOREIGN))
}

/// Whether the request comes from no page, or from one that may ask.
fn may_ask(settings: &Config, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_allowed(settings, origin)),
        (Some(_), Some(_)) => false,
    }
}

fn is_allowed(settings: &Config, origin: &str) -> bool {
    let allowed = &settings.browser.allowed_origins;
    allowed.iter().any(|known| known.eq_ignore_ascii_case(origin))
        || origin.eq_ignore_ascii_case(&settings.public_url())
        || origin.eq_ignore_ascii_case(settings.public_url().trim_end_matches(":443"))
}

/// Lets pages of allowed origins ask and read (CORS, with credentials), and nobody else's.
pub(super) async fn guard(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    if let Some(refusal) = foreign(&services.settings, address, &request) {
        return refusal;
    }
    let asks_first =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first { preflight() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BrowserSettings;

    #[test]
    fn pages_of_other_origins_may_not_ask() {
        let browser =
            BrowserSettings { allowed_origins: vec!["https://dash.example.com".into()], ..BrowserSettings::default() };
        let settings = Config { dns_name: "jimm.example.com".into(), browser, ..Config::default() };
        let asks = |origins: &[&'static str]| {
            let values = origins.iter().map(|origin| (header::ORIGIN, HeaderValue::from_static(origin)));
            let mut headers = HeaderMap::new();
            values.for_each(|(name, value)| _ = headers.append(name, value));
            may_ask(&settings, &headers)
        };
        assert!(asks(&[]), "no page");
        assert!(asks(&["https://dash.example.com"]) && asks(&["https://jimm.example.com"]));
        for origin in
            ["null", "http://dash.example.com", "https://dash.example.com.evil", "https://dash.example.com:8443"]
        {
            assert!(!asks(&[origin]), "{origin}");
        }
        assert!(!asks(&["https://dash.example.com", "https://evil.example.com"]));
    }
}
