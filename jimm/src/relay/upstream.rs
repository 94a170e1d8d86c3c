//! A connection to the model's home: dialled, logged in with a token, then pumped.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use jimm_proto::envelope::{Frame, Request, write_request};
use jimm_proto::names::UserName;
use jimm_rpc::{Activity, Socket};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::login_reply;
use super::route::Route;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facades::method::encode;
use crate::session::socket::{self, Close, Outbox};
use crate::session::when_woken;

/// A controller that gives no sign of life for this long is gone.
const SILENCE: Duration = Duration::from_secs(40);

/// A socket on which the login was answered, and the answer as the client gets it.
pub(super) struct LoggedIn {
    pub(super) socket: Socket,
    pub(super) reply: Box<RawValue>,
}

/// Sends to a controller, and ends the connection to it.
#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) no: u32,
    pub(super) claims: Arc<BTreeMap<String, String>>,
    pub(super) outbox: Outbox,
    pub(super) activity: Activity,
    pub(super) cut: CancellationToken,
}

/// What comes from a controller goes here.
pub(super) trait Receiver: Send + Sync + 'static {
    /// A frame came.
    fn receive(self: &Arc<Self>, upstream: u32, text: Utf8Bytes) -> impl Future<Output = ()> + Send;
    /// No more will, for this reason.
    fn ended(self: &Arc<Self>, upstream: u32, close: &Close) -> impl Future<Output = ()> + Send;
}

/// Dials the model's home and logs in as the user, all within one deadline.
pub(super) async fn log_in(
    settings: &Config,
    route: &Route,
    user: &UserName,
    claims: &BTreeMap<String, String>,
) -> Result<LoggedIn> {
    let limit = settings.controllers.dial_timeout;
    let both = async {
        let mut socket = route.slot.open_socket(&format!("/model/{}/api", route.model)).await?;
        let params = encode(&route.slot.login_request(user, claims).await?)?;
        let request = Request {
            request_id: 1,
            facade: "Admin".into(),
            version: 3,
            id: "".into(),
            method: "Login".into(),
            params: Some(&params),
        };
        let broken = || unavailable(route, "it closed the connection during the login");
        socket.send(Message::text(write_request(&request))).await.map_err(|_| broken())?;
        let reply = loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => break text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Err(broken()),
            }
        };
        let reply = read_reply(route, &reply)?;
        Ok(LoggedIn { socket, reply: login_reply::edited(settings, &reply)? })
    };
    tokio::time::timeout(limit, both)
        .await
        .unwrap_or_else(|_| Err(unavailable(route, "it does not answer the login in time")))
}

fn read_reply(route: &Route, text: &str) -> Result<Box<RawValue>> {
    let Ok(Frame::Response(response)) = Frame::parse(text) else {
        return Err(unavailable(route, "its login reply is not understood"));
    };
    if let Some(error) = response.to_error() {
        if error.code == "redirection required" {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "the model has left controller {} without the broker: ask an administrator to run update-migrated-model",
                    route.controller()
                ),
            ));
        }
        return Err(Error::from_controller(error));
    }
    let reply = response.response.unwrap_or(RawValue::NULL).to_owned();
    if login_reply::wants_discharge(&reply) {
        return Err(Error::new(
            Kind::Controller,
            format!(
                "controller {} does not take the broker's tokens: check its login-token-refresh-url",
                route.controller()
            ),
        ));
    }
    let named = login_reply::named(&reply);
    route.slot.check_identity(&named.controller_tag)?;
    if named.model_tag.is_some_and(|tag| tag != format!("model-{}", route.model)) {
        return Err(unavailable(route, "it speaks of another model"));
    }
    Ok(reply)
}

fn unavailable(route: &Route, why: &str) -> Error {
    Error::new(Kind::ControllerUnavailable, format!("controller {} cannot be reached: {why}", route.controller()))
}

impl Upstream {
    /// Begins to pump: returns where to send, and the future that moves the frames.
    pub(super) fn start<R: Receiver>(
        no: u32,
        cut: CancellationToken,
        socket: Socket,
        claims: BTreeMap<String, String>,
        receiver: Arc<R>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let activity = socket.get_ref().activity();
        let (mut reader, outbox, writer) = socket::split(socket, SILENCE);
        let upstream = Self { no, claims: Arc::new(claims), outbox: outbox.clone(), activity, cut: cut.clone() };
        let pump = async move {
            let (written, cut) = (pin!(writer.run()), pin!(cut.cancelled()));
            let mut written = when_woken(written);
            let read = pin!(async {
                loop {
                    match reader.next().await {
                        Ok(text) => receiver.receive(no, text).await,
                        Err(close) => return close,
                    }
                }
            });
            // In this order, so that what was read, on either side, is written in the same turn.
            let close = tokio::select! {
                biased;
                close = when_woken(read) => close,
                _ = &mut written => Close::normal(),
                () = when_woken(cut) => Close::normal(),
            };
            receiver.ended(no, &close).await;
            let _ = tokio::time::timeout(Duration::from_secs(5), async {
                tokio::join!(outbox.close(Close::normal()), written)
            })
            .await;
        };
        (upstream, pump)
    }
}
