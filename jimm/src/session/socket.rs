//! A websocket in two halves: a reader that notices silence, and an outbox whose writer owns the other half.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::meter::{Allowance, Metered, TooMuch};
use super::queue::{self, queue};

/// A client's bytes.
type ClientStream = Metered<TokioIo<Upgraded>>;
/// A client's websocket.
pub type ClientSocket = WebSocketStream<ClientStream>;

/// Messages that wait for the peer to read; whoever sends more waits too.
const QUEUE: usize = 32;
/// A peer that does not take a message for this long is gone.
const WRITE: Duration = Duration::from_secs(60);
/// How long a close may take.
const CLOSE: Duration = Duration::from_secs(5);
/// How long a peer that did what it must not do may go on sending before it reads why it is turned away.
const LINGER: Duration = Duration::from_secs(2);

/// Sends to the peer. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(queue::Sender<Message>);

/// Receives from the peer.
pub(crate) struct Reader<S> {
    stream: SplitStream<WebSocketStream<S>>,
    outbox: Outbox,
    silence: Duration,
    /// Runs from quarter to quarter of the silence: a timer for each message would cost more than the message.
    quarter: Pin<Box<Sleep>>,
    /// Quarters without a sign of life.
    quiet: u8,
    /// What a stranger may send.
    allowance: Option<Arc<Allowance>>,
}

/// Takes messages out of the outbox and writes them.
pub(crate) struct Writer<S> {
    sink: SplitSink<WebSocketStream<S>, Message>,
    queue: queue::Receiver<Message>,
}

/// Why we close.
#[derive(Clone, Debug)]
pub(crate) struct Close {
    code: CloseCode,
    reason: String,
    by_fault: bool,
}

impl Close {
    /// The other side has gone, or it was its wish.
    pub(crate) fn normal() -> Self {
        Self { code: CloseCode::Normal, reason: String::new(), by_fault: false }
    }

    /// The peer should connect again; Juju's clients take this as a normal end.
    pub(crate) fn away(reason: impl Into<String>) -> Self {
        Self { code: CloseCode::Away, reason: reason.into(), by_fault: false }
    }

    /// The peer may no longer be here.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { code: CloseCode::Policy, reason: reason.into(), by_fault: false }
    }

    /// The peer did what it must not do.
    pub(crate) fn protocol(reason: impl Into<String>) -> Self {
        Self::fault(CloseCode::Protocol, reason)
    }

    fn fault(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), by_fault: true }
    }

    /// What a broken websocket means.
    fn of(error: &WsError) -> Self {
        match error {
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                Self::fault(CloseCode::Size, format!("message too large: {size} bytes, at most {max_size}"))
            }
            WsError::Utf8(_) => Self::fault(CloseCode::Invalid, "message is not UTF-8"),
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::normal(),
            WsError::Protocol(error) => Self::protocol(error.to_string()),
            WsError::Io(error) if is_too_much(error) => Self::fault(CloseCode::Size, error.to_string()),
            _ => Self::normal(),
        }
    }

    /// Whether the peer did what it must not do.
    pub(crate) fn is_by_fault(&self) -> bool {
        self.by_fault
    }

    /// The code on the wire.
    pub(crate) fn code(&self) -> u16 {
        self.code.into()
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

fn is_too_much(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TooMuch>()).is_some()
}

/// Takes a websocket apart. A peer that gives no sign of life for `silence`, or at most a quarter longer, is taken for
/// gone; half-way it is asked.
pub(crate) fn split<S>(socket: WebSocketStream<S>, silence: Duration) -> (Reader<S>, Outbox, Writer<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sink, stream) = socket.split();
    let (sender, queue) = queue(QUEUE);
    let outbox = Outbox(sender);
    let quarter = Box::pin(tokio::time::sleep(silence / 4));
    let reader = Reader { stream, outbox: outbox.clone(), silence, quarter, quiet: 0, allowance: None };
    (reader, outbox, Writer { sink, queue })
}

/// The same for a client's, whose allowance is lifted by [`Reader::trust`].
pub(crate) fn split_client(
    socket: ClientSocket,
    silence: Duration,
) -> (Reader<ClientStream>, Outbox, Writer<ClientStream>) {
    let allowance = socket.get_ref().allowance();
    let (reader, outbox, writer) = split(socket, silence);
    (Reader { allowance: Some(allowance), ..reader }, outbox, writer)
}

/// Closes, after what was sent before. A peer that is still sending what was refused gets the time to stop and to read
/// why: an end with unread bytes would take the reason away from it.
pub(crate) async fn part<S: AsyncRead + AsyncWrite + Unpin>(
    reader: Reader<S>,
    outbox: &Outbox,
    close: Close,
    written: impl Future<Output = Written<S>>,
) {
    let by_fault = close.by_fault;
    let ended = async { tokio::join!(outbox.close(close), written).1 };
    let Ok(Written(sink)) = tokio::time::timeout(CLOSE, ended).await else { return };
    if !by_fault {
        return;
    }
    reader.trust();
    let Ok(socket) = reader.stream.reunite(sink) else { return };
    let mut stream = socket.into_inner();
    let mut buffer = [0; 4096];
    let drained = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    let _ = tokio::time::timeout(LINGER, drained).await;
}

impl Outbox {
    /// Sends a text; waits while the peer is slow. `false` when the peer is gone.
    pub(crate) async fn send(&self, text: impl Into<Utf8Bytes>) -> bool {
        self.0.send(Message::Text(text.into())).await
    }

    /// Asks the peer for a sign of life, unless so much waits for it already that it will give one anyway.
    pub(crate) fn ping(&self) {
        self.0.try_send(Message::Ping(Vec::new().into()));
    }

    /// Closes, after what was sent before.
    pub(crate) async fn close(&self, close: Close) {
        self.0.send(close.into_message()).await;
    }
}

impl<S> Reader<S> {
    /// We know the peer: it may send what it likes.
    pub(crate) fn trust(&self) {
        if let Some(allowance) = &self.allowance {
            allowance.lift();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reader<S> {
    /// The next text, or how to close when there is none. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, Close> {
        loop {
            let message = tokio::select! {
                biased;
                message = self.stream.next() => message,
                () = self.quarter.as_mut() => {
                    self.quarter.as_mut().reset(Instant::now() + self.silence / 4);
                    self.quiet += 1;
                    match self.quiet {
                        // The one that runs now began before the last sign.
                        3 => self.outbox.ping(),
                        5.. => {
                            return Err(Close::away(format!("no sign of life for {} s", self.silence.as_secs())));
                        }
                        _ => {}
                    }
                    continue;
                }
            };
            self.quiet = 0;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text),
                None | Some(Ok(Message::Close(_))) => return Err(Close::normal()),
                Some(Ok(Message::Binary(_))) => {
                    return Err(Close::fault(CloseCode::Unsupported, "binary messages are not served: send texts"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => {
                    tracing::debug!(error = %error, "websocket is broken");
                    return Err(Close::of(&error));
                }
            }
        }
    }
}

/// The writer's half, after the last word.
pub(crate) struct Written<S>(SplitSink<WebSocketStream<S>, Message>);

impl<S: AsyncRead + AsyncWrite + Unpin> Writer<S> {
    /// Writes until a close was sent, the peer is gone, or it stops reading. What waits is written together.
    pub(crate) async fn run(mut self) -> Written<S> {
        while let Some(message) = self.queue.recv().await {
            let last = matches!(message, Message::Close(_));
            let limit = if last { CLOSE } else { WRITE };
            match tokio::time::timeout(limit, self.write(message)).await {
                Ok(Ok(closed)) if !closed => {}
                Ok(_) => break,
                Err(_) => {
                    tracing::debug!("peer does not read");
                    break;
                }
            }
        }
        let _ = tokio::time::timeout(CLOSE, self.sink.close()).await;
        Written(self.sink)
    }

    /// Writes a message and those that wait behind it; tells whether a close was among them.
    async fn write(&mut self, first: Message) -> Result<bool, WsError> {
        let mut closes = matches!(first, Message::Close(_));
        self.sink.feed(first).await?;
        while !closes && let Some(message) = self.queue.try_recv() {
            closes = matches!(message, Message::Close(_));
            self.sink.feed(message).await?;
        }
        self.sink.flush().await?;
        Ok(closes)
    }
}
