//! A peer to dial: TLS with its own authority, a websocket, and whatever the test wants it to say.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jimm_proto::envelope::{Frame, write_response};
use jimm_rpc::{Connection, DialOptions, Target, Tls, dial};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::TaskTracker;

pub(crate) type Raw = TlsStream<TcpStream>;
pub(crate) type Socket = WebSocketStream<Raw>;

/// For what should come at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// For what should not come at all.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) ca: String,
    tasks: TaskTracker,
}

impl Server {
    /// A peer that answers each connection by the script, once TLS stands.
    pub(crate) async fn raw<F, Fut>(script: F) -> Self
    where
        F: Fn(Raw) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (ca, acceptor) = pki();
        let (tasks, script) = (TaskTracker::new(), Arc::new(script));
        let connections = tasks.clone();
        tasks.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), script.clone());
                connections.spawn(async move {
                    // A client may refuse our certificate.
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        script(tls).await;
                    }
                });
            }
        });
        Self { address, ca, tasks }
    }

    /// A peer that answers each websocket by the script.
    pub(crate) async fn start<F, Fut>(script: F) -> Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let script = Arc::new(script);
        Self::raw(move |tls| {
            let script = script.clone();
            async move {
                let socket = tokio_tungstenite::accept_async(tls).await.expect("a handshake");
                script(socket).await;
            }
        })
        .await
    }

    /// A peer that answers every request with the same body.
    pub(crate) async fn answering(body: &'static str) -> Self {
        Self::start(move |mut socket| async move {
            while let Some(id) = next_id(&mut socket).await {
                answer(&mut socket, id, body).await;
            }
        })
        .await
    }

    pub(crate) fn target(&self) -> Target {
        Target {
            addresses: vec![self.address.clone()],
            path: "/api".to_owned(),
            tls: Tls::for_controller(&self.ca, ""),
        }
    }

    pub(crate) async fn dial(&self) -> Connection {
        dial(&self.target(), &quiet()).await.expect("a connection")
    }

    /// Scripts that still run, and the listener.
    pub(crate) fn running(&self) -> usize {
        self.tasks.len()
    }
}

/// Without pings, so that the script sees only what the test asks.
pub(crate) fn quiet() -> DialOptions {
    DialOptions { pings: None, timeout: SOON, ..DialOptions::default() }
}

/// The next request's text; `None` when the client has gone.
pub(crate) async fn next(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => return Some(text.to_string()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

pub(crate) async fn next_id(socket: &mut Socket) -> Option<u64> {
    let text = next(socket).await?;
    match Frame::parse(&text).expect("a frame") {
        Frame::Request(request) => Some(request.request_id),
        Frame::Response(_) => panic!("not a request: {text}"),
    }
}

pub(crate) async fn answer(socket: &mut Socket, id: u64, body: &str) {
    let body = RawValue::from_string(body.to_owned()).expect("JSON");
    say(socket, &write_response(id, Some(&body))).await;
}

pub(crate) async fn say(socket: &mut Socket, text: &str) {
    // The client may have gone.
    let _ = socket.send(Message::text(text)).await;
}

fn pki() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([jimm_rpc::JUJU_SERVER_NAME.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &ca).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key"),
        )
        .expect("settings");
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}
