//! A controller that says what it is told to: honest until a test has it lie.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use jimm_tests::pki::Ca;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "liars-s3cret";

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// What is said to it.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Answer(Value),
    Error(&'static str, &'static str),
    /// This text, whatever it is.
    Text(String),
    Binary(Vec<u8>),
    /// These bytes into the stream of the websocket.
    Bytes(Vec<u8>),
    Nothing,
    HangUp,
}

type Script = Arc<dyn Fn(&Asked) -> Option<Say> + Send + Sync>;

pub(crate) struct Liar {
    pub(crate) uuid: String,
    pub(crate) model: String,
    address: SocketAddr,
    ca: String,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

struct Shared {
    uuid: String,
    model: String,
    script: Mutex<Script>,
    heard: Mutex<Vec<String>>,
    open: Mutex<CancellationToken>,
}

impl Liar {
    pub(crate) async fn start() -> Self {
        let ca = Ca::new("the liar's CA").expect("a CA");
        let (certificate, key) = ca.issue().expect("a certificate");
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(|it| it.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("settings");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (uuid, model) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let honest: Script = Arc::new(|_| None);
        let shared = Arc::new(Shared {
            uuid: uuid.clone(),
            model: model.clone(),
            script: Mutex::new(honest),
            heard: Mutex::default(),
            open: Mutex::default(),
        });
        let (stop, tasks, with) = (CancellationToken::new(), TaskTracker::new(), Arc::clone(&shared));
        let until = stop.clone();
        tasks.clone().spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let open = with.open.lock().unwrap_or_else(PoisonError::into_inner).child_token();
                let (acceptor, with, until) = (acceptor.clone(), Arc::clone(&with), until.clone());
                tasks.spawn(async move {
                    let converse = open.run_until_cancelled_owned(converse(with, acceptor, tcp));
                    Box::pin(until.run_until_cancelled_owned(converse)).await;
                });
            }
        }));
        Self { uuid, model, address, ca: ca.pem(), shared, stop }
    }

    /// From now on this is said; `None` is the truth.
    pub(crate) fn lie(&self, script: impl Fn(&Asked) -> Option<Say> + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }

    /// To this method, until told otherwise.
    pub(crate) fn say(&self, method: &'static str, what: Say) {
        self.lie(move |asked| (asked.method == method).then(|| what.clone()));
    }

    /// The truth again.
    pub(crate) fn honest(&self) {
        self.lie(|_| None);
    }

    /// Ends all connections; new ones are taken.
    pub(crate) fn hang_up(&self) {
        std::mem::take(&mut *self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }

    /// Everything that was said to it since the last look.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The file for `add-controller`.
    pub(crate) fn attach_file(&self) -> String {
        let ca = self.ca.trim_end().replace('\n', "\n  ");
        format!(
            "name: liar\nuuid: {}\napi-addresses:\n- {}\nusername: admin\npassword: {PASSWORD}\nca-certificate: |\n  {ca}\n",
            self.uuid, self.address
        )
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn converse(shared: Arc<Shared>, acceptor: TlsAcceptor, tcp: TcpStream) {
    let Ok(mut stream) = acceptor.accept(tcp).await else { return };
    let Some(path) = handshake(&mut stream).await else { return };
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        shared.heard.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_string());
        let frame: Value = serde_json::from_str(&text).expect("the broker sends frames");
        let asked = Asked {
            path: path.clone(),
            method: frame["request"].as_str().unwrap_or_default().to_owned(),
            params: frame["params"].clone(),
        };
        let script = shared.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let id = &frame["request-id"];
        let sent = match script(&asked).unwrap_or_else(|| truth(&shared, &asked)) {
            Say::Answer(value) => socket.send(text_of(&json!({"request-id": id, "response": value}))).await.is_ok(),
            Say::Error(text, code) => {
                socket.send(text_of(&json!({"request-id": id, "error": text, "error-code": code}))).await.is_ok()
            }
            Say::Text(text) => socket.send(Message::text(text)).await.is_ok(),
            Say::Binary(bytes) => socket.send(Message::binary(bytes)).await.is_ok(),
            Say::Bytes(bytes) => {
                let stream = socket.get_mut();
                stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok()
            }
            Say::Nothing => true,
            Say::HangUp => false,
        };
        if !sent {
            return;
        }
    }
}

fn text_of(frame: &Value) -> Message {
    Message::text(frame.to_string())
}

/// Answers the websocket's handshake, and tells the path.
async fn handshake(stream: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    })?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    Some(path)
}

/// The description of the one model.
pub(crate) fn model_info(uuid: &str) -> Value {
    json!({
        "name": "truth", "type": "iaas", "uuid": uuid, "controller-uuid": "", "is-controller": false,
        "cloud-tag": "cloud-stub", "cloud-region": "r1", "cloud-credential-tag": "cloudcred-stub_admin_default",
        "owner-tag": "user-admin", "life": "alive", "status": {"status": "available", "info": ""},
        "users": [], "machines": [], "agent-version": "3.6.11",
    })
}

/// What an honest controller says.
pub(crate) fn login(uuid: &str, path: &str) -> Value {
    let mut result = json!({
        "controller-tag": format!("controller-{uuid}"),
        "server-version": "3.6.11",
        "servers": [],
        "user-info": {"identity": "user-admin", "display-name": "", "controller-access": "superuser", "model-access": ""},
        "facades": [
            {"name": "ModelManager", "versions": [9]}, {"name": "Cloud", "versions": [7]},
            {"name": "ApplicationOffers", "versions": [4]}, {"name": "Pinger", "versions": [1]},
            {"name": "Client", "versions": [8]}, {"name": "Controller", "versions": [11, 12]},
        ],
    });
    if let Some(model) = path.split('/').nth(2) {
        result["model-tag"] = json!(format!("model-{model}"));
    }
    result
}

fn truth(shared: &Shared, asked: &Asked) -> Say {
    let own = json!({"result": {
        "name": "controller", "uuid": Uuid::new_v4().to_string(), "is-controller": true, "cloud-tag": "cloud-stub",
        "cloud-region": "r1", "owner-tag": "user-admin", "life": "alive", "status": {"status": "available"},
    }});
    Say::Answer(match asked.method.as_str() {
        "Login" => login(&shared.uuid, &asked.path),
        "ListModelSummaries" => json!({"results": [own]}),
        "Clouds" => json!({"clouds": {"cloud-stub": {
            "type": "openstack", "auth-types": ["userpass"], "regions": [{"name": "r1", "endpoint": ""}],
        }}}),
        "ModelInfo" => json!({"results": [{"result": model_info(&shared.model)}]}),
        "UpdateCredentialsCheckModels" => json!({"results": [{"tag": asked.params["credentials"][0]["tag"]}]}),
        "CreateModel" => {
            let mut info = model_info(&Uuid::new_v4().to_string());
            info["name"] = asked.params["name"].clone();
            info
        }
        "FullStatus" => json!({"model": {"name": "truth"}}),
        "Ping" => json!({}),
        "ListApplicationOffers" => json!({"results": []}),
        method => return Say::Text(format!("{{\"request-id\":0,\"error\":\"not served: {method}\"}}")),
    })
}
