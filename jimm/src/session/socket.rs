//! A websocket in two halves: a reader that notices silence, and an outbox whose writer owns the other half.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// A client's websocket.
pub type ClientSocket = WebSocketStream<TokioIo<Upgraded>>;

/// Messages that wait for the peer to read; whoever sends more waits too.
const QUEUE: usize = 32;
/// A peer that does not take a message for this long is gone.
const WRITE: Duration = Duration::from_secs(60);
/// How long a close may take.
const CLOSE: Duration = Duration::from_secs(5);

/// Sends to the peer. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(mpsc::Sender<Message>);

/// Receives from the peer.
pub(crate) struct Reader<S> {
    stream: SplitStream<WebSocketStream<S>>,
    outbox: Outbox,
    silence: Duration,
    pinged: bool,
}

/// Takes messages out of the outbox and writes them.
pub(crate) struct Writer<S> {
    sink: SplitSink<WebSocketStream<S>, Message>,
    queue: mpsc::Receiver<Message>,
}

/// Why we close.
#[derive(Clone, Debug)]
pub(crate) struct Close {
    code: CloseCode,
    reason: String,
}

impl Close {
    /// The other side has gone, or it was its wish.
    pub(crate) fn normal() -> Self {
        Self { code: CloseCode::Normal, reason: String::new() }
    }

    /// The peer should connect again; Juju's clients take this as a normal end.
    pub(crate) fn away(reason: impl Into<String>) -> Self {
        Self { code: CloseCode::Away, reason: reason.into() }
    }

    /// The peer did what it must not do.
    pub(crate) fn protocol(reason: impl Into<String>) -> Self {
        Self { code: CloseCode::Protocol, reason: reason.into() }
    }

    /// The reason, for the log.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    fn into_message(self) -> Message {
        // A reason is at most 123 bytes long.
        let end = self.reason.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 123).last();
        let reason = Utf8Bytes::from(&self.reason[..end.unwrap_or(0)]);
        Message::Close(Some(CloseFrame { code: self.code, reason }))
    }
}

/// Takes a websocket apart. A peer that gives no sign of life for `silence` is taken for gone; half-way it is asked.
pub(crate) fn split<S>(socket: WebSocketStream<S>, silence: Duration) -> (Reader<S>, Outbox, Writer<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sink, stream) = socket.split();
    let (sender, queue) = mpsc::channel(QUEUE);
    let outbox = Outbox(sender);
    (Reader { stream, outbox: outbox.clone(), silence, pinged: false }, outbox, Writer { sink, queue })
}

impl Outbox {
    /// Sends a text; waits while the peer is slow. `false` when the peer is gone.
    pub(crate) async fn send(&self, text: impl Into<Utf8Bytes>) -> bool {
        self.0.send(Message::Text(text.into())).await.is_ok()
    }

    /// Closes, after what was sent before.
    pub(crate) async fn close(&self, close: Close) {
        let _ = self.0.send(close.into_message()).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reader<S> {
    /// The next text, or `None` when the peer is gone. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            let Ok(message) = tokio::time::timeout(self.silence / 2, self.stream.next()).await else {
                if std::mem::replace(&mut self.pinged, true) {
                    tracing::debug!(silence.seconds = self.silence.as_secs(), "peer gives no sign of life");
                    return None;
                }
                let _ = self.outbox.0.try_send(Message::Ping(Vec::new().into()));
                continue;
            };
            self.pinged = false;
            match message? {
                Ok(Message::Text(text)) => return Some(text),
                Ok(Message::Close(_)) => return None,
                Ok(Message::Binary(_)) => {
                    tracing::debug!("peer sends binary frames");
                    return None;
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(error) => {
                    tracing::debug!(error = %error, "websocket is broken");
                    return None;
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Writer<S> {
    /// Writes until a close was sent, the peer is gone, or it stops reading.
    pub(crate) async fn run(mut self) {
        while let Some(message) = self.queue.recv().await {
            let last = matches!(message, Message::Close(_));
            let limit = if last { CLOSE } else { WRITE };
            match tokio::time::timeout(limit, self.sink.send(message)).await {
                Ok(Ok(())) if !last => {}
                Ok(_) => break,
                Err(_) => {
                    tracing::debug!("peer does not read");
                    break;
                }
            }
        }
        let _ = tokio::time::timeout(CLOSE, self.sink.close()).await;
    }
}
