//! The administration of rights over HTTP, `/rebac/v1`: the API of Canonical's ReBAC admin pages, which the dashboard
//! shows. For administrators of the broker, with a browser's session. It knows the use cases and no SQL.
//!
//! The API is described by [`OPENAPI`], which is served; `tests/tests/rebac.rs` holds the two together.

mod answers;
mod entitlements;
mod identities;
mod noted;
mod resources;
mod sets;
mod shapes;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get};
use http::header::SET_COOKIE;
use http::{StatusCode, header};

use self::answers::{Answer, failure, refusal};
use self::noted::Noted;
use super::origins;
use crate::broker::Requester;
use crate::error::{Error, Kind};
use crate::session::{Services, browser, notes};

type Routes = MethodRouter<Arc<Services>>;

/// The description of the API, OpenAPI 3.0.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// Where everything is below.
const BASE: &str = "/rebac/v1";

/// What there is, as `/capabilities` tells it.
const CAPABILITIES: &[(&str, &[&str])] = &[
    ("/swagger.json", &["GET"]),
    ("/capabilities", &["GET"]),
    ("/identities", &["GET"]),
    ("/identities/{id}", &["GET"]),
    ("/identities/{id}/groups", &["GET", "PATCH"]),
    ("/identities/{id}/roles", &["GET", "PATCH"]),
    ("/identities/{id}/entitlements", &["GET", "PATCH"]),
    ("/groups", &["GET", "POST"]),
    ("/groups/{id}", &["GET", "PUT", "DELETE"]),
    ("/groups/{id}/identities", &["GET", "PATCH"]),
    ("/groups/{id}/roles", &["GET", "PATCH"]),
    ("/groups/{id}/entitlements", &["GET", "PATCH"]),
    ("/roles", &["GET", "POST"]),
    ("/roles/{id}", &["GET", "PUT", "DELETE"]),
    ("/roles/{id}/entitlements", &["GET", "PATCH"]),
    ("/entitlements", &["GET"]),
    ("/entitlements/raw", &["GET"]),
    ("/resources", &["GET"]),
];

/// What serves a path below [`BASE`], for administrators only.
pub(super) fn serve(services: &Arc<Services>, path: &str) -> Routes {
    let routes: Routes = match path.trim_start_matches(BASE) {
        "/capabilities" => get(capabilities),
        "/identities" => get(identities::list),
        "/identities/{id}" => get(identities::get),
        "/identities/{id}/groups" => get(identities::groups).patch(identities::patch_groups),
        "/identities/{id}/roles" => get(identities::roles).patch(identities::patch_roles),
        "/identities/{id}/entitlements" => get(identities::entitlements).patch(identities::patch_entitlements),
        "/groups" => get(sets::groups).post(sets::add_group),
        "/groups/{id}" => get(sets::group).put(sets::rename_group).delete(sets::remove_group),
        "/groups/{id}/identities" => get(sets::members).patch(sets::patch_members),
        "/groups/{id}/roles" => get(sets::roles_of_group).patch(sets::patch_roles_of_group),
        "/groups/{id}/entitlements" => get(sets::rights_of_group).patch(sets::patch_rights_of_group),
        "/roles" => get(sets::roles).post(sets::add_role),
        "/roles/{id}" => get(sets::role).put(sets::rename_role).delete(sets::remove_role),
        "/roles/{id}/entitlements" => get(sets::rights_of_role).patch(sets::patch_rights_of_role),
        "/entitlements" => get(entitlements::list),
        "/entitlements/raw" => get(entitlements::raw),
        "/resources" => get(resources::list),
        _ => any(wrong_method),
    };
    let routes = match path.trim_start_matches(BASE) {
        "/identities" | "/identities/{id}" => routes.fallback(not_here),
        _ => routes.fallback(wrong_method),
    };
    let routes = routes.layer(axum::middleware::from_fn_with_state(Arc::clone(services), admit));
    routes.layer(axum::middleware::from_fn_with_state(Arc::clone(services), origins::guard))
}

/// The description, for anybody.
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// Lets administrators of the broker pass, and keeps who it is with the request.
async fn admit(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let (member, cookie) = match browser::resume(&services, request.headers(), address).await {
        Ok(resumed) => resumed,
        Err(error) if error.kind() == Kind::Internal => return failure(&error),
        Err(error) => {
            tracing::info!(client.address = %address, error = %error, "rebac request refused");
            return refusal(StatusCode::UNAUTHORIZED, "failed to authenticate");
        }
    };
    if let Err(error) = notes::room(&services).await {
        return failure(&error);
    }
    let mut noted = match Noted::of(address, request, &member.requester).await {
        Ok((noted, with_body)) => {
            request = with_body;
            noted
        }
        Err(response) => return response,
    };
    match services.broker.is_admin(&member.requester).await {
        Ok(true) => {}
        Ok(false) => {
            let response = refusal(StatusCode::UNAUTHORIZED, "user is not an admin");
            noted.answered(&services, &response);
            return response;
        }
        Err(error) => {
            let response = failure(&error);
            noted.answered(&services, &response);
            return response;
        }
    }
    let called = format!("{} {}", request.method(), request.uri().path().chars().take(200).collect::<String>());
    let requester = member.requester.name.clone();
    request.extensions_mut().insert::<Requester>(member.requester);
    let mut response = next.run(request).await;
    noted.answered(&services, &response);
    tracing::info!(
        client.address = %address,
        requester = %requester,
        request.method = called,
        http.status = response.status().as_u16(),
        "rebac request answered"
    );
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

async fn capabilities() -> Json<Answer<serde_json::Value>> {
    let data = CAPABILITIES
        .iter()
        .map(|(endpoint, methods)| serde_json::json!({"endpoint": endpoint, "methods": methods}))
        .collect();
    Json(Answer::whole("List of capabilities", data))
}

/// Identities are the identity provider's.
async fn not_here() -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "not implemented: identities are kept by the identity provider")
}

async fn wrong_method() -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "this method is not served here: see /capabilities")
}

fn bad(text: impl Into<String>) -> Error {
    Error::bad_request(text)
}
