//! Which path leads where.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::StatusCode;

use super::refusal::{not_allowed, refused};
use super::table::{Door, ROUTES};
use super::upgrade::is_websocket;
use super::{dashboard, model};
use crate::session::Services;

/// The routes for clients and controllers.
pub fn public(services: Arc<Services>) -> Router {
    let router = routes(Door::Public, &services);
    router.fallback(other).method_not_allowed_fallback(not_allowed).with_state(services)
}

/// The routes for operators.
pub fn internal(services: Arc<Services>) -> Router {
    routes(Door::Internal, &services).with_state(services)
}

fn routes(door: Door, services: &Arc<Services>) -> Router<Arc<Services>> {
    let here = ROUTES.iter().filter(|route| route.doors.contains(&door));
    here.fold(Router::new(), |router, route| router.route(route.path, route.handler(services)))
}

/// Models come in two shapes of path, one of which no route can express; what is left is the dashboard's. Clients try a
/// websocket that is refused for ten minutes: it is told in a frame that nothing is there.
async fn other(state: State<Arc<Services>>, peer: ConnectInfo<SocketAddr>, request: Request) -> Response {
    if is_websocket(&request) {
        return model::serve(state, peer, request).await;
    }
    if !is_ours(request.uri().path())
        && let Some(page) = dashboard::page(&state, &request).await
    {
        return page;
    }
    if request.uri().path().starts_with("/model") {
        return model::serve(state, peer, request).await;
    }
    refused(peer.0, &request, StatusCode::NOT_FOUND, "no such page\n")
}

/// Whether the path begins as one of the broker's does.
fn is_ours(path: &str) -> bool {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let asked = first(path);
    let models = asked == "model" || asked.starts_with("model-");
    models || (!asked.is_empty() && ROUTES.iter().any(|route| first(route.path) == asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_broker_are_never_the_dashboards() {
        for path in
            ["/api", "/api/x", "/auth/nothing", "/rebac/v2", "/model/x", "/model-x/y", "/macaroons", "/config.js"]
        {
            assert!(is_ours(path), "{path}");
        }
        for path in ["/", "/models", "/models/alice@example.com/prod", "/controllers", "/index.html", "/apis"] {
            assert!(!is_ours(path), "{path}");
        }
    }
}
