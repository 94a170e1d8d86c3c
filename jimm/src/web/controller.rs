//! The controller connection, and what a browser finds in its place.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;

use super::upgrade::{is_websocket, no_websocket, upgrade};
use super::{dashboard, origins};
use crate::session::{Peer, Services, serve_controller};

/// A websocket; for a browser the dashboard, where one is served.
pub(super) async fn start(state: State<Arc<Services>>, peer: ConnectInfo<SocketAddr>, request: Request) -> Response {
    if !is_websocket(&request)
        && let Some(page) = dashboard::page(&state, &request).await
    {
        return page;
    }
    serve(state, peer, request).await
}

/// A websocket.
pub(super) async fn serve(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let foreign = || origins::foreign(&services.settings, address, &request);
    if let Some(refusal) = no_websocket(address, &request).or_else(foreign) {
        return refusal;
    }
    let with = Arc::clone(&services);
    let peer = Peer::of(address, request.headers());
    upgrade(&services, request, move |socket| serve_controller(with, socket, peer))
}
