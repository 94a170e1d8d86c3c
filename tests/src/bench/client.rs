//! A client that costs little: TLS, a websocket, and frames that were written before. It sees of an answer only what
//! tells success from failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::pki::ciphers_of_go;

/// Nothing that is measured may take longer, whoever is frozen.
const DEADLINE: Duration = Duration::from_secs(120);

/// A server, and how to log in there.
#[derive(Clone)]
pub(super) struct Way {
    port: u16,
    connector: TlsConnector,
    login: Utf8Bytes,
}

impl Way {
    /// To the broker, with a session token.
    pub(super) fn through_broker(port: u16, ca: &str, token: &str) -> Result<Self> {
        Self::new(port, ca, "Admin", 4, "LoginWithSessionToken", &json!({"session-token": token}))
    }

    /// Straight to a controller, as its own superuser.
    pub(super) fn straight(port: u16, ca: &str, user: &str, password: &str) -> Result<Self> {
        let params = json!({"auth-tag": format!("user-{user}"), "credentials": password, "client-version": "3.6.11"});
        Self::new(port, ca, "Admin", 3, "Login", &params)
    }

    fn new(port: u16, ca: &str, facade: &str, version: u32, method: &str, params: &serde_json::Value) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            roots.add(certificate?)?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ciphers_of_go()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Each run of `juju` is a process without a memory of former sessions.
        config.resumption = Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { port, connector, login: request(1, facade, version, method, params) })
    }

    /// Opens a websocket, not logged in.
    pub(super) async fn open(&self, path: &str) -> Result<Wire> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(jimm_rpc::JUJU_SERVER_NAME)?;
        let tls = self.connector.connect(name, tcp).await.context("TLS")?;
        let url = format!("wss://localhost:{}{path}", self.port);
        let config = jimm_rpc::socket_config(256 << 20).read_buffer_size(64 << 10);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, tls, Some(config)).await?;
        Ok(Wire { socket })
    }

    /// Opens a websocket and logs in.
    pub(super) async fn enter(&self, path: &str) -> Result<Wire> {
        let enter = async {
            let mut wire = self.open(path).await?;
            wire.ask(&self.login).await.context("login")?;
            Ok(wire)
        };
        tokio::time::timeout(DEADLINE, enter).await?
    }
}

/// An open websocket.
pub(super) struct Wire {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Wire {
    pub(super) async fn send(&mut self, frame: &Utf8Bytes) -> Result<()> {
        Ok(self.socket.send(Message::Text(frame.clone())).await?)
    }

    /// Sends with what comes before the next flush.
    pub(super) async fn feed(&mut self, frame: &Utf8Bytes) -> Result<()> {
        Ok(self.socket.feed(Message::Text(frame.clone())).await?)
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        Ok(self.socket.flush().await?)
    }

    /// The next answer as it came.
    pub(super) async fn receive(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => bail!("closed by the peer: {frame:?}"),
                Some(other) => bail!("no answer but {other:?}"),
                None => bail!("closed by the peer"),
            }
        }
    }

    /// Asks and waits for an answer that is no error.
    pub(super) async fn ask(&mut self, frame: &Utf8Bytes) -> Result<Utf8Bytes> {
        let ask = async {
            self.send(frame).await?;
            self.receive().await
        };
        let answer = tokio::time::timeout(DEADLINE, ask).await??;
        ensure!(!is_error(&answer), "refused: {}", shortened(&answer));
        Ok(answer)
    }

    /// How long it takes to be answered, whatever the answer.
    pub(super) async fn time(&mut self, frame: &Utf8Bytes) -> Result<Duration> {
        let began = Instant::now();
        self.ask(frame).await?;
        Ok(began.elapsed())
    }

    /// Says good-bye, and does not wait for the answer.
    pub(super) async fn close(mut self) {
        // The peer may have gone.
        let _ = self.socket.close(None).await;
    }
}

/// A frame of the wire.
pub(super) fn request(id: u64, facade: &str, version: u32, method: &str, params: &serde_json::Value) -> Utf8Bytes {
    let frame = json!({"request-id": id, "type": facade, "version": version, "request": method, "params": params});
    frame.to_string().into()
}

/// Whether the answer says that it is an error, of the request or of its only item.
pub(super) fn is_error(answer: &str) -> bool {
    let head: String = answer.chars().take(400).collect();
    head.contains("\"error\":")
}

pub(super) fn shortened(answer: &str) -> String {
    answer.chars().take(300).collect()
}
