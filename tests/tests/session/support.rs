//! A broker in this process with a home behind it, and raw clients of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use jimm::app::App;
use jimm::authn::SessionTokens;
use jimm::clock::SystemClock;
use jimm::config::{Sources, load};
use jimm_rpc::{DialOptions, Socket, Target, Tls};
use jimm_store::clouds::{self, NewCloud, Region};
use jimm_store::controllers::{self, NewController};
use jimm_store::models::{self, NewModel};
use jimm_store::tuples::{self, TupleRow};
use jimm_store::{Store, identities};
use jimm_tests::idp::{Idp, IdpOptions};
use jimm_tests::postgres::TestDb;
use jimm_tests::process::eventually;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use uuid::Uuid;

use crate::home::Home;

pub(crate) const BROKER: &str = "3217dbc9-8ea9-4381-9e97-01eab0b3f6bb";
pub(crate) const ADMIN: &str = "admin@example.com";
pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) home: Home,
    pub(crate) idp: Idp,
    _db: TestDb,
}

/// A websocket to the broker, frame by frame.
pub(crate) struct Client {
    socket: Socket,
    next: u64,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let db = TestDb::create().await;
        let services = vec![("svc".to_owned(), "svc-secret".to_owned())];
        let idp = Idp::start(IdpOptions { interval: 0, services, ..IdpOptions::default() }).await.expect("a provider");
        let fixed = [
            ("JIMM_UUID", BROKER),
            ("JIMM_DNS_NAME", "jimm.example.com"),
            ("JIMM_ADMINS", ADMIN),
            ("JIMM_LISTEN_ADDR", "127.0.0.1:0"),
            ("JIMM_INTERNAL_LISTEN_ADDR", "127.0.0.1:0"),
            ("JIMM_DSN", &db.url),
            ("JIMM_SEALING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("JIMM_SESSION_SECRET_KEY", SECRET),
            ("JIMM_OAUTH_ISSUER_URL", idp.issuer()),
            ("JIMM_OAUTH_CLIENT_ID", &idp.options().client_id),
            ("JIMM_OAUTH_CLIENT_SECRET", &idp.options().client_secret),
        ];
        let env: BTreeMap<String, String> =
            fixed.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = load(&Sources { env, file: None }).expect("a configuration").config;
        let app = App::start(config).await.expect("the broker starts");
        let world = Self { app, home: Home::start().await, idp, _db: db };
        world.seed().await;
        world
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.services().broker.store
    }

    async fn seed(&self) {
        let mut tx = self.store().begin().await.expect("a transaction");
        let cloud = NewCloud { name: "stub".into(), kind: "openstack".into(), ..NewCloud::default() };
        clouds::ensure(&mut tx, &cloud).await.expect("the cloud");
        let region = Region { cloud: "stub".into(), name: "r1".into(), ..Region::default() };
        clouds::put_region(&mut tx, &region).await.expect("the region");
        self.add_controller(&mut tx, "home", &self.home).await;
        for user in [ALICE, BOB] {
            identities::ensure(&mut tx, user).await.expect("the identity");
        }
        tx.commit().await.expect("committed");
    }

    /// The home is said to be where nothing listens.
    pub(crate) async fn lose_home(&self) {
        self.say_home_is_at("127.0.0.1:1").await;
    }

    /// From now on whoever dials the home dials this address.
    pub(crate) async fn say_home_is_at(&self, address: &str) {
        let addresses = [address.to_owned()];
        let broker = &self.app.services().broker;
        // The broker's own look at it, begun before, may bring back where it was.
        let times = std::cell::Cell::new(0);
        eventually("the broker believes it", DEADLINE, || async {
            let mut conn = self.store().acquire().await.expect("a connection");
            let set = controllers::set_addresses(&mut conn, self.home.uuid, &addresses, "", &self.home.ca, "").await;
            set.expect("an update");
            drop(conn);
            let believed = broker.slot(self.home.uuid).await.expect("a slot").endpoint().addresses == addresses;
            // Where it was is believed for a moment.
            broker.controllers.forget(self.home.uuid);
            times.set(if believed { times.get() + 1 } else { 0 });
            (times.get() > 5).then_some(())
        })
        .await;
    }

    pub(crate) async fn add_controller(&self, tx: &mut jimm_store::Tx, name: &str, home: &Home) {
        let controller = NewController {
            uuid: home.uuid,
            name: name.into(),
            addresses: vec![home.address.clone()],
            ca_certificate: home.ca.clone(),
            agent_version: "4.0.8".into(),
            cloud: "stub".into(),
            region: "r1".into(),
            ..NewController::default()
        };
        controllers::insert(tx, &controller).await.expect("the controller");
        tuple(tx, ["controller", BROKER], "controller", ["controller", &home.uuid.to_string()]).await;
    }

    /// A model of Alice's that lives at home.
    pub(crate) async fn model(&self) -> Uuid {
        let uuid = Uuid::new_v4();
        let new = NewModel {
            uuid,
            name: format!("m{}", uuid.simple()),
            owner: ALICE.into(),
            controller_uuid: self.home.uuid,
            cloud: "stub".into(),
            region: "r1".into(),
            ..NewModel::default()
        };
        let mut tx = self.store().begin().await.expect("a transaction");
        models::insert(&mut tx, &new).await.expect("the model");
        tuple(&mut tx, ["controller", &self.home.uuid.to_string()], "controller", ["model", &uuid.to_string()]).await;
        tuple(&mut tx, ["user", ALICE], "administrator", ["model", &uuid.to_string()]).await;
        tx.commit().await.expect("committed");
        uuid
    }

    pub(crate) async fn grant(&self, user: &str, relation: &str, kind: &str, id: &str) {
        self.write_tuple(["user", user, "", relation, kind, id]).await;
    }

    pub(crate) async fn revoke(&self, user: &str, relation: &str, kind: &str, id: &str) {
        self.delete_tuple(["user", user, "", relation, kind, id]).await;
    }

    /// Subject kind, id and relation, relation, object kind and id.
    pub(crate) async fn write_tuple(&self, parts: [&str; 6]) {
        let mut tx = self.store().begin().await.expect("a transaction");
        tuples::insert(&mut tx, &row(parts)).await.expect("a tuple");
        tx.commit().await.expect("committed");
    }

    pub(crate) async fn delete_tuple(&self, parts: [&str; 6]) {
        let mut tx = self.store().begin().await.expect("a transaction");
        assert!(tuples::delete(&mut tx, &row(parts)).await.expect("no error"), "{parts:?}");
        tx.commit().await.expect("committed");
    }

    /// A session token as the device flow would give it.
    pub(crate) fn token(user: &str) -> String {
        let tokens = SessionTokens::new(&SECRET.into(), Duration::from_secs(600), Arc::new(SystemClock));
        tokens.mint(&user.parse().expect("a name"), &[]).expect("a token")
    }

    pub(crate) fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.address())
    }

    /// A websocket, nothing said yet.
    pub(crate) async fn open(&self, path: &str, headers: Vec<(http::HeaderName, http::HeaderValue)>) -> Client {
        let target = Target { addresses: vec![self.app.address().to_string()], path: path.into(), tls: Tls::Plain };
        let options = DialOptions { headers, ..DialOptions::default() };
        Client { socket: jimm_rpc::dial_socket(&target, &options).await.expect("the broker answers"), next: 0 }
    }

    /// A websocket on which that user has logged in, and the login's result.
    pub(crate) async fn login(&self, path: &str, user: &str) -> (Client, Value) {
        let mut client = self.open(path, Vec::new()).await;
        let result = client.ok("Admin(4).LoginWithSessionToken", json!({"session-token": Self::token(user)})).await;
        (client, result)
    }

    pub(crate) async fn to_model(&self, model: Uuid, user: &str) -> Client {
        self.login(&format!("/model/{model}/api"), user).await.0
    }
}

pub(crate) fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().build().expect("a client")
}

async fn tuple(tx: &mut jimm_store::Tx, subject: [&str; 2], relation: &str, object: [&str; 2]) {
    let [kind, id] = subject;
    tuples::insert(tx, &row([kind, id, "", relation, object[0], object[1]])).await.expect("a tuple");
}

fn row(parts: [&str; 6]) -> TupleRow {
    let [subject_kind, subject_id, subject_relation, relation, object_kind, object_id] = parts.map(str::to_owned);
    TupleRow { subject_kind, subject_id, subject_relation, relation, object_kind, object_id }
}

impl Client {
    /// Sends a text as it is.
    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("it is taken");
    }

    /// Sends `Facade(version).Method` and tells its number.
    pub(crate) async fn ask(&mut self, what: &str, params: Value) -> u64 {
        let (facade, rest) = what.split_once('(').expect("Facade(version).Method");
        let (version, method) = rest.split_once(").").expect("Facade(version).Method");
        let version: u32 = version.parse().expect("a version");
        self.next += 1;
        let frame =
            json!({"request-id": self.next, "type": facade, "version": version, "request": method, "params": params});
        self.send(&frame.to_string()).await;
        self.next
    }

    /// The next text, or how the broker closed.
    pub(crate) async fn receive(&mut self) -> Result<String, Option<CloseFrame>> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Close(frame))) => return Err(frame),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        tokio::time::timeout(DEADLINE, next).await.expect("something within the deadline")
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Value {
        let text = self.receive().await.expect("an answer");
        serde_json::from_str(&text).expect("JSON")
    }

    /// How the broker closes, whatever else it says before.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.receive().await {
                Ok(_) => {}
                Err(frame) => {
                    let frame = frame.expect("a close frame");
                    return (frame.code.into(), frame.reason.to_string());
                }
            }
        }
    }

    pub(crate) async fn call(&mut self, what: &str, params: Value) -> Result<Value, (String, String)> {
        let id = self.ask(what, params).await;
        let mut answer = self.answer().await;
        assert_eq!(answer["request-id"], id, "{answer}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match answer.get("error") {
            Some(error) => Err((text(error), text(&answer["error-code"]))),
            None => Ok(answer["response"].take()),
        }
    }

    pub(crate) async fn ok(&mut self, what: &str, params: Value) -> Value {
        self.call(what, params).await.unwrap_or_else(|(message, code)| panic!("{what}: {message} ({code})"))
    }

    /// The error, as `message (code)`.
    pub(crate) async fn error(&mut self, what: &str, params: Value) -> String {
        match self.call(what, params).await {
            Ok(answer) => panic!("{what} works: {answer}"),
            Err((message, code)) => format!("{message} ({code})"),
        }
    }

    pub(crate) async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}
