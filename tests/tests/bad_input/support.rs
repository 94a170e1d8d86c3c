//! What the tests of this binary start from, and what they look at afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::given;
use jimm_tests::process::eventually;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::wire::{Me, Ws};

/// A broker, one controller, a model of the administrator's on it.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) model: String,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(env: &[(&str, &str)]) -> Self {
        let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: settings(env) }).await;
        app.attach_all().await;
        let sim = &app.sims[0].plan;
        let cloud = given::cloud_of(sim).await.expect("a cloud");
        let admin = app.connect(ADMIN).await.expect("the administrator");
        given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
        let model = given::make_model(sim, &cloud, "here").await.expect("a model");
        let said = app.jimmctl(&["import-model", "sim1", &model, "--owner", ADMIN]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        let token = app.token(ADMIN).await.expect("a token");
        Self { app, model, token }
    }

    /// The path of the model connection.
    pub(crate) fn model_path(&self) -> String {
        format!("/model/{}/api", self.model)
    }

    /// A stream of the model's log.
    pub(crate) async fn stream(&self) -> Ws {
        let path = format!("/model/{}/log?replay=true", self.model);
        Ws::open(&self.app, &path, &basic(&self.token)).await
    }

    /// Others are served as before: on the controller connection and on the model's.
    pub(crate) async fn serves(&self) {
        serves(&self.app, &self.token).await;
        let mut model = Ws::logged_in(&self.app, &self.model_path(), &self.token).await;
        let status = model.call("Client(8).FullStatus", &json!({"patterns": null})).await;
        assert_eq!(status["response"]["model"]["name"], "here", "{status}");
    }
}

/// A broker without controllers.
pub(crate) async fn broker(env: &[(&str, &str)]) -> TestApp {
    TestApp::with(AppOptions { sims: Vec::new(), env: settings(env) }).await
}

pub(crate) fn settings(env: &[(&str, &str)]) -> Vec<(String, String)> {
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The header line of a session token.
pub(crate) fn basic(token: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!(":{token}")))
}

/// Whoever logs in now is served.
pub(crate) async fn serves(app: &TestApp, token: &str) {
    let mut other = Ws::logged_in(app, "/api", token).await;
    let pong = other.call("Pinger(1).Ping", &json!({})).await;
    assert_eq!(pong["response"], json!({}), "{pong}");
}

/// How many rows there are of what must not change, by table.
pub(crate) async fn rows(app: &TestApp) -> BTreeMap<String, i64> {
    let pool = PgPool::connect(&app.db.url).await.expect("the database");
    let mut rows = BTreeMap::new();
    for table in
        ["clouds", "cloud_regions", "controllers", "credentials", "models", "offers", "relation_tuples", "jobs"]
    {
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
        rows.insert(table.to_owned(), count.fetch_one(&pool).await.expect("a count"));
    }
    rows
}

/// Files and sockets that the broker has open.
pub(crate) fn open_files(app: &TestApp) -> usize {
    let dir = format!("/proc/{}/fd", app.broker_pid());
    std::fs::read_dir(dir).expect("the broker lives").count()
}

/// The broker's resident memory in MiB.
pub(crate) fn memory(app: &TestApp) -> u64 {
    memory_of(app.broker_pid())
}

/// A process's resident memory in MiB.
pub(crate) fn memory_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

/// The one line of the log about this connection; waits until it is there.
pub(crate) async fn line_of(app: &TestApp, client: Me) -> Value {
    let lines = lines_of(app, client, 1).await;
    assert_eq!(lines.len(), 1, "one line: {lines:#?}");
    lines.into_iter().next().expect("a line")
}

/// At least so many lines about this connection.
pub(crate) async fn lines_of(app: &TestApp, client: Me, least: usize) -> Vec<Value> {
    lines_where(app, least, |line| is_about(line, client)).await
}

/// The line that tells how this connection was closed.
pub(crate) async fn close_of(app: &TestApp, client: Me) -> Value {
    let mut lines = lines_where(app, 1, |line| is_about(line, client) && !line["close.code"].is_null()).await;
    lines.pop().expect("a line")
}

fn is_about(line: &Value, client: Me) -> bool {
    let at = line["timestamp"].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let is_later = at.is_some_and(|at| at >= DateTime::<Utc>::from(client.since));
    is_later && line["client.address"] == client.address.to_string().as_str()
}

/// How many calls of that method the log tells of, once it tells of so many: lines wait for a moment before they are
/// written.
pub(crate) async fn told_of(app: &TestApp, method: &str, least: usize) -> usize {
    lines_where(app, least, |line| line["request.method"] == method).await.len()
}

async fn lines_where(app: &TestApp, least: usize, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    eventually(&format!("{least} lines"), Duration::from_secs(30), || async {
        let lines: Vec<Value> = app.log_lines().into_iter().filter(&wanted).collect();
        (lines.len() >= least).then_some(lines)
    })
    .await
}
