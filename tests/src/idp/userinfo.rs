//! The userinfo end point: what there is to know of whom an access token was given to.

use std::sync::Arc;

use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde_json::json;

use super::server::Shared;
use super::state::Person;
use super::token;

/// Answers who the bearer of the token is.
pub(super) async fn answer(Extract(shared): Extract<Arc<Shared>>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let state = shared.state();
    let faults = &state.faults;
    if faults.userinfo_down {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match state.access.get(token).filter(|person| !state.disabled.contains(&person.email)) {
        Some(Person { email, groups }) => {
            let of = if faults.userinfo_of_another { "somebody@example.com" } else { email };
            let name = email.split('@').next().unwrap_or_default();
            let mut claims = json!({"sub": token::subject(of), "name": name, "groups": groups});
            if !faults.no_email {
                claims["email"] = json!(email);
                claims["email_verified"] = json!(!faults.email_unverified);
            }
            Json(claims).into_response()
        }
        None => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")]).into_response()
        }
    }
}
