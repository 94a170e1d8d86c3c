//! The traffic of one model connection after its login: frames up, frames down, demands for more rights.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use jimm_proto::envelope::{Frame, write_error};
use tokio::sync::{Notify, Semaphore};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::demands::{self, Demands};
use super::in_flight::{InFlight, InFlightTable, UpstreamNo};
use super::route::{Route, Standing};
use super::upstream::{self, LoggedIn, Receiver, Upstream};
use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::session::Services;
use crate::session::asked::{Asked, AskedMethods};
use crate::session::greeting::tell;
use crate::session::notes;
use crate::session::record::{self, Origin, Outcome};
use crate::session::socket::{Close, Outbox};

/// How often one connection may ask for more rights.
const MAX_LOGINS: u32 = 10;

/// What one connection's pumps share.
pub(super) struct Traffic {
    pub(super) services: Arc<Services>,
    pub(super) origin: Origin,
    pub(super) requester: Requester,
    pub(super) route: Route,
    client: Outbox,
    state: Mutex<State>,
    frozen: AtomicBool,
    /// One new login at a time.
    logins: Semaphore,
    count: AtomicU32,
    pub(super) settled: Notify,
    /// Whether somebody watches over what is in flight, and what wakes them up.
    pub(super) watched: AtomicBool,
    pub(super) asked: Notify,
    end: OnceLock<Close>,
    ended: CancellationToken,
    /// The life of all upstreams.
    upstreams: CancellationToken,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) in_flight: InFlightTable,
    /// Where new requests go.
    pub(super) current: Option<Upstream>,
    /// All that are open, the current one among them.
    pub(super) open: Vec<Upstream>,
    /// Whether watchers may live on the first upstream: then requests go on to it.
    watching: bool,
}

impl Traffic {
    pub(super) fn new(
        services: Arc<Services>,
        origin: Origin,
        requester: Requester,
        route: Route,
        client: Outbox,
    ) -> Arc<Self> {
        let frozen = AtomicBool::new(route.frozen);
        Arc::new(Self {
            services,
            origin,
            requester,
            route,
            client,
            state: Mutex::default(),
            frozen,
            logins: Semaphore::new(1),
            count: AtomicU32::new(0),
            settled: Notify::new(),
            watched: AtomicBool::new(false),
            asked: Notify::new(),
            end: OnceLock::new(),
            ended: CancellationToken::new(),
            upstreams: CancellationToken::new(),
        })
    }

    /// Takes an upstream into use; requests go there from now on, unless watchers live elsewhere. Somebody has to run the
    /// pump that comes with it.
    pub(super) fn attach(
        self: &Arc<Self>,
        socket: jimm_rpc::Socket,
        claims: BTreeMap<String, String>,
    ) -> (Upstream, impl Future<Output = ()> + Send + 'static) {
        let no = self.count.fetch_add(1, Ordering::Relaxed);
        let (upstream, pump) = Upstream::start(no, self.upstreams.child_token(), socket, claims, Arc::clone(self));
        let mut state = self.state();
        state.open.push(upstream.clone());
        if !state.watching || state.current.is_none() {
            state.current = Some(upstream.clone());
        }
        state.close_unused();
        drop(state);
        (upstream, pump)
    }

    /// Ends the connection; the first reason counts.
    pub(super) fn end(&self, close: Close) {
        let _ = self.end.set(close);
        self.ended.cancel();
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) -> Close {
        self.ended.cancelled().await;
        self.end.get().cloned().unwrap_or_else(Close::normal)
    }

    /// Closes what is open to controllers when it is dropped, however the connection ends.
    pub(super) fn close_upstreams_on_drop(&self) -> DropGuard {
        self.upstreams.clone().drop_guard()
    }

    /// Waits until nothing is in work but waits for events.
    pub(super) async fn settled(&self) {
        loop {
            let changed = self.settled.notified();
            if self.state().in_flight.is_idle() {
                return;
            }
            changed.await;
        }
    }

    /// The model may have changed: stop writes, allow them again, or end the connection so that the client comes back
    /// by the new way.
    pub(super) fn heed(&self, standing: Standing) {
        match standing {
            Standing::Open => self.frozen.store(false, Ordering::Relaxed),
            Standing::Frozen => self.frozen.store(true, Ordering::Relaxed),
            Standing::Moved | Standing::Revoked | Standing::Gone => {}
        }
        if let Some(close) = standing.end() {
            self.end(close);
        }
    }

    // === up ===

    /// A frame came from the client.
    pub(super) async fn pass_up(&self, methods: &mut AskedMethods, text: Utf8Bytes) -> Result<(), Close> {
        self.services.metrics.relayed_up(text.len());
        let request = match Frame::parse(&text) {
            Ok(Frame::Request(request)) => request,
            Ok(Frame::Response(_)) => return Ok(()),
            Err(error) => return Err(Close::protocol(error.to_string())),
        };
        let (asked, began) = (methods.asked(&request), Instant::now());
        notes::request(&self.services, &self.origin, &asked, request.params);
        if let Err(error) = notes::room(&self.services).await {
            self.fail(&asked_only(asked, began), error).await;
            return Ok(());
        }
        // What is said to `Admin` is for the broker's ears, and everything was said at the login.
        let refused = if &*asked.method.facade == "Admin" {
            let text = format!("no such request - method {} is not implemented", asked.method.title);
            Some(Error::new(Kind::NotImplemented, text))
        } else if self.frozen.load(Ordering::Relaxed) && !asked.method.is_read {
            Some(Error::new(Kind::MigrationInProgress, "model migration in progress"))
        } else {
            None
        };
        if let Some(error) = refused {
            self.fail(&asked_only(asked, began), error).await;
            return Ok(());
        }
        let watches = !asked.object_id.is_empty() || asked.method.name.starts_with("Watch");
        let outbox = {
            let mut state = self.state();
            state.watching |= watches;
            let Some(current) = &state.current else { return Err(Close::normal()) };
            let (upstream, outbox) = (current.no, current.outbox.clone());
            let held = InFlight { asked, began, upstream, held: Some(text.clone()) };
            let id = held.asked.request_id;
            if state.in_flight.insert(held) { Ok(outbox) } else { Err(id) }
        };
        match outbox {
            Ok(outbox) => {
                if !self.watched.swap(true, Ordering::SeqCst) {
                    self.asked.notify_one();
                }
                // A send that fails ends the upstream, and that answers everything it owes.
                outbox.send(text).await;
            }
            Err(id) => {
                let error = Error::new(Kind::QuotaLimitExceeded, "too many requests are waiting on this connection");
                self.client.send(write_error(id, &error.to_wire())).await;
            }
        }
        Ok(())
    }

    // === down ===

    async fn pass_down(&self, no: UpstreamNo, text: Utf8Bytes) -> Option<(InFlight, Demands)> {
        self.services.metrics.relayed_down(text.len());
        // Nearly no answer speaks of an error: of the others nobody reads the body, nor that of a long one.
        let failing = text.contains("\"error");
        let demanding = failing && demands::may_be_in(&text);
        let is_read = demanding || (failing && text.len() <= notes::LONGEST);
        let parsed = if is_read { Frame::parse(&text) } else { Frame::skim(&text) };
        let Ok(Frame::Response(response)) = parsed else {
            // Not for us to judge.
            self.client.send(text).await;
            return None;
        };
        let request = {
            let mut state = self.state();
            let request = state.in_flight.remove(response.request_id);
            state.close_unused();
            request
        };
        self.settled.notify_waiters();
        if let Some(request) = request {
            let demands = if demanding { demands::of(&response) } else { Demands::new() };
            if !demands.is_empty() {
                return Some((request, demands));
            }
            let outcome = Outcome {
                kind: if response.error.is_empty() { "" } else { "controller" },
                message: &response.error,
                code: &response.error_code,
                error: None,
            };
            let (asked, elapsed) = (&request.asked, request.began.elapsed());
            notes::answer(&self.services, &self.origin, asked, outcome, elapsed, response.response);
            record::answered(&self.services, &self.origin, asked, outcome, elapsed);
        } else {
            tracing::debug!(request.id = response.request_id, upstream = no, "answer to nothing that was asked");
        }
        self.client.send(text).await;
        None
    }

    /// The controller misses rights in the token: with a new one, if the requester has them, the request is sent again.
    async fn demanded(self: Arc<Self>, request: InFlight, demands: Demands) {
        if let Err(error) = self.ask_again(&request, &demands).await {
            self.fail(&request, error).await;
        }
    }

    async fn ask_again(self: &Arc<Self>, request: &InFlight, demands: &Demands) -> Result<()> {
        let held = request.held.clone().ok_or_else(Error::unauthorized)?;
        if !demands::are_met(&self.services.broker, &self.requester, demands).await? {
            return Err(demands::refusal(demands));
        }
        let _one = self.logins.acquire().await.map_err(Error::internal)?;
        let upstream = self.upstream_with(request.upstream, demands).await?;
        let again = InFlight {
            asked: request.asked.clone(),
            began: request.began,
            upstream: upstream.no,
            held: Some(held.clone()),
        };
        self.state().in_flight.insert(again);
        if !self.watched.swap(true, Ordering::SeqCst) {
            self.asked.notify_one();
        }
        upstream.outbox.send(held).await;
        Ok(())
    }

    /// An upstream whose token has what is demanded: one that is open already, or a new one.
    async fn upstream_with(self: &Arc<Self>, asked: UpstreamNo, demands: &Demands) -> Result<Upstream> {
        let claims = {
            let state = self.state();
            if let Some(upstream) = state.open.iter().rev().find(|upstream| demands::are_in(&upstream.claims, demands))
            {
                if upstream.no == asked {
                    // It had the right and wants it again: that leads nowhere.
                    return Err(Error::unauthorized());
                }
                return Ok(upstream.clone());
            }
            state.open.last().map_or_else(|| self.route.claims.clone(), |upstream| (*upstream.claims).clone())
        };
        if self.count.load(Ordering::Relaxed) > MAX_LOGINS {
            return Err(Error::new(Kind::QuotaLimitExceeded, "permission check limit exceeded: connect again"));
        }
        let claims = demands::merged(&claims, demands);
        let name = &self.requester.name;
        let LoggedIn { socket, .. } = upstream::log_in(&self.services.settings, &self.route, name, &claims).await?;
        tracing::debug!(demands = ?demands, "logged in again with more rights");
        let (upstream, pump) = self.attach(socket, claims);
        self.services.lifecycle.sessions.spawn(pump);
        Ok(upstream)
    }

    pub(super) async fn fail(&self, request: &InFlight, error: Error) {
        self.client.send(write_error(request.asked.request_id, &error.to_wire())).await;
        tell::<()>(&self.services, &self.origin, &request.asked, &Err(error), request.began);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The upstreams from which somebody waits for an answer that should come soon.
    pub(super) fn waited_for(&self) -> Vec<Upstream> {
        self.open.iter().filter(|upstream| self.in_flight.is_waited_for(upstream.no)).cloned().collect()
    }

    /// Ends upstreams that get no new requests and owe no answers.
    fn close_unused(&mut self) {
        let Some(current) = self.current.as_ref().map(|upstream| upstream.no) else { return };
        if self.watching {
            return;
        }
        let in_flight = &self.in_flight;
        self.open.retain(|upstream| {
            let keep = upstream.no == current || !in_flight.is_done_with(upstream.no);
            if !keep {
                upstream.cut.cancel();
            }
            keep
        });
    }
}

impl Receiver for Traffic {
    async fn receive(self: &Arc<Self>, no: UpstreamNo, text: Utf8Bytes) {
        if let Some((request, demands)) = self.pass_down(no, text).await {
            // Others must not wait for it.
            self.services.lifecycle.sessions.spawn(Arc::clone(self).demanded(request, demands));
        }
    }

    async fn ended(self: &Arc<Self>, no: UpstreamNo, close: &Close) {
        let controller = self.route.controller();
        if close.is_by_fault() {
            tracing::warn!(
                controller, model.uuid = %self.route.model, close.reason = close.reason(),
                "connection closed for what the controller sent"
            );
            let text = format!("controller {controller} sent what cannot be passed on ({})", close.reason());
            self.give_up(no, &text, "ask its operator").await;
        } else {
            self.give_up(no, &format!("controller {controller} has closed the connection"), "try again").await;
        }
    }
}

fn asked_only(asked: Asked, began: Instant) -> InFlight {
    InFlight { asked, began, upstream: UpstreamNo::MAX, held: None }
}
