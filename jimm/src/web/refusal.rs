//! How a request is turned away that leads nowhere, and that it is told in the log.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

/// A page that is only read.
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
