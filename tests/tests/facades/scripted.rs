//! A controller that answers what a test told it to, and remembers what it was asked and by whom.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

type Answer = Arc<dyn Fn(&Value) -> Result<Value, (String, String)> + Send + Sync>;

/// The error code that makes it hang up instead of answering.
pub(crate) const HANG_UP: &str = "hang up";

/// One call it got.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `sub` of the token, and its `access`.
    pub(crate) user: String,
    pub(crate) access: Value,
    /// `Facade(version).Method`.
    pub(crate) what: String,
    pub(crate) params: Value,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    calls: Vec<Call>,
}

impl State {
    /// Remembers the call, and says how it is answered.
    fn came(&mut self, call: Call, method: &str) -> Option<Answer> {
        self.calls.push(call);
        self.answers.get(method).cloned()
    }
}

pub(crate) struct Scripted {
    pub(crate) uuid: Uuid,
    pub(crate) address: String,
    pub(crate) ca: String,
    state: Arc<Mutex<State>>,
    _stop: DropGuard,
}

/// The facades of a controller of either generation.
pub(crate) fn facades(newer: bool) -> Value {
    let versions = if newer {
        [("ModelManager", vec![10, 11]), ("Controller", vec![12, 13, 14]), ("ApplicationOffers", vec![5, 6])]
    } else {
        [("ModelManager", vec![9, 10]), ("Controller", vec![11, 12]), ("ApplicationOffers", vec![4, 5])]
    };
    let mut facades: Vec<Value> = versions.iter().map(|(name, v)| json!({"name": name, "versions": v})).collect();
    for (name, versions) in [("Cloud", vec![7]), ("ModelUpgrader", vec![1]), ("Pinger", vec![1])] {
        facades.push(json!({"name": name, "versions": versions}));
    }
    json!(facades)
}

impl Scripted {
    pub(crate) async fn start(newer: bool) -> Self {
        let uuid = Uuid::new_v4();
        let cert = rcgen::generate_simple_self_signed(["juju-apiserver".to_owned()]).expect("a certificate");
        let ca = cert.cert.pem();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(cert.signing_key.serialize_der()));
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.cert.der().clone()], key)
            .expect("a TLS configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let login = json!({
            "controller-tag": format!("controller-{uuid}"),
            "server-version": if newer { "4.0.8" } else { "3.6.11" },
            "facades": facades(newer),
            "servers": [],
            "user-info": {"identity": "user-jimm@serviceaccount", "display-name": "", "controller-access": "superuser", "model-access": ""},
        });
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let (serving, shared) = (tracker.clone(), Arc::clone(&state));
        tracker.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((socket, _)) = listener.accept().await {
                serving.spawn(serve(acceptor.clone(), socket, login.clone(), Arc::clone(&shared)));
            }
        }));
        Self { uuid, address, ca, state, _stop: stop.drop_guard() }
    }

    /// From now on `Facade.Method` is answered by this.
    pub(crate) fn on(
        &self,
        method: &str,
        answer: impl Fn(&Value) -> Result<Value, (String, String)> + Send + Sync + 'static,
    ) {
        self.state.lock().expect("not poisoned").answers.insert(method.to_owned(), Arc::new(answer));
    }

    /// From now on `Facade.Method` is answered with this.
    pub(crate) fn answer(&self, method: &str, with: Value) {
        self.on(method, move |_| Ok(with.clone()));
    }

    /// The calls of `Facade.Method`, whatever the version.
    pub(crate) fn calls(&self, method: &str) -> Vec<Call> {
        let (facade, method) = method.split_once('.').expect("Facade.Method");
        let state = self.state.lock().expect("not poisoned");
        let is =
            |call: &&Call| call.what.starts_with(&format!("{facade}(")) && call.what.ends_with(&format!(").{method}"));
        state.calls.iter().filter(is).cloned().collect()
    }
}

async fn serve(acceptor: TlsAcceptor, socket: TcpStream, login: Value, state: Arc<Mutex<State>>) {
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut user, mut access) = (String::new(), Value::Null);
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let request: Value = serde_json::from_str(&text).expect("a request");
        let (facade, method) = (request["type"].as_str().unwrap_or(""), request["request"].as_str().unwrap_or(""));
        let params = request["params"].clone();
        let answer = match (facade, method) {
            ("Admin", "Login") => {
                (user, access) = subject(params["token"].as_str().unwrap_or_default());
                Ok(login.clone())
            }
            ("Pinger", _) => Ok(json!({})),
            _ => {
                let what = format!("{facade}({}).{method}", request["version"]);
                let call = Call { user: user.clone(), access: access.clone(), what, params: params.clone() };
                // Whoever asks what came does not wait for an answer that is held back.
                let answer = state.lock().expect("not poisoned").came(call, &format!("{facade}.{method}"));
                match answer {
                    Some(answer) => answer(&params),
                    None => Err((format!("{facade}.{method} is not scripted"), "not implemented".to_owned())),
                }
            }
        };
        let reply = match answer {
            Ok(response) => json!({"request-id": request["request-id"], "response": response}),
            // The connection ends in the middle of the call.
            Err((_, code)) if code == HANG_UP => return,
            Err((error, code)) => {
                json!({"request-id": request["request-id"], "error": error, "error-code": code, "response": {}})
            }
        };
        if socket.send(Message::text(reply.to_string())).await.is_err() {
            return;
        }
    }
}

/// Who a token speaks for, and with which rights.
fn subject(token: &str) -> (String, Value) {
    let claims = || {
        let compact = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(compact.split('.').nth(1)?).ok()?;
        serde_json::from_slice::<Value>(&payload).ok()
    };
    let claims = claims().unwrap_or_default();
    (claims["sub"].as_str().unwrap_or_default().to_owned(), claims["access"].clone())
}
