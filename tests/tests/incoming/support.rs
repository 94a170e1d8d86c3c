//! A broker with one controller behind it, and a controller outside with a model that is to come in.

use std::collections::BTreeMap;
use std::time::Duration;

use jimm_rpc::{CallError, Connection};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::client::Door;
use jimm_tests::given;
use jimm_tests::process::eventually;
use jimm_tests::sim::{Controller, Model, Offer, Options, Shape};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) source: Controller,
    pub(crate) admin: Connection,
    pub(crate) model: Uuid,
    pub(crate) offer: Uuid,
    original: Model,
}

impl World {
    /// Both of that generation: `3.6` or `4.1`.
    pub(crate) async fn new(shape: &str) -> Self {
        Self::with(shape, Vec::new()).await
    }

    /// The same, with these settings of the broker.
    pub(crate) async fn with(shape: &str, env: Vec<(String, String)>) -> Self {
        let app = TestApp::with(AppOptions { sims: vec![shape.to_owned()], env }).await;
        app.attach_all().await;
        let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
        let alice = app.connect(ALICE).await.expect("the owner to be");
        given::upload_credential(&alice, &cloud, ALICE).await.expect("a credential");
        let shape: Shape = shape.parse().expect("a shape");
        let options = Options { name: "outside".into(), shape, cloud: cloud.clone(), ..Options::default() };
        let source = Controller::start(options).await.expect("a source");
        let (model, offer) = (source.add_model("shop", "bob", &["web", "db"]), Uuid::new_v4());
        let tag = format!("cloudcred-{cloud}_bob_default");
        source.keep_credential(&tag, "userpass", &[("username", "0123"), ("password", "of the source")]);
        source.change_model(model, |model| {
            model.users = pairs(&[("bob", "admin"), ("carol", "write"), ("dave", "read")]);
            let users = pairs(&[("bob", "admin"), ("carol", "consume"), ("everyone@external", "read")]);
            model
                .offers
                .insert("db".into(), Offer { uuid: offer, application: "db".into(), users, ..Offer::default() });
        });
        let admin = app.connect(ADMIN).await.expect("the admin");
        let original = source.world().models[&model].clone();
        Self { app, source, admin, model, offer, original }
    }

    /// The source has the model again as it was.
    pub(crate) fn restore_source(&self) {
        self.source.put_model(self.original.clone());
    }

    pub(crate) fn tag(&self) -> String {
        format!("model-{}", self.model)
    }

    /// Dave stays behind.
    pub(crate) fn mapping() -> Value {
        json!({"bob": ALICE, "carol": "carol@example.com", "dave": ""})
    }

    pub(crate) async fn prepare(&self) -> String {
        self.prepare_with(Self::mapping()).await.expect("it is prepared")
    }

    pub(crate) async fn prepare_with(&self, mapping: Value) -> Result<String, CallError> {
        let params = json!({"model-tag": self.tag(), "backing-controller-name": "sim1", "user-mapping": mapping});
        // The broker may have been killed since.
        let admin = self.app.connect(ADMIN).await.expect("the admin");
        let answer: Value = admin.call("JIMM", 4, "PrepareModelMigration", &params, LONG).await?;
        Ok(answer["token"].as_str().expect("a token").to_owned())
    }

    /// What a source says.
    pub(crate) async fn say(&self, token: &str, version: u32, method: &str, params: Value) -> Result<Value, CallError> {
        let (connection, _) = self.app.door.with_token(token).await.expect("the token is taken");
        connection.call("MigrationTarget", version, method, &params, LONG).await
    }

    pub(crate) fn target_info(&self, token: &str) -> Value {
        json!({"controller-tag": format!("controller-{}", self.app.plan.uuid), "addrs": [self.app.plan.address()],
               "ca-cert": self.app.door.ca, "auth-tag": format!("user-{ADMIN}"), "token": token, "skip-user-checks": true})
    }

    /// The source is told to begin: its answer.
    pub(crate) async fn initiate(&self, token: &str) -> Value {
        let door = Door { address: self.source.address().to_string(), ca: self.source.ca_pem().to_owned() };
        let (connection, _) = door.with_password("/api", "admin", "sim-password").await.expect("the source");
        let specs = json!({"specs": [{"model-tag": self.tag(), "target-info": self.target_info(token)}]});
        let answer: Value =
            connection.call("Controller", 12, "InitiateMigration", &specs, LONG).await.expect("answers");
        answer["results"][0].clone()
    }

    /// Waits until it is over at the source, and answers what is told there.
    pub(crate) async fn over(&self) -> String {
        eventually("the migration ends", LONG, || async {
            let world = self.source.world();
            let Some(model) = world.models.get(&self.model) else { return Some(String::new()) };
            model.migration.as_ref().filter(|m| m.end.is_some()).map(|m| m.status.clone())
        })
        .await
    }

    pub(crate) async fn fetch(&self, sql: &str) -> String {
        self.app.db.fetch(sql).await.expect("the database").unwrap_or_default()
    }

    /// The state of what was prepared.
    pub(crate) async fn state(&self) -> String {
        self.fetch(&format!("SELECT state FROM incoming_models WHERE model_uuid = '{}'", self.model)).await
    }

    /// Everything that the broker has of the model: rows and rights.
    pub(crate) async fn rows(&self) -> String {
        let (model, offer) = (self.model, self.offer);
        self.fetch(&format!(
            "SELECT (SELECT count(*) FROM models WHERE uuid = '{model}')::text || ' ' ||
                    (SELECT count(*) FROM offers WHERE uuid = '{offer}' OR model_uuid = '{model}') || ' ' ||
                    (SELECT count(*) FROM relation_tuples WHERE object_id IN ('{model}', '{offer}') OR subject_id = '{model}')"
        ))
        .await
    }

    /// What the controller behind the broker remembers of the model.
    pub(crate) fn at_home(&self) -> Value {
        let file = self.app.sims[0].plan.dir.join("state.json");
        serde_json::from_str(&std::fs::read_to_string(file).expect("a memory")).expect("JSON")
    }

    /// The source has the model as if nothing had been, the broker nothing of it.
    pub(crate) async fn assert_nothing_came(&self) {
        assert_eq!(self.rows().await, "0 0 0");
        assert!(self.source.world().models.contains_key(&self.model), "it stays at the source");
        assert!(self.at_home()["models"][self.model.to_string()].is_null(), "and does not come");
    }
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(user, access)| ((*user).to_owned(), (*access).to_owned())).collect()
}

/// The error of a call that has to fail.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> jimm_proto::params::common::Error {
    match answer {
        Err(CallError::Remote(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}
