//! Streams of a model, such as its log: opened at the model's home with a token, then passed on as they come.
//!
//! Whatever goes wrong is told in the first frame, as Juju does: `{"error": {…}}`, then the stream is closed.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use jimm_proto::access::ModelAccess;
use jimm_store::audit::Class;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use super::route::Route;
use crate::broker::{Requester, Upload};
use crate::error::{Error, Kind, Result};
use crate::session::notes::{self, HttpCall};
use crate::session::record::Outcome;
use crate::session::socket::{self, ClientSocket, Close, Outbox, Reader};
use crate::session::{Peer, Services, cut_off};
use crate::telemetry::Endpoint;

/// A peer that gives no sign of life for this long is gone: log streams are silent for long, so it is asked.
const SILENCE: Duration = Duration::from_secs(180);

/// Which stream of which model.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The model.
    pub model: Uuid,
    /// What follows the model in the path, with the query: `log?replay=true`.
    pub path: String,
    /// How it gets there.
    pub way: Way,
}

/// How a stream gets to the model's home.
#[derive(Clone, Debug)]
pub enum Way {
    /// As the client, below the model's path.
    Model {
        /// The access to the model that it needs.
        needs: Option<ModelAccess>,
        /// Whether what is sent there may change the model: not while the model is being moved.
        changes: bool,
    },
    /// As the broker itself, with these headers: the source of a model that comes in.
    Migration(Vec<(HeaderName, HeaderValue)>),
}

/// Who asks, or why nobody may.
pub type Access = Result<Requester>;

#[derive(Serialize)]
struct FirstFrame<'a> {
    error: &'a jimm_proto::params::common::Error,
}

/// Serves a stream until either side ends it.
pub async fn serve(services: Arc<Services>, socket: ClientSocket, peer: Peer, stream: Stream, access: Access) {
    let _open = services.metrics.connection(Endpoint::Stream);
    let (mut reader, outbox, writer) = socket::split_client(socket, SILENCE);
    let written = writer.run();
    tokio::pin!(written);
    let began = std::time::Instant::now();
    let who = access.as_ref().ok().map(|who| (who.name.to_string(), who.auth_method));
    let requester = who.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
    let served = tokio::select! {
        _ = &mut written => return,
        close = run(&services, &mut reader, &outbox, &stream, access) => close,
        () = services.lifecycle.draining.cancelled() => Ok(Close::away("the broker stops")),
    };
    // The query may name entities, but nothing secret; it is left out all the same.
    let name = stream.path.split('?').next().unwrap_or_default().to_owned();
    let call = HttpCall {
        peer: &peer,
        who: who.as_ref().map(|(name, method)| (name.as_str(), *method)),
        class: if matches!(stream.way, Way::Model { changes: true, .. }) { Class::Change } else { Class::Read },
        name: &format!("GET {name}"),
        object: "",
        model: Some(stream.model),
        params: None,
        elapsed: began.elapsed(),
    };
    notes::http(&services, &call, Outcome::of(&served));
    let (close, kind) = match served {
        Ok(close) => (close, "ok"),
        Err(error) => {
            let text = serde_json::to_string(&FirstFrame { error: &error.to_wire() }).unwrap_or_default();
            outbox.send(format!("{text}\n")).await;
            (Close::away(""), error.kind().as_str())
        }
    };
    tracing::info!(
        conversation.id = peer.conversation,
        client.address = %peer.address,
        requester,
        model.uuid = %stream.model,
        request.method = name,
        kind,
        close.code = close.code(),
        close.reason = close.reason(),
        elapsed.ms = began.elapsed().as_secs_f64() * 1000.0,
        "stream ended"
    );
    socket::part(reader, &outbox, close, written).await;
}

async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    services: &Services,
    reader: &mut Reader<S>,
    outbox: &Outbox,
    stream: &Stream,
    access: Access,
) -> Result<Close> {
    let requester = access?;
    reader.trust();
    // From here on a change of the model or of rights is not missed.
    let mut watch = services.broker.model_events.subscribe(stream.model);
    let (route, upstream) = open(services, &requester, stream).await?;
    let (mut from, up, up_writer) = socket::split(upstream, SILENCE);
    let down = async {
        loop {
            match from.next().await {
                Ok(text) => {
                    services.metrics.relayed_down(text.len());
                    if !outbox.send(text).await {
                        return Close::normal();
                    }
                }
                Err(close) if close.is_by_fault() => return broken(&route, &close),
                Err(_) => return Close::normal(),
            }
        }
    };
    let upward = async {
        loop {
            let text = match reader.next().await {
                Ok(text) => text,
                Err(close) => return close,
            };
            services.metrics.relayed_up(text.len());
            if !up.send(text).await {
                return Close::normal();
            }
        }
    };
    let written = up_writer.run();
    tokio::pin!(written);
    let close = tokio::select! {
        close = down => close,
        close = upward => close,
        close = Box::pin(cut_off(services, &requester)) => close,
        close = Box::pin(route.outlived(&services.broker, &requester, &mut watch)) => close,
        _ = &mut written => Close::normal(),
    };
    let _ =
        tokio::time::timeout(Duration::from_secs(1), async { tokio::join!(up.close(Close::normal()), written) }).await;
    Ok(close)
}

/// The way and the stream at its end.
async fn open(services: &Services, requester: &Requester, stream: &Stream) -> Result<(Route, jimm_rpc::Socket)> {
    let (route, path, headers) = match &stream.way {
        Way::Model { needs, changes } => {
            let route = Route::find(&services.broker, requester, stream.model).await?;
            if Some(route.access) < *needs {
                return Err(Error::new(Kind::Unauthorized, "authorization failed: permission denied"));
            }
            if *changes && route.frozen {
                return Err(Error::new(Kind::MigrationInProgress, "model migration in progress"));
            }
            let authorization = route.slot.authorization(&requester.name, &route.claims).await?;
            (route, format!("/model/{}/{}", stream.model, stream.path), vec![(AUTHORIZATION, authorization)])
        }
        Way::Migration(passed_on) => {
            let route = Route::of_arrival(&services.broker, requester, stream.model, Upload::Logs).await?;
            let authorization = route.slot.authorization(services.broker.controllers.service(), &route.claims).await?;
            let mut headers = passed_on.clone();
            headers.push((AUTHORIZATION, authorization));
            (route, format!("/{}", stream.path), headers)
        }
    };
    let upstream = route.slot.open_stream_socket(&path, headers).await?;
    Ok((route, upstream))
}

/// The controller did what it must not do: the client cannot mend that.
fn broken(route: &Route, close: &Close) -> Close {
    let (controller, reason) = (route.controller(), close.reason());
    tracing::warn!(controller, model.uuid = %route.model, close.reason = reason, "connection closed for what the controller sent");
    Close::away(format!("controller {controller} sent what cannot be passed on ({reason})"))
}
