//! The key set that controllers verify our tokens with.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::session::Services;

/// `/.well-known/jwks.json`.
pub(super) async fn jwks(State(services): State<Arc<Services>>) -> Response {
    let age = services.settings.jwt.jwks_max_age.as_secs();
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, format!("must-revalidate, max-age={age}")),
    ];
    (headers, services.broker.tokens.jwks_json()).into_response()
}
