//! A broker with two scripted controllers behind it, one of each generation, and clients logged in to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jimm::app::App;
use jimm::authn::SessionTokens;
use jimm::clock::SystemClock;
use jimm::config::{Sources, load};
use jimm_rpc::{CallError, Connection, DialOptions, Target, Tls};
use jimm_store::clouds::{self, NewCloud, Priority, Region};
use jimm_store::controllers::{self, NewController};
use jimm_store::models::{self, NewModel};
use jimm_store::tuples::{self, TupleRow};
use jimm_store::{Store, identities};
use jimm_tests::postgres::TestDb;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scripted::Scripted;

pub(crate) const BROKER: &str = "3217dbc9-8ea9-4381-9e97-01eab0b3f6bb";
pub(crate) const ADMIN: &str = "admin@example.com";
pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) app: App,
    /// Speaks 3.6.
    pub(crate) older: Scripted,
    /// Speaks 4.0.
    pub(crate) newer: Scripted,
    pub(crate) db: TestDb,
}

/// A client's connection.
pub(crate) struct Client(Connection);

impl World {
    pub(crate) async fn new() -> Self {
        let db = TestDb::create().await;
        let env = BTreeMap::from(
            [
                ("JIMM_UUID", BROKER),
                ("JIMM_DNS_NAME", "localhost"),
                ("JIMM_ADMINS", ADMIN),
                ("JIMM_LISTEN_ADDR", "127.0.0.1:0"),
                ("JIMM_INTERNAL_LISTEN_ADDR", "127.0.0.1:0"),
                ("JIMM_DSN", &db.url),
                ("JIMM_SEALING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                ("JIMM_SESSION_SECRET_KEY", SECRET),
                ("JIMM_OAUTH_ISSUER_URL", "http://127.0.0.1:1"),
                ("JIMM_OAUTH_CLIENT_ID", "jimm"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let config = load(&Sources { env, file: None }).expect("a configuration").config;
        let app = App::start(config).await.expect("the broker starts");
        let world = Self { app, older: Scripted::start(false).await, newer: Scripted::start(true).await, db };
        world.seed().await;
        world
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.services().broker.store
    }

    /// A cloud that everybody may use, served by both controllers, in a region each.
    async fn seed(&self) {
        let mut tx = self.store().begin().await.expect("a transaction");
        let cloud = NewCloud {
            name: "stub".into(),
            kind: "openstack".into(),
            auth_types: vec!["userpass".into()],
            ..NewCloud::default()
        };
        clouds::ensure(&mut tx, &cloud).await.expect("the cloud");
        for (position, (region, host, name)) in
            [("r1", &self.older, "older"), ("r2", &self.newer, "newer")].into_iter().enumerate()
        {
            let position = i32::try_from(position).expect("small");
            let region = Region { cloud: "stub".into(), name: region.into(), position, ..Region::default() };
            clouds::put_region(&mut tx, &region).await.expect("the region");
            let controller = NewController {
                uuid: host.uuid,
                name: name.into(),
                addresses: vec![host.address.clone()],
                ca_certificate: host.ca.clone(),
                agent_version: if name == "newer" { "4.0.8" } else { "3.6.11" }.into(),
                cloud: "stub".into(),
                region: region.name.clone(),
                ..NewController::default()
            };
            controllers::insert(&mut tx, &controller).await.expect("the controller");
            let priority = Priority {
                controller_uuid: host.uuid,
                cloud: "stub".into(),
                region: region.name.clone(),
                priority: 10,
            };
            clouds::put_priority(&mut tx, &priority).await.expect("the priority");
            tuple(&mut tx, ["controller", BROKER], "controller", ["controller", &host.uuid.to_string()]).await;
            tuple(&mut tx, ["controller", &host.uuid.to_string()], "controller", ["cloud", "stub"]).await;
        }
        tuple(&mut tx, ["user", "*"], "can_addmodel", ["cloud", "stub"]).await;
        for user in [ALICE, BOB] {
            identities::ensure(&mut tx, user).await.expect("the identity");
        }
        tx.commit().await.expect("committed");
    }

    /// A model that is there already.
    pub(crate) async fn model(&self, owner: &str, name: &str, host: &Scripted) -> Uuid {
        let uuid = Uuid::new_v4();
        let new = NewModel {
            uuid,
            name: name.into(),
            owner: owner.into(),
            controller_uuid: host.uuid,
            cloud: "stub".into(),
            region: "r1".into(),
            credential_owner: Some(owner.into()),
            credential_name: Some("default".into()),
            ..NewModel::default()
        };
        let mut tx = self.store().begin().await.expect("a transaction");
        models::insert(&mut tx, &new).await.expect("the model");
        tuple(&mut tx, ["controller", &host.uuid.to_string()], "controller", ["model", &uuid.to_string()]).await;
        tuple(&mut tx, ["user", owner], "administrator", ["model", &uuid.to_string()]).await;
        tx.commit().await.expect("committed");
        uuid
    }

    /// A client logged in as that user.
    pub(crate) async fn login(&self, user: &str) -> Client {
        self.log_in(user).await.0
    }

    /// The facades that a login tells of.
    pub(crate) async fn facades_of_login(&self, user: &str) -> Vec<Value> {
        self.log_in(user).await.1["facades"].as_array().cloned().unwrap_or_default()
    }

    async fn log_in(&self, user: &str) -> (Client, Value) {
        let target = Target { addresses: vec![self.app.address().to_string()], path: "/api".into(), tls: Tls::Plain };
        let connection = jimm_rpc::dial(&target, &DialOptions::default()).await.expect("the broker answers");
        let tokens = SessionTokens::new(&SECRET.into(), Duration::from_secs(600), Arc::new(SystemClock));
        let token = tokens.mint(&user.parse().expect("a name"), &[]).expect("a token");
        let client = Client(connection);
        let told = client.ok("Admin(4).LoginWithSessionToken", json!({"session-token": token})).await;
        (client, told)
    }

    /// The tuples on a model, in a line each.
    pub(crate) async fn tuples_on(&self, kind: &str, id: &str) -> Vec<String> {
        let mut conn = self.store().acquire().await.expect("a connection");
        let rows = tuples::on_objects(&mut conn, &[(kind.to_owned(), id.to_owned())]).await.expect("tuples");
        let mut lines: Vec<_> =
            rows.into_iter().map(|t| format!("{}:{} {}", t.subject_kind, t.subject_id, t.relation)).collect();
        lines.sort();
        lines
    }

    /// A credential of the user's for the cloud, uploaded.
    pub(crate) async fn credential(&self, client: &Client, user: &str) {
        let credential = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": "hunter2"}});
        let tagged = json!({"tag": format!("cloudcred-stub_{user}_default"), "credential": credential});
        let answer =
            client.ok("Cloud(7).UpdateCredentialsCheckModels", json!({"credentials": [tagged], "force": false})).await;
        assert_eq!(answer["results"][0]["error"], Value::Null, "{answer}");
    }
}

async fn tuple(tx: &mut jimm_store::Tx, subject: [&str; 2], relation: &str, object: [&str; 2]) {
    let row = TupleRow {
        subject_kind: subject[0].into(),
        subject_id: subject[1].into(),
        subject_relation: String::new(),
        relation: relation.into(),
        object_kind: object[0].into(),
        object_id: object[1].into(),
    };
    tuples::insert(tx, &row).await.expect("a tuple");
}

impl Client {
    /// Calls `Facade(version).Method`.
    pub(crate) async fn call(&self, what: &str, params: Value) -> Result<Value, (String, String)> {
        let (facade, rest) = what.split_once('(').expect("Facade(version).Method");
        let (version, method) = rest.split_once(").").expect("Facade(version).Method");
        let version = version.parse().expect("a version");
        self.0.call(facade, version, method, &params, DEADLINE).await.map_err(|e| match e {
            CallError::Remote(e) => (e.message, e.code),
            other => panic!("{what}: {other}"),
        })
    }

    /// The same, and it works.
    pub(crate) async fn ok(&self, what: &str, params: Value) -> Value {
        self.call(what, params).await.unwrap_or_else(|(message, code)| panic!("{what}: {message} ({code})"))
    }

    /// The one entry's error of a bulk call, as `message (code)`; empty when there is none.
    pub(crate) async fn entry_error(&self, what: &str, params: Value) -> String {
        let answer = self.ok(what, params).await;
        let error = &answer["results"][0]["error"];
        if error.is_null() {
            return String::new();
        }
        format!("{} ({})", error["message"].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())
    }
}
