//! A client that sends what it is told to, byte by byte: no library corrects it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use jimm_rpc::{JUJU_SERVER_NAME, Stream, Target, Tls};
use jimm_tests::app::TestApp;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const DEADLINE: Duration = Duration::from_secs(20);

/// What came from the broker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// A message.
    Text(String),
    /// The end, with code and reason.
    Closed(u16, String),
    /// The end without a word.
    Gone,
}

/// What the broker's log knows a connection by: ports are given again, so the address alone may speak of an earlier one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Me {
    pub(crate) address: SocketAddr,
    /// Before the connection was there.
    pub(crate) since: SystemTime,
}

impl Me {
    fn new(address: std::io::Result<SocketAddr>, since: SystemTime) -> Self {
        Self { address: address.expect("an address"), since }
    }
}

/// A websocket after the handshake; nothing else is done for the caller.
pub(crate) struct Ws {
    stream: Stream,
    /// What the broker knows us by.
    pub(crate) me: Me,
    read: Vec<u8>,
    last: u64,
}

/// TLS to the broker, and what it knows us by.
pub(crate) async fn tls(app: &TestApp) -> (Stream, Me) {
    let since = SystemTime::now();
    let tls = Tls::Ca { pem: app.door.ca.clone(), server_name: JUJU_SERVER_NAME.to_owned() };
    let target = Target { addresses: vec![app.door.address.clone()], path: String::new(), tls };
    let stream = jimm_rpc::connect_stream(&target, DEADLINE).await.expect("the broker takes TLS");
    let me = Me::new(stream.local_addr(), since);
    (stream, me)
}

/// Sends bytes over TLS and reads until the broker ends it; it may end before it has taken all.
pub(crate) async fn https(app: &TestApp, request: &[u8]) -> (String, Me) {
    let (mut stream, me) = tls(app).await;
    (exchange(&mut stream, request).await, me)
}

/// The same in clear.
pub(crate) async fn in_clear(port: u16, request: &[u8]) -> (String, Me) {
    let since = SystemTime::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    let me = Me::new(stream.local_addr(), since);
    (exchange(&mut stream, request).await, me)
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: &[u8]) -> String {
    let (mut from, mut to) = tokio::io::split(stream);
    let mut answer = Vec::new();
    let sent = async {
        let _ = to.write_all(request).await;
        let _ = to.flush().await;
    };
    // An end without a TLS alert is an end too.
    let both = async { tokio::join!(sent, from.read_to_end(&mut answer)) };
    let _ = tokio::time::timeout(DEADLINE, both).await.expect("the broker ends it");
    String::from_utf8_lossy(&answer).into_owned()
}

impl Ws {
    /// Opens a path with further header lines.
    pub(crate) async fn open(app: &TestApp, path: &str, headers: &str) -> Self {
        let (mut stream, me) = tls(app).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("the handshake is taken");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("an answer to the handshake"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self { stream, me, read: Vec::new(), last: 0 }
    }

    /// The same, and logged in with this session token.
    pub(crate) async fn logged_in(app: &TestApp, path: &str, token: &str) -> Self {
        let mut ws = Self::open(app, path, "").await;
        let answer = ws.call("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
        assert!(answer.get("error").is_none(), "{answer}");
        ws
    }

    /// Sends bytes as they are; a broker that has had enough takes no more.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) -> bool {
        let sent = async { self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok() };
        tokio::time::timeout(DEADLINE, sent).await.expect("the broker reads or ends")
    }

    /// Sends a message.
    pub(crate) async fn text(&mut self, text: &str) {
        self.bytes(&frame(true, TEXT, text.as_bytes())).await;
    }

    /// Sends `Facade(version).Method` and answers its number.
    pub(crate) async fn ask(&mut self, what: &str, params: &Value) -> u64 {
        let (facade, rest) = what.split_once('(').expect("Facade(version).Method");
        let (version, method) = rest.split_once(").").expect("Facade(version).Method");
        let version: i64 = version.parse().expect("a version");
        self.last += 1;
        let frame =
            json!({"request-id": self.last, "type": facade, "version": version, "request": method, "params": params});
        self.text(&frame.to_string()).await;
        self.last
    }

    /// Sends it and waits for the answer, whole.
    pub(crate) async fn call(&mut self, what: &str, params: &Value) -> Value {
        let id = self.ask(what, params).await;
        let answer = self.answer().await;
        assert_eq!(answer["request-id"], id, "{answer}");
        answer
    }

    /// Calls, and answers `message (code)`.
    pub(crate) async fn error(&mut self, what: &str, params: &Value) -> String {
        let answer = self.call(what, params).await;
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{what} works: {answer}"));
        format!("{error} ({})", answer["error-code"].as_str().unwrap_or_default())
    }

    /// The next message, which has to be JSON.
    pub(crate) async fn answer(&mut self) -> Value {
        match self.hear().await {
            Heard::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("no answer but {other:?}"),
        }
    }

    /// Whatever comes next.
    pub(crate) async fn hear(&mut self) -> Heard {
        tokio::time::timeout(DEADLINE, self.next()).await.expect("something within the deadline")
    }

    /// How it ends, whatever is said before.
    pub(crate) async fn end(&mut self) -> Heard {
        loop {
            match self.hear().await {
                Heard::Text(_) => {}
                end => return end,
            }
        }
    }

    async fn next(&mut self) -> Heard {
        loop {
            let Some((opcode, payload)) = self.frame().await else { return Heard::Gone };
            match opcode {
                TEXT => return Heard::Text(String::from_utf8(payload).expect("UTF-8")),
                CLOSE if payload.len() >= 2 => {
                    let reason = String::from_utf8_lossy(&payload[2..]).into_owned();
                    return Heard::Closed(u16::from_be_bytes([payload[0], payload[1]]), reason);
                }
                CLOSE => return Heard::Closed(1005, String::new()),
                _ => {}
            }
        }
    }

    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.take(2).await?;
        let length = match head[1] & 0x7f {
            126 => usize::from(u16::from_be_bytes(self.take(2).await?.try_into().ok()?)),
            127 => usize::try_from(u64::from_be_bytes(self.take(8).await?.try_into().ok()?)).ok()?,
            short => usize::from(short),
        };
        Some((head[0] & 0xf, self.take(length).await?))
    }

    async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            if self.stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
        let rest = self.read.split_off(length);
        Some(std::mem::replace(&mut self.read, rest))
    }
}

/// A client's frame.
pub(crate) fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(last, opcode, payload.len() as u64);
    // A mask of zeros is a mask.
    bytes.extend_from_slice(payload);
    bytes
}

/// The head of a client's frame that claims this length.
pub(crate) fn head(last: bool, opcode: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![u8::from(last) << 7 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => bytes.push(0x80 | short),
        (_, Ok(middle)) => {
            bytes.push(0x80 | 0x7e);
            bytes.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 0x7f);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}
