//! One model connection: greeted like any other, dialled on when somebody has logged in, pumped until it ends.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::FusedFuture as _;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use super::route::{self, Route};
use super::traffic::Traffic;
use super::upstream::{self, LoggedIn};
use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::session::ahead::{Ahead, Place};
use crate::session::asked::AskedMethods;
use crate::session::greeting::{self, Greeted};
use crate::session::login::LoginDesk;
use crate::session::record::{self, Origin};
use crate::session::socket::{self, ClientSocket, Close, Outbox, Reader};
use crate::session::{Peer, Services, cut_off, when_woken};
use crate::telemetry::Endpoint;

/// Serves a model connection until it ends. Without a model, the path was none: every request is told so.
pub async fn serve(services: Arc<Services>, socket: ClientSocket, peer: Peer, model: Option<Uuid>) {
    let _open = services.metrics.connection(Endpoint::Model);
    let (mut reader, outbox, writer) = socket::split_client(socket, services.settings.limits.ping_timeout);
    let origin = Origin::new(Endpoint::Model, peer.clone(), model);
    let (written, cut) = (pin!(writer.run()), pin!(services.lifecycle.cutting.cancelled()));
    let mut written = when_woken(written);
    // In this order, so that what comes from the controller is written in the same turn.
    let close = tokio::select! {
        biased;
        close = converse(&services, origin, model, &mut reader, &outbox) => close,
        _ = &mut written => return,
        () = when_woken(cut) => Close::away("the broker stops"),
    };
    record::ended(&peer, &close);
    socket::part(reader, &outbox, close, written).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    services: &Arc<Services>,
    mut origin: Origin,
    model: Option<Uuid>,
    reader: &mut Reader<S>,
    outbox: &Outbox,
) -> Close {
    let Some(model) = model else {
        let error = || Error::new(Kind::BadRequest, "invalid path");
        return Box::pin(greeting::refuse(services, &origin, reader, outbox, error)).await;
    };
    let desk = LoginDesk::new(Arc::clone(services), &origin.peer, Place::Model(model));
    loop {
        // From here on a change of the model is not missed.
        let mut watch = services.broker.model_events.subscribe(model);
        // Boxed is what comes before the relaying: an idle connection must not keep room for it.
        let greeted = match Box::pin(greeting::greet(services, &desk, &origin, reader, outbox)).await {
            Ok(greeted) => greeted,
            Err(close) => return close,
        };
        let Greeted { member, ahead, asked, began } = greeted;
        origin.set_requester(&member.requester);
        let result = Box::pin(enter(services, &mut origin, ahead, &member.requester)).await;
        let (answer, entered) = match result {
            Ok((route, LoggedIn { socket, reply })) => (Ok(reply), Some((route, socket))),
            Err(error) => (Err(error), None),
        };
        outbox.send(greeting::frame(asked.request_id, &answer)).await;
        greeting::tell(services, &origin, &asked, &answer, began);
        let Some((route, socket)) = entered else {
            origin.clear_requester();
            continue;
        };
        reader.trust();
        route.slot.spare_a_line();
        let claims = route.claims.clone();
        let traffic = Traffic::new(Arc::clone(services), origin, member.requester, route, outbox.clone());
        return relay(&traffic, socket, claims, reader, &mut watch).await;
    }
}

/// Passes frames until the connection ends. Both directions run on this one task: a frame that was read on one side is
/// written on the other in the same turn, and nobody else has to be woken up for it.
async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
    traffic: &Arc<Traffic>,
    socket: jimm_rpc::Socket,
    claims: BTreeMap<String, String>,
    reader: &mut Reader<S>,
    watch: &mut crate::broker::ModelWatch,
) -> Close {
    let (_, pump) = traffic.attach(socket, claims);
    let mut pump = Box::pin(pump.fuse());
    // When it ends, there may be another one in its place.
    let pumped = async {
        pump.as_mut().await;
        std::future::pending().await
    };
    let upstreams = traffic.close_upstreams_on_drop();
    let rarely = pin!(async {
        tokio::select! {
            biased;
            close = traffic.ended() => close,
            () = traffic.watch_over() => traffic.ended().await,
            close = drained(traffic) => close,
            close = follow(traffic, watch) => close,
            close = Box::pin(cut_off(&traffic.services, &traffic.requester)) => close,
        }
    });
    let pumped_up = pin!(pump_up(traffic, reader));
    let close = tokio::select! {
        biased;
        close = when_woken(pumped_up) => close,
        close = pumped => close,
        close = when_woken(rarely) => close,
    };
    drop(upstreams);
    if !pump.is_terminated() {
        // It says good-bye to the controller.
        traffic.services.lifecycle.sessions.spawn(pump);
    }
    close
}

/// Finds the model's home and logs in there.
async fn enter(
    services: &Services,
    origin: &mut Origin,
    ahead: Ahead,
    requester: &Requester,
) -> Result<(Route, LoggedIn)> {
    let Ahead::Model(home) = ahead else { return Err(Error::internal("a model connection that leads elsewhere")) };
    let route = Route::to(&services.broker, (*home)?).await?;
    origin.set_controller(route.controller());
    let logged_in = upstream::log_in(&services.settings, &route, &requester.name, &route.claims).await?;
    Ok((route, logged_in))
}

async fn pump_up<S: AsyncRead + AsyncWrite + Unpin>(traffic: &Traffic, reader: &mut Reader<S>) -> Close {
    let mut methods = AskedMethods::new(traffic.origin.endpoint);
    loop {
        let text = match reader.next().await {
            Ok(text) => text,
            Err(close) => return close,
        };
        if let Err(close) = traffic.pass_up(&mut methods, text).await {
            return close;
        }
    }
}

/// Keeps up with what happens to the model. Ends when this connection is of no more use.
async fn follow(traffic: &Traffic, watch: &mut crate::broker::ModelWatch) -> Close {
    loop {
        // What there was to know when the connection began is known.
        route::wait(watch).await;
        let standing = Box::pin(traffic.route.look(&traffic.services.broker, &traffic.requester)).await;
        traffic.heed(standing);
        if standing.end().is_some() {
            return traffic.ended().await;
        }
    }
}

/// Waits until the broker stops and nothing is in work.
async fn drained(traffic: &Traffic) -> Close {
    traffic.services.lifecycle.draining.cancelled().await;
    traffic.settled().await;
    Close::away("the broker stops")
}
