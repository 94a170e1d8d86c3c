//! `GET /events`: events as they come, as server-sent ones. Whoever comes back says what was seen last and misses nothing
//! that is still kept. A reader that does not read is let go, its socket closed; nothing piles up for it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode, header};
use jimm_proto::params::jimm_events::EventInfo;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::basic;
use super::listener::HangUp;
use super::refusal::refused;
use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::session::{Peer, Services, cut_off};

/// Streams per replica.
const MOST: i64 = 500;
/// Events of a portion, and portions that wait for a reader.
const PORTION: i64 = 100;
const WAITING: usize = 4;
/// How long a reader may leave them there.
const SLOW: Duration = Duration::from_secs(20);
/// How long whoever is let go has to take the last word, before the socket is closed.
const LET_GO: Duration = Duration::from_secs(5);
/// How often something is sent when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Streams look at most so often.
const REST: Duration = Duration::from_millis(100);

/// `GET /events`.
pub(super) async fn serve(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(hang_up): Extension<HangUp>,
    request: Request,
) -> Response {
    let peer = Peer::of(address, request.headers());
    let who = match basic::of_stream(&services, request.headers(), &peer).await {
        Ok(who) => who,
        Err(error) if error.kind() == Kind::Internal => {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
        }
        Err(error) => {
            tracing::info!(client.address = %address, error = %error, "stream of events refused");
            let asks = [(header::WWW_AUTHENTICATE, "Basic realm=\"jimm\"")];
            return (StatusCode::UNAUTHORIZED, asks, format!("{error}\n")).into_response();
        }
    };
    if services.metrics.event_streams() >= MOST {
        return refused(address, &request, StatusCode::SERVICE_UNAVAILABLE, "too many streams of events: try again\n");
    }
    let after = match begin(&services, request.headers()).await {
        Ok(after) => after,
        Err(error) if error.kind() == Kind::BadRequest => {
            return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
        }
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    };
    let (to, from) = mpsc::channel::<Bytes>(WAITING);
    let (end, ended) = oneshot::channel::<Bytes>();
    tracing::info!(client.address = %address, requester = %who.name, after, "stream of events begins");
    let with = Arc::clone(&services);
    services.lifecycle.background.spawn(async move {
        let _counted = with.metrics.event_stream();
        let why = tokio::select! {
            why = follow(&with, &who, after, &to) => why,
            close = cut_off(&with, &who) => { drop(close); "the login has ended: log in again" }
            () = with.lifecycle.draining.cancelled() => "the broker stops: come back",
        };
        let _ = end.send(frame("end", None, &json!({"reason": why}).to_string()));
        drop(to);
        tracing::info!(client.address = %address, requester = %who.name, reason = why, "stream of events ends");
        hang_up.within(LET_GO).await;
    });
    let portions = stream::unfold(from, |mut from| async move { from.recv().await.map(|bytes| (bytes, from)) });
    let last = stream::once(ended).filter_map(|bytes| async move { bytes.ok() });
    let body = Body::from_stream(portions.chain(last).map(Ok::<_, Infallible>));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // Whoever is let go may be cut off a little later: nothing else shall be on its connection by then.
        (header::CONNECTION, "close"),
        // What stands before us must not gather.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}

/// After which event to begin: what was seen last, or what comes from now on.
async fn begin(services: &Services, headers: &HeaderMap) -> Result<i64> {
    match headers.get("last-event-id") {
        None => services.broker.last_event().await,
        Some(value) => {
            let id = value.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|id: &i64| *id >= 0);
            id.ok_or_else(|| Error::bad_request("Last-Event-ID is the number of an event, 0 for all that are kept"))
        }
    }
}

/// Tells what happens, until the reader is gone or too slow.
async fn follow(services: &Services, who: &Requester, mut after: i64, to: &mpsc::Sender<Bytes>) -> &'static str {
    let mut news = services.broker.happenings.follow();
    let mut beat = Instant::now() + HEARTBEAT;
    // At once, so that whoever waits knows that it works.
    let mut text = b": here are events\n\n".to_vec();
    loop {
        news.mark_unchanged();
        let is_more = match services.broker.events_after(who, after, PORTION).await {
            Ok(portion) => {
                if portion.is_gap {
                    text.extend(frame("gap", None, &json!({"after": after}).to_string()));
                }
                portion.events.iter().for_each(|event| text.extend(told(event)));
                after = portion.last;
                portion.is_more
            }
            Err(error) => {
                tracing::warn!(error = %error, "events cannot be looked up for a stream, trying again");
                false
            }
        };
        if text.is_empty() && Instant::now() >= beat {
            text.extend_from_slice(b": still here\n\n");
        }
        if !text.is_empty() {
            match tokio::time::timeout(SLOW, to.send(std::mem::take(&mut text).into())).await {
                Ok(Ok(())) => beat = Instant::now() + HEARTBEAT,
                Ok(Err(_)) => return "the reader is gone",
                Err(_) => {
                    services.metrics.event_stream_dropped();
                    return "the reader is too slow: come back with Last-Event-ID";
                }
            }
        }
        if is_more {
            continue;
        }
        tokio::time::sleep(REST).await;
        tokio::select! {
            _ = tokio::time::timeout_at(beat, news.changed()) => {}
            () = to.closed() => return "the reader is gone",
        }
    }
}

fn told(event: &EventInfo) -> Bytes {
    frame(&event.code, Some(event.id), &serde_json::to_string(event).unwrap_or_default())
}

/// One event on the wire; JSON has no line breaks.
fn frame(name: &str, id: Option<i64>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n"))
}
