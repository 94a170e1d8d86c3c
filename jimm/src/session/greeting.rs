//! A connection before login: only `Admin` and pings are served. It ends with somebody logged in, or with the connection.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jimm_proto::envelope::{Frame, Request, write_error, write_response};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Services;
use super::ahead::Ahead;
use super::asked::{Asked, AskedMethods};
use super::login::{AdminOutcome, LoginDesk};
use super::member::Member;
use super::notes;
use super::record::{self, Origin, Outcome};
use super::socket::{Close, Outbox, Reader};
use crate::error::{Error, Kind, Result};

/// Calls of `Admin` in work at a time.
const IN_WORK: usize = 8;

/// Somebody logged in with this request, which is not answered yet.
pub(crate) struct Greeted {
    pub(crate) member: Member,
    /// What the answer needs.
    pub(crate) ahead: Ahead,
    pub(crate) asked: Asked,
    pub(crate) began: Instant,
}

/// A request, out of its frame.
pub(crate) struct Call {
    pub(crate) asked: Asked,
    pub(crate) params: Box<RawValue>,
    pub(crate) began: Instant,
}

impl Call {
    /// Takes a request out of its frame.
    pub(crate) fn of(request: &Request<'_>, methods: &mut AskedMethods) -> Self {
        Self {
            asked: methods.asked(request),
            params: request.params.map_or_else(|| RawValue::NULL.to_owned(), ToOwned::to_owned),
            began: Instant::now(),
        }
    }

    /// Reads a frame of a client. What is no frame ends the connection, as with Juju; a response nobody asked for is
    /// passed over.
    pub(crate) fn read(text: &str, methods: &mut AskedMethods) -> Result<Option<Self>, Close> {
        match Frame::parse(text) {
            Ok(Frame::Request(request)) => Ok(Some(Self::of(&request, methods))),
            Ok(Frame::Response(_)) => Ok(None),
            Err(error) => Err(Close::protocol(error.to_string())),
        }
    }
}

/// Serves a connection until somebody logs in.
pub(crate) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    services: &Arc<Services>,
    desk: &LoginDesk,
    origin: &Origin,
    reader: &mut Reader<S>,
    outbox: &Outbox,
) -> Result<Greeted, Close> {
    let (mut in_work, mut methods) = (FuturesUnordered::new(), AskedMethods::new(origin.endpoint));
    let patience = services.settings.limits.login_timeout;
    let deadline = tokio::time::sleep(patience);
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            biased;
            () = services.lifecycle.draining.cancelled() => return Err(Close::away("the broker stops")),
            Some((call, outcome)) = in_work.next() => {
                let call: Call = call;
                // Who was busy with the identity provider gets the whole time for the next step.
                deadline.as_mut().reset(tokio::time::Instant::now() + patience);
                match outcome {
                    Ok(AdminOutcome::LoggedIn(welcome)) => {
                        let (member, ahead) = *welcome;
                        return Ok(Greeted { member, ahead, asked: call.asked, began: call.began });
                    }
                    Ok(AdminOutcome::Answer(answer)) => answer_call(services, origin, outbox, &call, Ok(answer)).await,
                    Err(error) => answer_call(services, origin, outbox, &call, Err(error)).await,
                }
            }
            text = reader.next(), if in_work.len() < IN_WORK => {
                let Some(call) = Call::read(&text?, &mut methods)? else { continue };
                notes::request(services, origin, &call.asked, Some(&call.params));
                if &*call.asked.method.facade == "Admin" {
                    in_work.push(async move {
                        let outcome = match notes::room(services).await {
                            Ok(()) => desk.serve(call.asked.method.version, &call.asked.method.name, &call.params).await,
                            Err(error) => Err(error),
                        };
                        (call, outcome)
                    });
                } else {
                    let result = before_login(&call.asked);
                    answer_call(services, origin, outbox, &call, result).await;
                }
            }
            () = &mut deadline, if in_work.is_empty() => return Err(Close::away("nobody logged in in time")),
        }
    }
}

/// Answers every call with the same error, for a connection to a place that does not exist.
pub(crate) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    services: &Services,
    origin: &Origin,
    reader: &mut Reader<S>,
    outbox: &Outbox,
    error: impl Fn() -> Error,
) -> Close {
    let mut methods = AskedMethods::new(origin.endpoint);
    let serve = async {
        loop {
            match reader.next().await.and_then(|text| Call::read(&text, &mut methods)) {
                Ok(Some(call)) => {
                    notes::request(services, origin, &call.asked, Some(&call.params));
                    answer_call(services, origin, outbox, &call, Err(error())).await;
                }
                Ok(None) => {}
                Err(close) => return close,
            }
        }
    };
    tokio::select! {
        close = serve => close,
        () = services.lifecycle.draining.cancelled() => Close::away("the broker stops"),
        () = tokio::time::sleep(services.settings.limits.login_timeout) => Close::away("nothing to be had here"),
    }
}

/// Sends the answer to a call and tells of it.
pub(crate) async fn answer_call(
    services: &Services,
    origin: &Origin,
    outbox: &Outbox,
    call: &Call,
    result: Result<Box<RawValue>>,
) {
    outbox.send(frame(call.asked.request_id, &result)).await;
    tell_with(services, origin, &call.asked, &result, call.began, result.as_deref().ok());
}

/// Tells of an answered call, without sending anything.
pub(crate) fn tell<T>(services: &Services, origin: &Origin, asked: &Asked, result: &Result<T>, began: Instant) {
    tell_with(services, origin, asked, result, began, None);
}

/// The same with what was answered.
fn tell_with<T>(
    services: &Services,
    origin: &Origin,
    asked: &Asked,
    result: &Result<T>,
    began: Instant,
    body: Option<&RawValue>,
) {
    let (outcome, elapsed) = (Outcome::of(result), began.elapsed());
    notes::answer(services, origin, asked, outcome, elapsed, body);
    record::answered(services, origin, asked, outcome, elapsed);
}

/// The answer's frame.
pub(crate) fn frame(request_id: u64, result: &Result<Box<RawValue>>) -> Utf8Bytes {
    match result {
        Ok(body) => write_response(request_id, Some(body)).into(),
        Err(error) => write_error(request_id, &error.to_wire()).into(),
    }
}

fn before_login(asked: &Asked) -> Result<Box<RawValue>> {
    if asked.is_ping() && &*asked.method.name == "Ping" {
        return crate::facades::method::encode(&crate::facades::method::Empty {});
    }
    let title = &asked.method.title;
    Err(Error::new(Kind::NotImplemented, format!("no such request - method {title} is not implemented")))
}
