//! The dashboard, when a directory of it is configured: its files, its configuration, and its start page wherever a
//! browser enters. It knows files only; what the pages ask for comes in by the routes that everybody uses.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceExt as _;
use tower_http::services::fs::ServeFileSystemResponseBody;
use tower_http::services::{ServeDir, ServeFile};

use crate::config::START_PAGE;
use crate::session::Services;

/// What the pages read first. Everything else that they ask for they find beside `/api`; `isJuju: false` is a broker with
/// logins at an identity provider, rights and an audit log.
const CONFIG: &str = "var jujuDashboardConfig = {
  controllerAPIEndpoint: \"/api\",
  baseAppURL: \"/\",
  identityProviderURL: \"\",
  isJuju: false,
  analyticsEnabled: false,
};
";

/// Nobody else's page frames them, and nothing is taken for what it is not.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("frame-ancestors 'none'; object-src 'none'; base-uri 'self'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// `GET /config.js`.
pub(super) async fn config(State(services): State<Arc<Services>>) -> Response {
    if services.settings.browser.dashboard.is_none() {
        return (StatusCode::NOT_FOUND, "no dashboard is served here: JIMM_DASHBOARD_DIR is not set\n").into_response();
    }
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    with_headers(([(header::CONTENT_TYPE, kind)], CONFIG).into_response(), true)
}

/// The page or file of the dashboard that the request asks for; `None` when it asks for none, or there is no dashboard.
///
/// A path without a file is one of the dashboard's own (`/models/alice@example.com/prod`): a browser that goes there gets
/// the start page, which finds its way by itself. Paths that begin as one of the broker's do are never the dashboard's.
pub(super) fn page<'a>(services: &'a Services, request: &Request) -> impl Future<Output = Option<Response>> + use<'a> {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let dir = services.settings.browser.dashboard.as_ref().filter(|_| reads && !is_hidden(path));
    let changes = path.ends_with(START_PAGE);
    let asked = dir.map(|dir| {
        // Files need the head of the request only.
        let mut asked = Request::new(Body::empty());
        (*asked.method_mut(), *asked.uri_mut()) = (request.method().clone(), request.uri().clone());
        *asked.headers_mut() = request.headers().clone();
        (dir, asked)
    });
    async move {
        let (dir, asked) = asked?;
        let (wants_page, method) = (wants_page(asked.headers()), asked.method().clone());
        let found = answer(ServeDir::new(dir).append_index_html_on_directories(false).oneshot(asked).await);
        if found.status() != StatusCode::NOT_FOUND {
            return Some(with_headers(found, changes));
        }
        if !wants_page {
            return None;
        }
        let mut asked = Request::new(Body::empty());
        *asked.method_mut() = method;
        Some(with_headers(answer(ServeFile::new(dir.join(START_PAGE)).oneshot(asked).await), true))
    }
}

fn answer(result: Result<Response<ServeFileSystemResponseBody>, Infallible>) -> Response {
    match result {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

fn with_headers(mut response: Response, changes: bool) -> Response {
    response.headers_mut().extend(HEADERS);
    if changes {
        // What names the other files is asked for anew; those have names that change with what is in them.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

/// Whether the path names something that is not for browsers (`/.git/config`).
fn is_hidden(path: &str) -> bool {
    let plain = path.replace("%2e", ".").replace("%2E", ".");
    plain.split('/').any(|part| part.starts_with('.'))
}

/// Whether a browser goes there, and no page or program asks for a file.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_stays_so() {
        for path in ["/.git/config", "/a/.env", "/..", "/%2egit/config", "/a/%2E%2e/b"] {
            assert!(is_hidden(path), "{path}");
        }
        assert!(!is_hidden("/models/alice@example.com/prod"));
    }
}
