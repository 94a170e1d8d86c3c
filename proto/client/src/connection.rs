//! One websocket, many calls in flight, answers in any order.
//!
//! One task owns the socket, both directions: a websocket wakes up who reads and who writes for whatever happens on it, and
//! of two tasks one would be woken up on another processor for nothing. When either direction ends, or the last handle is
//! dropped, the connection is closed and every waiting call fails at once.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use jimm_proto::envelope::{Frame, Request, write_request};
use jimm_proto::params::common;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::CallError;
use crate::stream::Socket;
use crate::target::Pings;

/// Requests that may wait for the socket to take them.
const QUEUE: usize = 64;
/// How long a close may take before the socket is cut.
const CLOSE: Duration = Duration::from_secs(5);

type Answer = Result<Box<RawValue>, common::Error>;

/// A connection for calls; clones share it, and the last one dropped closes it.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
    _guard: Arc<CloseOnDrop>,
}

struct Shared {
    out: mpsc::Sender<Utf8Bytes>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    last_id: AtomicU64,
    closed: CancellationToken,
    reason: OnceLock<String>,
}

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close("closed by us");
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(socket: Socket, pings: Option<Pings>) -> Self {
        let (out, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            out,
            waiting: Mutex::default(),
            last_id: AtomicU64::new(0),
            closed: CancellationToken::new(),
            reason: OnceLock::new(),
        });
        let (sink, stream) = socket.split();
        let tasks = TaskTracker::new();
        let (read, write) = (read(shared.clone(), stream), write(shared.clone(), sink, queue));
        tasks.spawn(async { tokio::join!(biased; read, write) });
        if let Some(pings) = pings {
            tasks.spawn(ping(shared.clone(), pings));
        }
        tasks.close();
        Self { _guard: Arc::new(CloseOnDrop(shared.clone())), shared }
    }

    /// Calls a method and reads its answer.
    pub async fn call<P, R>(
        &self,
        facade: &str,
        version: u32,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<R, CallError>
    where
        P: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let answer = self.call_on("", facade, version, method, params, deadline).await?;
        // A list would be read as the members in their order.
        if !answer.get().starts_with('{') {
            return Err(CallError::Decode(format!("{facade}({version}).{method}: not a JSON object")));
        }
        serde_json::from_str(answer.get()).map_err(|e| CallError::Decode(format!("{facade}({version}).{method}: {e}")))
    }

    /// Calls a method and answers the body as it came.
    pub async fn call_raw<P>(
        &self,
        facade: &str,
        version: u32,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<Box<RawValue>, CallError>
    where
        P: Serialize + ?Sized,
    {
        self.call_on("", facade, version, method, params, deadline).await
    }

    /// Calls a method of an object, such as a watcher, and answers the body as it came.
    pub async fn call_on<P>(
        &self,
        id: &str,
        facade: &str,
        version: u32,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<Box<RawValue>, CallError>
    where
        P: Serialize + ?Sized,
    {
        let params = serde_json::value::to_raw_value(params).map_err(|e| CallError::Encode(e.to_string()))?;
        self.shared.call(id, facade, version, method, &params, deadline).await
    }

    /// Resolves when the connection has ended, whoever ended it.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    /// Why the connection has ended, once it has.
    pub fn close_reason(&self) -> Option<&str> {
        self.shared.reason.get().map(String::as_str)
    }

    /// Ends the connection; waiting calls fail.
    pub fn close(&self) {
        self.shared.close("closed by us");
    }
}

impl Shared {
    async fn call(
        &self,
        id: &str,
        facade: &str,
        version: u32,
        method: &str,
        params: &RawValue,
        deadline: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let request_id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(request_id, answer);
        // Whatever ends this call, also its caller going away, ends the waiting.
        let _waiting = Waiting { shared: self, request_id };
        let text = write_request(&Request {
            request_id,
            facade: facade.into(),
            version,
            id: id.into(),
            method: method.into(),
            params: Some(params),
        });
        let call = async {
            tokio::select! {
                biased;
                () = self.closed.cancelled() => return Err(self.closed_error()),
                sent = self.out.send(text.into()) => sent.map_err(|_| self.closed_error())?,
            }
            tokio::select! {
                biased;
                answer = answered => answer.map_err(|_| self.closed_error())?.map_err(CallError::Remote),
                () = self.closed.cancelled() => Err(self.closed_error()),
            }
        };
        match timeout(deadline, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CallError::Deadline(format!("{facade}({version}).{method} ({deadline:?})"))),
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, reason: &str) {
        // The first reason is the true one.
        let _ = self.reason.set(reason.to_owned());
        self.closed.cancel();
        self.waiting().clear();
    }

    fn closed_error(&self) -> CallError {
        CallError::Closed(self.reason.get().cloned().unwrap_or_else(|| "connection is shut down".to_owned()))
    }

    fn answer(&self, text: &str) -> Result<(), String> {
        let response = match Frame::parse(text) {
            Ok(Frame::Response(response)) => response,
            // A peer that asks us something is no peer of ours; nobody can be told.
            Ok(Frame::Request(_)) => return Ok(()),
            Err(e) => return Err(e.to_string()),
        };
        let Some(waiting) = self.waiting().remove(&response.request_id) else { return Ok(()) };
        let answer = match (response.to_error(), response.response) {
            (Some(error), _) => Err(error),
            (None, Some(body)) => Ok(body.to_owned()),
            (None, None) => Ok(empty()),
        };
        // The caller may have given up meanwhile.
        let _ = waiting.send(answer);
        Ok(())
    }
}

/// What a method without a result answers; some peers leave it out.
fn empty() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

struct Waiting<'a> {
    shared: &'a Shared,
    request_id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.request_id);
    }
}

async fn read(shared: Arc<Shared>, mut stream: SplitStream<Socket>) {
    let reason = loop {
        let message = tokio::select! {
            () = shared.closed.cancelled() => return,
            message = stream.next() => message,
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                if let Err(e) = shared.answer(&text) {
                    break format!("the peer sent a {e}");
                }
            }
            Some(Ok(Message::Close(frame))) => {
                break match frame {
                    Some(frame) if !frame.reason.is_empty() => format!("by the peer: {}", frame.reason),
                    _ => "by the peer".to_owned(),
                };
            }
            Some(Ok(Message::Binary(_))) => break "the peer sent a binary message".to_owned(),
            Some(Ok(_)) => {}
            Some(Err(e)) if !is_end(&e) => break e.to_string(),
            Some(Err(_)) | None => break "the peer went away".to_owned(),
        }
    };
    shared.close(&reason);
}

/// Whether the peer has gone without a word; the texts of the libraries would tell a user less.
fn is_end(error: &WsError) -> bool {
    match error {
        WsError::Io(e) => {
            matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
        }
        WsError::ConnectionClosed | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => true,
        _ => false,
    }
}

async fn write(shared: Arc<Shared>, mut sink: SplitSink<Socket, Message>, mut queue: mpsc::Receiver<Utf8Bytes>) {
    loop {
        let text = tokio::select! {
            () = shared.closed.cancelled() => break,
            text = queue.recv() => match text {
                Some(text) => text,
                None => break,
            },
        };
        let sent = tokio::select! {
            () = shared.closed.cancelled() => break,
            sent = sink.send(Message::Text(text)) => sent,
        };
        if let Err(e) = sent {
            let reason = if is_end(&e) { "the peer went away".to_owned() } else { e.to_string() };
            shared.close(&reason);
            return;
        }
    }
    let _ = timeout(CLOSE, sink.close()).await;
}

async fn ping(shared: Arc<Shared>, pings: Pings) {
    let empty = empty();
    loop {
        tokio::select! {
            () = shared.closed.cancelled() => return,
            () = tokio::time::sleep(pings.every) => {}
        }
        // Any answer shows that the peer lives, also a refusal before the login.
        if let Err(CallError::Deadline(_)) = shared.call("", "Pinger", 1, "Ping", &empty, pings.timeout).await {
            shared.close(&format!("no answer to a ping within {:?}", pings.timeout));
        }
    }
}
