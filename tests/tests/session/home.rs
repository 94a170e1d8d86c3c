//! A model's home as small as it can be: takes tokens, answers by a few fixed rules, keeps what it was sent.

use std::convert::Infallible;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An answer with everything that a careless relay changes: spaces, order, large numbers, members nobody knows.
pub(crate) const ODD: &str = r#", "response" : {"z":1, "n":9007199254740993,"a":"<&>\u00e9"},"new":null}"#;

/// Something that reached the home.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// `GET`, `PUT`, … or `frame`.
    pub(crate) kind: String,
    /// Path and query.
    pub(crate) path: String,
    /// Its head, as `name: value` lines.
    pub(crate) headers: Vec<String>,
    /// The body, or the frame.
    pub(crate) body: String,
    /// When the line was opened on which it came.
    pub(crate) line: Instant,
}

pub(crate) struct Home {
    pub(crate) uuid: Uuid,
    pub(crate) address: String,
    pub(crate) ca: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    uuid: Uuid,
    arrived: Mutex<Vec<Arrived>>,
    logins: Mutex<u32>,
    open: Mutex<i32>,
    /// Lines on which nothing was said yet.
    quiet: AtomicI32,
    /// Ends the lines on which no websocket was opened yet.
    hang_up: Mutex<CancellationToken>,
    hung_up: AtomicU32,
    /// How often it stood still: what comes on a line from before is not answered.
    still: AtomicU32,
    in_vain: AtomicU32,
}

/// A connection, before a websocket is opened on it.
#[derive(Clone, Copy)]
struct Line {
    since: Instant,
    /// How often the home had stood still.
    still: u32,
}

impl Home {
    pub(crate) async fn start() -> Self {
        let uuid = Uuid::new_v4();
        let cert = rcgen::generate_simple_self_signed(["juju-apiserver".to_owned()]).expect("a certificate");
        let ca = cert.cert.pem();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(cert.signing_key.serialize_der()));
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.cert.der().clone()], key)
            .expect("a TLS configuration");
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared { uuid, ..Shared::default() });
        let with = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, with) = (acceptor.clone(), Arc::clone(&with));
                let line = Line { since: Instant::now(), still: with.still.load(Ordering::SeqCst) };
                let hung_up = with.hang_up.lock().expect("not poisoned").clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    with.quiet.fetch_add(1, Ordering::SeqCst);
                    let shared = Arc::clone(&with);
                    let service = service_fn(move |request| answer(Arc::clone(&shared), line, request));
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades();
                    tokio::select! {
                        _ = served => {}
                        () = hung_up.cancelled() => {
                            with.quiet.fetch_sub(1, Ordering::SeqCst);
                            with.hung_up.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        Self { uuid, address, ca, shared }
    }

    /// What arrived so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().expect("not poisoned").clone()
    }

    /// The frames of that facade that arrived.
    pub(crate) fn frames(&self, facade: &str) -> Vec<String> {
        let of = format!("\"{facade}\"");
        self.arrived().into_iter().filter(|it| it.kind == "frame" && it.body.contains(&of)).map(|it| it.body).collect()
    }

    /// How often somebody logged in.
    pub(crate) fn logins(&self) -> u32 {
        *self.shared.logins.lock().expect("not poisoned")
    }

    /// Lines that are open and on which nothing was said yet.
    pub(crate) fn quiet(&self) -> i32 {
        self.shared.quiet.load(Ordering::SeqCst)
    }

    /// Ends every line on which nothing was said yet.
    pub(crate) fn hang_up(&self) {
        let before = std::mem::take(&mut *self.shared.hang_up.lock().expect("not poisoned"));
        before.cancel();
    }

    /// How many lines were ended so.
    pub(crate) fn hung_up(&self) -> u32 {
        self.shared.hung_up.load(Ordering::SeqCst)
    }

    /// From now on only what comes on new lines is answered.
    pub(crate) fn stand_still(&self) {
        self.shared.still.fetch_add(1, Ordering::SeqCst);
    }

    /// How often somebody wanted to a model on a line from before.
    pub(crate) fn in_vain(&self) -> u32 {
        self.shared.in_vain.load(Ordering::SeqCst)
    }

    /// Websockets that are open now.
    pub(crate) fn open(&self) -> i32 {
        *self.shared.open.lock().expect("not poisoned")
    }
}

async fn answer(
    shared: Arc<Shared>,
    line: Line,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    shared.quiet.fetch_sub(1, Ordering::SeqCst);
    let path = request.uri().to_string();
    if path.starts_with("/model") && line.still < shared.still.load(Ordering::SeqCst) {
        shared.in_vain.fetch_add(1, Ordering::SeqCst);
        return std::future::pending().await;
    }
    let headers: Vec<String> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
    let kind = request.method().to_string();
    let mut arrived = Arrived { kind, path: path.clone(), headers, body: String::new(), line: line.since };
    if let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) {
        let accept = derive_accept_key(key.as_bytes());
        // The broker's own housekeeping is none of these tests' business.
        if !path.starts_with("/model") {
            tokio::spawn(housekeeping(hyper::upgrade::on(&mut request), Arc::clone(&shared)));
            return Ok(switching(accept));
        }
        shared.arrived.lock().expect("not poisoned").push(arrived);
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrading.await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            *shared.open.lock().expect("not poisoned") += 1;
            if path.ends_with("/api") {
                frames(&shared, socket, &path, line).await;
            } else {
                log(socket).await;
            }
            *shared.open.lock().expect("not poisoned") -= 1;
        });
        return Ok(switching(accept));
    }
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    arrived.body = format!("{} bytes", body.len());
    shared.arrived.lock().expect("not poisoned").push(arrived);
    let response = Response::builder().header("juju-curl", "local:rig-1").header("content-type", "application/json");
    Ok(response.body(Full::from(r#"{"charm-url":"local:rig-1"}"#)).expect("a response"))
}

fn switching(accept: String) -> Response<Full<Bytes>> {
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept);
    response.body(Full::default()).expect("a response")
}

/// Answers logins on the controller connection.
async fn housekeeping(upgrading: hyper::upgrade::OnUpgrade, shared: Arc<Shared>) {
    let Ok(upgraded) = upgrading.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).expect("a frame");
        let reply = if frame["type"] == "Admin" {
            let mut result = login(shared.uuid, "");
            result.as_object_mut().expect("an object").remove("model-tag");
            json!({"request-id": frame["request-id"], "response": result})
        } else {
            json!({"request-id": frame["request-id"], "error": "not served here", "error-code": "not implemented"})
        };
        if socket.send(Message::text(reply.to_string())).await.is_err() {
            return;
        }
    }
}

async fn log(mut socket: WebSocketStream<TokioIo<Upgraded>>) {
    for line in ["{}\n", "{\"msg\":\"one\"}\n", "{\"msg\":\"two\"}\n"] {
        if socket.send(Message::text(line)).await.is_err() {
            return;
        }
    }
    let _ = socket.close(None).await;
}

async fn frames(shared: &Arc<Shared>, socket: WebSocketStream<TokioIo<Upgraded>>, path: &str, line: Line) {
    let (sink, mut stream) = socket.split();
    let sink = Arc::new(tokio::sync::Mutex::new(sink));
    let mut access = Value::Null;
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).expect("a frame");
        let method = format!("{}.{}", frame["type"].as_str().unwrap_or(""), frame["request"].as_str().unwrap_or(""));
        let (kind, headers, body) = ("frame".into(), Vec::new(), text.to_string());
        let arrived = Arrived { kind, path: path.into(), headers, body, line: line.since };
        shared.arrived.lock().expect("not poisoned").push(arrived);
        let id = &frame["request-id"];
        let params = &frame["params"];
        let reply = match method.as_str() {
            "Admin.Login" => {
                *shared.logins.lock().expect("not poisoned") += 1;
                access = claims(params["token"].as_str().unwrap_or_default());
                json!({"request-id": id, "response": login(shared.uuid, path)}).to_string()
            }
            "Odd.Answer" => format!("{{ \"request-id\":{id}{ODD}"),
            "Slow.Hang" | "StringsWatcher.Next" => continue,
            "Slow.Die" => return,
            "Echo.Params" => json!({"request-id": id, "response": params}).to_string(),
            "Gate.Need" | "Gate.NeedBulk" => {
                let (tag, level) = (params["tag"].as_str().unwrap_or(""), &params["level"]);
                if &access[tag] == level {
                    json!({"request-id": id, "response": {"access": access}}).to_string()
                } else {
                    let info = json!({tag: level});
                    let text = "access permissions required: map[…]";
                    if method == "Gate.Need" {
                        json!({"request-id": id, "error": text, "error-code": "access required", "error-info": info, "response": {}}).to_string()
                    } else {
                        let error = json!({"message": text, "code": "access required", "info": info});
                        json!({"request-id": id, "response": {"results": [{"error": error}]}}).to_string()
                    }
                }
            }
            _ => json!({"request-id": id, "response": {"method": method, "access": access}}).to_string(),
        };
        if sink.lock().await.send(Message::text(reply)).await.is_err() {
            return;
        }
    }
}

fn login(uuid: Uuid, path: &str) -> Value {
    let model = path.split('/').nth(2).unwrap_or_default();
    json!({
        "controller-tag": format!("controller-{uuid}"),
        "model-tag": format!("model-{model}"),
        "server-version": "4.0.8",
        "servers": [[{"value": "10.1.2.3", "type": "ipv4", "scope": "local-cloud", "port": 17070}]],
        "user-info": {"identity": "user-alice@example.com", "display-name": "", "controller-access": "login", "model-access": "admin"},
        "facades": [{"name": "HighAvailability", "versions": [2, 3]}, {"name": "ModelUpgrader", "versions": [1]}],
    })
}

/// The rights in a token.
fn claims(token: &str) -> Value {
    let read = || {
        let compact = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(compact.split('.').nth(1)?).ok()?;
        serde_json::from_slice::<Value>(&payload).ok()
    };
    read().map(|claims| claims["access"].clone()).unwrap_or_default()
}
