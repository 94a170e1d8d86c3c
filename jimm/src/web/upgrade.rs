//! The websocket handshake: the socket is ours afterwards, with buffers that make an idle connection cheap.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::refusal::refused;
use crate::session::{ClientSocket, Metered, Services, in_one_turn};

/// What a request for a websocket is told that asks for none.
const NO_WEBSOCKET: &str = "this is a websocket: connect with one\n";

/// Requests are small, and an idle connection keeps this.
const BUFFER: usize = 2 * 1024;

/// Answers the handshake and runs `session` on the socket; it belongs to the broker's tasks.
pub(super) fn upgrade<F, Fut>(services: &Arc<Services>, mut request: Request, session: F) -> Response
where
    F: FnOnce(ClientSocket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Some(accept) = accept_key(&request) else {
        return (StatusCode::BAD_REQUEST, NO_WEBSOCKET).into_response();
    };
    let Some(upgraded) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (StatusCode::BAD_REQUEST, "this connection cannot become a websocket\n").into_response();
    };
    let config = jimm_rpc::socket_config(services.settings.limits.max_message_size).read_buffer_size(BUFFER);
    services.lifecycle.sessions.spawn(async move {
        match upgraded.await {
            Ok(stream) => {
                let stream = Metered::new(TokioIo::new(stream));
                let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
                in_one_turn(Box::pin(session(socket))).await;
            }
            Err(error) => tracing::debug!(error = %error, "client went away during the handshake"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The refusal of a request that asks for no websocket where only one will do.
pub(super) fn no_websocket(address: SocketAddr, request: &Request) -> Option<Response> {
    let asks = is_websocket(request);
    (!asks).then(|| refused(address, request, StatusCode::BAD_REQUEST, NO_WEBSOCKET))
}

/// Whether the request asks for a websocket.
pub(super) fn is_websocket(request: &Request) -> bool {
    accept_key(request).is_some()
}

fn accept_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let asks = request.method() == Method::GET
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}
