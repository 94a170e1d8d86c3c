//! Requests that go on to a model's home: charms, resources, agent binaries. Bodies are streamed in both directions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jimm_store::audit::Class;
use serde::Serialize;
use uuid::Uuid;

use super::basic;
use super::below_model::{self, BelowModel};
use crate::broker::{ModelWatch, Requester, Upload};
use crate::error::{Error, Kind, Result};
use crate::relay::Route;
use crate::session::notes::{self, HttpCall};
use crate::session::record::Outcome;
use crate::session::{Peer, Services, cut_off};
use crate::telemetry::Endpoint;

/// How long a controller may take to begin its answer after the body was sent; a large charm takes a while to store.
const ANSWER: Duration = Duration::from_secs(600);

/// Meant for the next hop only, or for the broker only.
const NOT_PASSED_ON: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONNECTION,
    header::COOKIE,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
    #[serde(rename = "error-code", skip_serializing_if = "str::is_empty")]
    error_code: &'a str,
    #[serde(rename = "error-info")]
    error_info: Empty,
}

#[derive(Serialize)]
struct Empty {}

/// Sends the request on and the answer back.
pub(super) async fn forward(
    services: &Arc<Services>,
    peer: Peer,
    model: Uuid,
    entry: &BelowModel,
    rest: &str,
    request: Request,
) -> Response {
    let _open = services.metrics.connection(Endpoint::Proxy);
    let began = Instant::now();
    let (method, name) = (request.method().clone(), rest.split('/').next().unwrap_or_default().to_owned());
    let object: String = rest.chars().take(200).collect();
    let mut requester = None;
    let result = match notes::room(services).await {
        Ok(()) => run(services, &peer, model, entry, (rest, request), &mut requester).await,
        Err(error) => Err(error),
    };
    let asked = Asked { class: class(&method), name: format!("{method} {name}"), object, began };
    answer(services, &peer, requester.as_ref(), Some(model), &asked, result)
}

/// The same for what a source sends beside a model that comes in.
pub(super) async fn forward_upload(
    services: &Arc<Services>,
    peer: Peer,
    model: Result<Uuid>,
    who: Result<Requester>,
    request: Request,
) -> Response {
    let _open = services.metrics.connection(Endpoint::Proxy);
    let object: String = request.uri().path().chars().take(200).collect();
    let name = object.split('/').skip(1).take(2).collect::<Vec<_>>().join("/");
    let asked = Asked {
        class: class(request.method()),
        name: format!("{} {name}", request.method()),
        object,
        began: Instant::now(),
    };
    let (requester, uuid) = (who.as_ref().ok().cloned(), model.as_ref().ok().copied());
    let result = async {
        let (who, model) = (who?, model?);
        notes::room(services).await?;
        let watch = services.broker.model_events.subscribe(model);
        let route = Route::of_arrival(&services.broker, &who, model, Upload::Binaries).await?;
        let authorization = route.slot.authorization(services.broker.controllers.service(), &route.claims).await?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        parts.uri = Uri::try_from(path).map_err(Error::internal)?;
        parts.extensions = http::Extensions::new();
        strip(&mut parts.headers);
        send(services, (route, watch), &who, authorization, Request::from_parts(parts, body)).await
    };
    let result = result.await;
    answer(services, &peer, requester.as_ref(), uuid, &asked, result)
}

/// A request, for log and audit.
struct Asked {
    class: Class,
    name: String,
    object: String,
    began: Instant,
}

fn class(method: &Method) -> Class {
    if is_read(method) { Class::Read } else { Class::Change }
}

/// Tells of a request, and how it was answered.
fn answer(
    services: &Services,
    peer: &Peer,
    requester: Option<&Requester>,
    model: Option<Uuid>,
    asked: &Asked,
    result: Result<Response>,
) -> Response {
    let (status, kind) = match &result {
        Ok(response) => (response.status(), "ok"),
        Err(error) => (status(error), error.kind().as_str()),
    };
    tracing::info!(
        conversation.id = peer.conversation,
        client.address = %peer.address,
        requester = requester.map(|who| who.name.as_str()).unwrap_or_default(),
        model.uuid = %model.unwrap_or_default(),
        request.method = asked.name,
        http.status = status.as_u16(),
        kind,
        elapsed.ms = asked.began.elapsed().as_secs_f64() * 1000.0,
        "request passed on"
    );
    let call = HttpCall {
        peer,
        who: requester.map(|who| (who.name.as_str(), who.auth_method)),
        class: asked.class,
        name: &asked.name,
        object: &asked.object,
        model,
        params: None,
        elapsed: asked.began.elapsed(),
    };
    notes::http(services, &call, Outcome::of(&result));
    result.unwrap_or_else(|error| failure(status, &error))
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

async fn run(
    services: &Arc<Services>,
    peer: &Peer,
    model: Uuid,
    entry: &BelowModel,
    (rest, request): (&str, Request),
    known: &mut Option<Requester>,
) -> Result<Response> {
    let who = basic::requester(services, request.headers(), peer.address).await?;
    *known = Some(who.clone());
    // From here on a change of the model or of rights is not missed.
    let watch = services.broker.model_events.subscribe(model);
    let route = Route::find(&services.broker, &who, model).await?;
    let writes = !is_read(request.method());
    let needed = if writes { entry.writing } else { entry.reading };
    if Some(route.access) < needed.on_model() {
        return Err(Error::new(Kind::Unauthorized, "no access to the resource"));
    }
    if entry.path == below_model::BACKUPS {
        let text = format!("backups are of a whole controller: have one made at controller {}", route.controller());
        return Err(Error::new(Kind::NotSupported, text));
    }
    if writes && route.frozen {
        return Err(Error::new(Kind::MigrationInProgress, "model migration in progress"));
    }
    let authorization = route.slot.authorization(&who.name, &route.claims).await?;
    send(services, (route, watch), &who, authorization, rewritten(request, model, rest)).await
}

async fn send(
    services: &Arc<Services>,
    (route, mut watch): (Route, ModelWatch),
    who: &Requester,
    authorization: HeaderValue,
    mut request: Request,
) -> Result<Response> {
    let controller = route.controller().to_owned();
    let gone =
        |why: &str| Error::new(Kind::ControllerUnavailable, format!("Gateway timeout: controller {controller} {why}"));
    let stream = route.slot.open_http().await?;
    let host = route.slot.endpoint().target("/").addresses.first().cloned().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, authorization);
    headers.insert(header::HOST, HeaderValue::try_from(host).map_err(Error::internal)?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, Body>(TokioIo::new(stream))
        .await
        .map_err(|error| gone("closed the connection").with_source(error))?;
    let cutting = services.lifecycle.cutting.clone();
    // It moves both bodies until they end; a stop waits for it.
    let (with, who) = (Arc::clone(services), who.clone());
    services.lifecycle.sessions.spawn(async move {
        let close = tokio::select! {
            _ = connection => return,
            () = cutting.cancelled() => return,
            close = cut_off(&with, &who) => close,
            close = route.outlived(&with.broker, &who, &mut watch) => close,
        };
        tracing::info!(requester = %who.name, model.uuid = %route.model, reason = close.reason(), "request cut off");
    });
    let answer = tokio::time::timeout(ANSWER, sender.send_request(request))
        .await
        .map_err(|_| gone("does not answer in time"))?
        .map_err(|error| gone("did not answer").with_source(error))?;
    let (mut parts, body) = answer.into_parts();
    strip(&mut parts.headers);
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// The request as the controller gets it: the same shape of path, only headers that are meant for it.
fn rewritten(request: Request, model: Uuid, rest: &str) -> Request {
    let (mut parts, body) = request.into_parts();
    let shape = if parts.uri.path().starts_with("/model-") { '-' } else { '/' };
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // It was a path and a query before.
    parts.uri = Uri::try_from(format!("/model{shape}{model}/{rest}{query}")).unwrap_or_default();
    parts.extensions = http::Extensions::new();
    strip(&mut parts.headers);
    Request::from_parts(parts, body)
}

fn strip(headers: &mut HeaderMap) {
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn status(error: &Error) -> StatusCode {
    match error.kind() {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthorized if error.message().starts_with("authentication") => StatusCode::UNAUTHORIZED,
        Kind::SessionTokenInvalid => StatusCode::UNAUTHORIZED,
        Kind::Unauthorized => StatusCode::FORBIDDEN,
        Kind::NotFound | Kind::ModelNotFound => StatusCode::NOT_FOUND,
        Kind::NotSupported => StatusCode::METHOD_NOT_ALLOWED,
        Kind::MigrationInProgress | Kind::Conflict => StatusCode::CONFLICT,
        Kind::ControllerUnavailable => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn failure(status: StatusCode, error: &Error) -> Response {
    // As Juju has it: who may not is told in plain text, everything else in JSON.
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"juju\"")];
        return (status, challenge, format!("{}\n", error.message())).into_response();
    }
    let body = Failure { error: error.message(), error_code: error.juju_code(), error_info: Empty {} };
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_shape_and_loses_what_is_not_the_controllers() {
        let model: Uuid = "8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d".parse().unwrap();
        for shape in ["/model-", "/model/"] {
            let request = Request::builder()
                .uri(format!("{shape}{model}/charms/a-1234567?series=jammy"))
                .header("authorization", "Basic c2VjcmV0")
                .header("cookie", "")
                .header("juju-curl", "local:a-0")
                .header("transfer-encoding", "chunked")
                .body(Body::empty())
                .unwrap();
            let request = rewritten(request, model, "charms/a-1234567");
            assert_eq!(request.uri().to_string(), format!("{shape}{model}/charms/a-1234567?series=jammy"));
            let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["juju-curl"]);
        }
    }
}
