//! Which path leads where.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use super::table::{Door, ROUTES};
use super::upgrade::{NO_WEBSOCKET, is_websocket, upgrade};
use super::{dashboard, model, origins};
use crate::session::{Peer, Services, serve_controller};

/// How long a look into the database may take for the metrics.
const LOOK: Duration = Duration::from_secs(2);

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

/// The metrics, with those that are looked up when somebody asks.
pub(super) async fn metrics(State(services): State<Arc<Services>>) -> Response {
    if tokio::time::timeout(LOOK, look(&services)).await.is_err() {
        tracing::warn!("database does not answer in time for the metrics");
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], services.telemetry.metrics.text()).into_response()
}

async fn look(services: &Services) {
    let controllers = async {
        let mut conn = services.broker.store.acquire().await?;
        jimm_store::controllers::list(&mut conn).await
    };
    match controllers.await {
        Ok(controllers) => {
            let standing = controllers.iter().map(|it| (it.name.as_str(), it.unavailable_since.is_none()));
            services.telemetry.metrics.controllers(standing);
        }
        Err(error) => tracing::warn!(error = %error, "cannot look up controllers for the metrics"),
    }
    let migrations = async {
        let mut conn = services.broker.store.acquire().await?;
        jimm_store::migrations::counts(&mut conn).await
    };
    match migrations.await {
        Ok(counts) => services.telemetry.metrics.migrations(counts),
        Err(error) => tracing::warn!(error = %error, "cannot count the moves for the metrics"),
    }
    if let Some(mirror) = &services.broker.mirror {
        match mirror.backlog().await {
            Ok((changes, oldest)) => services.telemetry.metrics.untold(changes, oldest),
            Err(error) => tracing::warn!(error = %error, "cannot look up untold changes of rights for the metrics"),
        }
    }
    services.telemetry.metrics.pool(services.broker.store.pool_size());
}

pub(super) async fn controller(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if !is_websocket(&request) {
        return match dashboard::page(&services, &request).await {
            Some(page) => page,
            None => refused(address, &request, StatusCode::BAD_REQUEST, NO_WEBSOCKET),
        };
    }
    if !origins::may_ask(&services.settings, request.headers()) {
        return refused(address, &request, StatusCode::FORBIDDEN, "");
    }
    let with = Arc::clone(&services);
    let peer = Peer::of(address, request.headers());
    upgrade(&services, request, move |socket| serve_controller(with, socket, peer))
}

/// Models come in two shapes of path, one of which no route can express; what is left is the dashboard's. Clients try a
/// websocket that is refused for ten minutes: it is told in a frame that nothing is there.
async fn other(state: State<Arc<Services>>, peer: ConnectInfo<SocketAddr>, request: Request) -> Response {
    if is_websocket(&request) {
        return model::serve(state, peer, request).await;
    }
    if let Some(page) = dashboard::page(&state, &request).await {
        return page;
    }
    if request.uri().path().starts_with("/model") {
        return model::serve(state, peer, request).await;
    }
    refused(peer.0, &request, StatusCode::NOT_FOUND, "no such page\n")
}

pub(super) async fn not_allowed(ConnectInfo(address): ConnectInfo<SocketAddr>, request: Request) -> Response {
    refused(address, &request, StatusCode::METHOD_NOT_ALLOWED, "this page is only read: use GET\n")
}

/// Turns a request away, and tells of it.
pub(super) fn refused(address: SocketAddr, request: &Request, status: StatusCode, why: &'static str) -> Response {
    let path: String = request.uri().path().chars().take(128).collect();
    tracing::info!(
        client.address = %address,
        request.method = format!("{} {path}", request.method()),
        http.status = status.as_u16(),
        error = why.trim_end(),
        "request refused"
    );
    (status, why).into_response()
}
