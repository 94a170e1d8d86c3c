//! A broker with an offer in its tables, and requests to its discharger.

use jimm_bakery::{Condition, KeyPair, Namespace, PublicKey, seal_caveat, write_base64};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::browser;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
/// The namespace of Juju's controllers.
pub(crate) const JUJU: &str = "github.com/juju/juju: std:";

/// A broker, and an offer that Alice may consume and Bob only see.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) offer: Uuid,
    pub(crate) client: Client,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["Code"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["Message"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// With settings of the broker beyond the usual ones.
    pub(crate) async fn with(env: Vec<(String, String)>) -> Self {
        let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
        let offer = Uuid::new_v4();
        let client = browser::client(&app).expect("a client");
        let this = Self { app, offer, client };
        for user in [ALICE, BOB] {
            let sql = format!("INSERT INTO identities (name) VALUES ('{user}') ON CONFLICT DO NOTHING");
            this.app.db.execute(&sql).await.expect("an identity");
        }
        let uuid = Uuid::new_v4();
        for row in [
            "clouds (name, type) VALUES ('stub', 'lxd')".to_owned(),
            format!("controllers (uuid, name, cloud) VALUES ('{uuid}', 'c1', 'stub')"),
            format!(
                "models (uuid, name, owner, controller_uuid, cloud) VALUES ('{uuid}', 'm', '{ALICE}', '{uuid}', 'stub')"
            ),
            format!("offers (uuid, model_uuid, name, url) VALUES ('{offer}', '{uuid}', 'o', '{ALICE}/m.o')"),
        ] {
            this.app.db.execute(&format!("INSERT INTO {row}")).await.expect("a row");
        }
        this.grant(ALICE, "consumer").await;
        this.grant("*", "reader").await;
        this
    }

    pub(crate) async fn grant(&self, user: &str, relation: &str) {
        let sql = format!(
            "INSERT INTO relation_tuples (subject_kind, subject_id, subject_relation, relation, object_kind, object_id) \
             VALUES ('user', '{user}', '', '{relation}', 'applicationoffer', '{}')",
            self.offer
        );
        self.app.db.execute(&sql).await.expect("a right");
    }

    pub(crate) fn base(&self) -> String {
        format!("https://{}/macaroons", self.app.door.address)
    }

    pub(crate) fn condition(&self, user: &str) -> String {
        format!("is-consumer user-{user} {}", self.offer)
    }

    /// The broker's key, as it publishes it.
    pub(crate) async fn key(&self) -> PublicKey {
        let answer = self.get("discharge/info").await;
        assert_eq!((answer.status, &answer.body["Version"]), (StatusCode::OK, &Value::from(3)));
        answer.body["PublicKey"].as_str().expect("a key").parse().expect("a key")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}/{path}", self.base()))).await
    }

    /// As controllers do it: everything in the query, an empty body.
    pub(crate) async fn post(&self, query: &str) -> Answer {
        self.send(self.client.post(format!("{}/discharge?{query}", self.base()))).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.header("Bakery-Protocol-Version", "3").send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"));
        Answer { status, body }
    }

    /// Asks for the discharge of a condition that somebody sealed to the broker.
    pub(crate) async fn ask(&self, condition: &str) -> Answer {
        let namespace: Namespace = JUJU.parse().expect("a namespace");
        let sealed = seal_caveat(3, condition, b"root key", self.key().await, &KeyPair::random(), &namespace);
        self.post(&format!("caveat64={}&id64=AwA", write_base64(&sealed))).await
    }
}

/// What [`jimm_bakery::BakeryMacaroon`]s are narrowed by in these tests.
pub(crate) fn declared(name: &str, value: &str) -> Condition {
    Condition::declared(name, value)
}

/// A client for a server of this test on loopback.
pub(crate) fn plain_client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().build().expect("a client")
}
