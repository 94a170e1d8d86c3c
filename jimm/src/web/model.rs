//! Everything below a model's path: frames, streams, and requests that go on to the model's home.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::StatusCode;

use super::below_model::{self, BelowModel, Takes};
use super::refusal::refused;
use super::upgrade::{is_websocket, no_websocket, upgrade};
use super::{basic, model_path, origins, proxy};
use crate::error::Error;
use crate::relay::{Stream, Way, serve_model, serve_stream};
use crate::session::{Peer, Services};

/// Serves a path that begins with `/model`, and websockets that lead nowhere. A websocket is always accepted: clients try a
/// refused handshake again and again, while an error in a frame is told to the user.
pub(super) async fn serve(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let found = model_path::read(&path);
    let entry = found.as_ref().and_then(|path| below_model::at(path.rest));
    let takes = entry.map(|entry| entry.takes);
    let with = Arc::clone(&services);
    let peer = Peer::of(address, request.headers());
    let unfit = if takes == Some(Takes::Websocket) { no_websocket(address, &request) } else { None };
    if let Some(refusal) = unfit.or_else(|| origins::foreign(&services.settings, address, &request)) {
        return refusal;
    }
    match (entry, found) {
        (Some(BelowModel { path: below_model::API, .. }), Some(path)) => {
            let model = path.model;
            upgrade(&services, request, move |socket| serve_model(with, socket, peer, Some(model)))
        }
        (None, None) if is_websocket(&request) && path.ends_with("/api") => {
            upgrade(&services, request, move |socket| serve_model(with, socket, peer, None))
        }
        (Some(BelowModel { takes: Takes::Websocket, .. }), Some(path)) => {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            let stream = Stream {
                model: path.model,
                path: format!("{}{query}", path.rest),
                way: Way::Model {
                    needs: entry.and_then(|entry| entry.reading.on_model()),
                    changes: path.rest == below_model::COMMANDS,
                },
            };
            stream_to(&services, request, peer, stream, None)
        }
        (None, found) if is_websocket(&request) => {
            let error = match &found {
                Some(path) => Error::not_found(format!("unknown endpoint {:?}", path.rest)),
                None if path.starts_with("/model") => Error::bad_request("error parsing path: invalid path"),
                None => Error::not_found(format!("unknown endpoint {path:?}")),
            };
            let model = found.map(|path| path.model).unwrap_or_default();
            let stream = Stream { model, path: String::new(), way: Way::Model { needs: None, changes: false } };
            stream_to(&services, request, peer, stream, Some(error))
        }
        (Some(entry), Some(path)) => {
            let model = path.model;
            let rest = path.rest.to_owned();
            proxy::forward(&services, peer, model, entry, &rest, request).await
        }
        _ => refused(address, &request, StatusCode::NOT_FOUND, "no such page\n"),
    }
}

fn stream_to(
    services: &Arc<Services>,
    request: Request,
    peer: Peer,
    stream: Stream,
    refused: Option<Error>,
) -> Response {
    let headers = request.headers().clone();
    let with = Arc::clone(services);
    upgrade(services, request, move |socket| async move {
        let access = match refused {
            Some(error) => Err(error),
            None => basic::of_stream(&with, &headers, &peer).await,
        };
        serve_stream(with, socket, peer, stream, access).await;
    })
}
