//! The controller connection: requests run side by side, bounded, and are answered in whatever order they end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ahead::{Ahead, Place};
use super::asked::AskedMethods;
use super::greeting::{Call, Greeted, answer_call, frame, greet, tell};
use super::login::LoginDesk;
use super::notes;
use super::record::{self, Origin};
use super::socket::{self, ClientSocket, Close, Outbox, Reader};
use super::{Peer, Services, cut_off, login_result};
use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::facades::method::{self, Method};
use crate::facades::{CallContext, ConnectionState, registry};
use crate::telemetry::Endpoint;

/// How long a call may take that takes as long as a model is large.
const LONG: Duration = Duration::from_secs(1800);
/// How long calls that are in work may take when their requester is cut off.
const LAST_WORD: Duration = Duration::from_millis(250);

/// What is said of a call that did not end.
const TOO_LONG: &str = "the request took too long: look whether it was done before you repeat it";

/// A connection after login.
struct Session {
    services: Arc<Services>,
    origin: Origin,
    requester: Requester,
    state: Arc<ConnectionState>,
    outbox: Outbox,
    slots: Arc<Semaphore>,
    calls: TaskTracker,
    /// Calls that wait for something to happen.
    waiting: TaskTracker,
    gone: CancellationToken,
}

/// Serves a connection until it ends.
pub async fn serve(services: Arc<Services>, socket: ClientSocket, peer: Peer) {
    let _open = services.metrics.connection(Endpoint::Controller);
    let (mut reader, outbox, writer) = socket::split_client(socket, services.settings.limits.ping_timeout);
    let origin = Origin::new(Endpoint::Controller, peer.clone(), None);
    let cutting = services.lifecycle.cutting.clone();
    let written = writer.run();
    tokio::pin!(written);
    let close = tokio::select! {
        _ = &mut written => return,
        close = converse(&services, origin, &mut reader, &outbox) => close,
        () = cutting.cancelled() => Close::away("the broker stops"),
    };
    record::ended(&peer, &close);
    socket::part(reader, &outbox, close, written).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    services: &Arc<Services>,
    mut origin: Origin,
    reader: &mut Reader<S>,
    outbox: &Outbox,
) -> Close {
    let desk = LoginDesk::new(Arc::clone(services), &origin.peer, Place::Controller);
    let requester = loop {
        let greeted = match Box::pin(greet(services, &desk, &origin, reader, outbox)).await {
            Ok(greeted) => greeted,
            Err(close) => return close,
        };
        if let Some(requester) = welcome(services, &mut origin, outbox, greeted).await {
            break requester;
        }
    };
    reader.trust();
    let gone = CancellationToken::new();
    let _gone = gone.clone().drop_guard();
    let session = Arc::new(Session {
        services: Arc::clone(services),
        origin,
        requester,
        state: Arc::new(ConnectionState::new(gone.clone())),
        outbox: outbox.clone(),
        slots: Arc::new(Semaphore::new(services.settings.limits.max_in_flight)),
        calls: TaskTracker::new(),
        waiting: TaskTracker::new(),
        gone,
    });
    tokio::select! {
        close = session.read(reader) => close,
        () = session.drained() => Close::away("the broker stops"),
        close = Box::pin(session.cut_off()) => close,
    }
}

/// Answers the login.
async fn welcome(services: &Services, origin: &mut Origin, outbox: &Outbox, greeted: Greeted) -> Option<Requester> {
    origin.set_requester(&greeted.member.requester);
    let door = match greeted.ahead {
        Ahead::Controller(door) => door,
        Ahead::Model(_) => Err(Error::internal("a controller connection that leads elsewhere")),
    };
    let result = door
        .and_then(|door| method::encode(&login_result::controller_login(&services.settings, &greeted.member, door)));
    outbox.send(frame(greeted.asked.request_id, &result)).await;
    tell(services, origin, &greeted.asked, &result, greeted.began);
    if result.is_err() {
        origin.clear_requester();
        return None;
    }
    Some(greeted.member.requester)
}

impl Session {
    async fn read<S: AsyncRead + AsyncWrite + Unpin>(self: &Arc<Self>, reader: &mut Reader<S>) -> Close {
        let mut methods = AskedMethods::new(self.origin.endpoint);
        loop {
            let call = match reader.next().await.and_then(|text| Call::read(&text, &mut methods)) {
                Ok(Some(call)) => call,
                Ok(None) => continue,
                Err(close) => return close,
            };
            self.begin(call).await;
        }
    }

    /// Starts a call; waits while too many are in work.
    async fn begin(self: &Arc<Self>, call: Call) {
        if call.asked.is_ping() {
            let result = self.run(&call).await;
            return answer_call(&self.services, &self.origin, &self.outbox, &call, result).await;
        }
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
        let session = Arc::clone(self);
        let waits = call.asked.waits_for_events();
        let work = async move {
            let result = session.run_guarded(&call).await;
            answer_call(&session.services, &session.origin, &session.outbox, &call, result).await;
            drop(slot);
        };
        let sessions = &self.services.lifecycle.sessions;
        // A stop does not wait for a call that waits for something to happen.
        if waits {
            sessions.spawn(self.waiting.track_future(work))
        } else {
            sessions.spawn(self.calls.track_future(work))
        };
    }

    /// Runs a call to its end, whatever happens in it: a deadline, a panic, a client that goes away.
    async fn run_guarded(&self, call: &Call) -> Result<Box<RawValue>> {
        let controllers = &self.services.settings.controllers;
        let own = if is_long(call) { LONG } else { self.services.settings.limits.request_timeout };
        let limit = own + controllers.dial_timeout + controllers.call_timeout;
        let work = AssertUnwindSafe(self.run(call)).catch_unwind();
        let deadline = async {
            if call.asked.waits_for_events() {
                tokio::select! {
                    () = self.gone.cancelled() => Error::new(Kind::Conflict, "the connection has ended"),
                    why = self.state.ending() => Error::new(Kind::Conflict, why),
                }
            } else {
                tokio::time::sleep(limit).await;
                Error::new(Kind::ControllerUnavailable, TOO_LONG)
            }
        };
        tokio::select! {
            result = work => result.unwrap_or_else(|_| Err(Error::internal("the method panicked"))),
            error = deadline => Err(error),
            () = self.services.lifecycle.cutting.cancelled() => Err(Error::new(Kind::Conflict, "the broker stops: try again")),
        }
    }

    async fn run(&self, call: &Call) -> Result<Box<RawValue>> {
        let asked = &call.asked;
        notes::request(&self.services, &self.origin, asked, Some(&call.params));
        notes::room(&self.services).await?;
        let method = registry::find(&asked.method.facade, asked.method.version, &asked.method.name)?;
        self.require(method).await?;
        let context = CallContext {
            broker: Arc::clone(&self.services.broker),
            requester: self.requester.clone(),
            connection: Arc::clone(&self.state),
            version: asked.method.version,
            object_id: asked.object_id.clone(),
        };
        (method.run)(&context, &call.params).await
    }

    async fn require(&self, method: &Method) -> Result<()> {
        let Some(relation) = method.access.asked_first() else { return Ok(()) };
        // Asked anew each time: rights that were taken away end at once.
        let broker = &self.services.broker;
        broker.require(&self.requester, relation, &broker.own_object()).await.map(|_| ())
    }

    /// Waits until the requester may no longer be here. Who ended their own sessions still gets the answer.
    async fn cut_off(&self) -> Close {
        let close = cut_off(&self.services, &self.requester).await;
        self.calls.close();
        self.tell_waiting("the login behind this connection has ended: log in again").await;
        let _ = tokio::time::timeout(LAST_WORD, self.calls.wait()).await;
        close
    }

    /// Waits until the broker stops and nothing of ours is in work any more.
    async fn drained(&self) {
        self.services.lifecycle.draining.cancelled().await;
        self.calls.close();
        self.tell_waiting("the broker stops: connect again and start a new watcher").await;
        self.calls.wait().await;
    }

    /// Ends the calls that wait for something to happen, and gives them the time to be answered.
    async fn tell_waiting(&self, why: &'static str) {
        self.state.end(why);
        self.waiting.close();
        let _ = tokio::time::timeout(LAST_WORD, self.waiting.wait()).await;
    }
}

/// Whether a call takes as long as a model is large.
fn is_long(call: &Call) -> bool {
    &*call.asked.method.facade == "MigrationTarget" && &*call.asked.method.name == "Import"
}
