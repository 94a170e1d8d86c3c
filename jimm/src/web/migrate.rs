//! `/migrate/*`: what a source sends beside a model that comes in. Bodies are streamed to the model's new controller, under
//! the broker's own credentials there.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::refusal::refused;
use super::upgrade::{no_websocket, upgrade};
use super::{basic, origins, proxy};
use crate::error::{Error, Result};
use crate::relay::{Stream, Way, serve_stream};
use crate::session::{Peer, Services};

/// The model that it belongs to.
const MODEL: HeaderName = HeaderName::from_static("x-juju-migration-model-uuid");
/// What the source runs; targets want it with logs.
const CLIENT_VERSION: HeaderName = HeaderName::from_static("x-juju-clientversion");

/// Charms, agent binaries, resources.
pub(super) async fn binaries(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if let Some(refusal) = origins::foreign(&services.settings, address, &request) {
        return refusal;
    }
    let peer = Peer::of(address, request.headers());
    let who = basic::migrating(&services, request.headers(), address).await;
    if who.is_ok() && !matches!(*request.method(), Method::POST | Method::PUT) {
        return refused(
            address,
            &request,
            StatusCode::METHOD_NOT_ALLOWED,
            "this takes what is sent: use PUT or POST\n",
        );
    }
    let model = model_of(request.headers());
    proxy::forward_upload(&services, peer, model, who, request).await
}

/// Logs, as a websocket. Refusals are in its first frame.
pub(super) async fn logs(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let foreign = || origins::foreign(&services.settings, address, &request);
    if let Some(refusal) = no_websocket(address, &request).or_else(foreign) {
        return refusal;
    }
    let (peer, headers) = (Peer::of(address, request.headers()), request.headers().clone());
    let with = Arc::clone(&services);
    upgrade(&services, request, move |socket| async move {
        let model = model_of(&headers);
        let access = match &model {
            Ok(_) => basic::migrating(&with, &headers, peer.address).await,
            Err(error) => Err(Error::bad_request(error.message())),
        };
        let passed_on = [MODEL, CLIENT_VERSION].into_iter().filter_map(|name| {
            let value: HeaderValue = headers.get(&name)?.clone();
            Some((name, value))
        });
        let stream = Stream {
            model: model.unwrap_or_default(),
            path: "migrate/logtransfer".to_owned(),
            way: Way::Migration(passed_on.collect()),
        };
        serve_stream(with, socket, peer, stream, access).await;
    })
}

fn model_of(headers: &HeaderMap) -> Result<Uuid> {
    let value = headers.get(&MODEL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let uuid = value.parse().ok().filter(|_| value.len() == 36);
    uuid.ok_or_else(|| Error::bad_request(format!("the header X-Juju-Migration-Model-UUID names no model: {value:?}")))
}
