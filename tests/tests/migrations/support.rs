//! A broker with two controllers and a model, and what the tests ask about its moves.

use std::time::Duration;

use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::simulated::SimPlan;
use jimm_tests::{given, process};
use serde_json::{Value, json};

/// Long enough for anything here.
pub(crate) const LONG: Duration = Duration::from_secs(90);

/// A broker with these controllers, set up so.
pub(crate) async fn broker(shapes: [&str; 2], env: &[(&str, &str)]) -> TestApp {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let app = TestApp::with(AppOptions { sims: shapes.map(str::to_owned).to_vec(), env }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    app
}

/// A model on the first controller, adopted.
pub(crate) async fn model(app: &TestApp, name: &str) -> String {
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let uuid = given::make_model(sim, &cloud, name).await.expect("a model");
    let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    uuid
}

/// Two units on two machines.
pub(crate) async fn deploy(app: &TestApp, uuid: &str) {
    let connection = app.connect_model(uuid, ADMIN).await.expect("the model");
    let deploy = json!({"applications": [{"application": "pg", "charm-url": "local:x-0", "num-units": 2}]});
    let told: Value = connection.call("Application", 20, "Deploy", &deploy, LONG).await.expect("deployed");
    assert!(told["results"][0].get("error").is_none_or(Value::is_null), "{told}");
}

/// Turns switches of a simulated controller.
pub(crate) fn turn(sim: &SimPlan, switches: &[&str], way: &str) {
    for switch in switches {
        sim.turn(&format!("fail/{switch}/{way}")).expect("a switch");
    }
}

/// Asks for a move and does not wait for it.
pub(crate) async fn begin(app: &TestApp, target: &str, uuid: &str) {
    let said = app.jimmctl(&["migrate", target, uuid, "--no-wait"]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
}

/// A move to the second controller that has been asked for and goes no further than its validation.
pub(crate) async fn begin_held(app: &TestApp, uuid: &str) {
    app.sims[0].plan.turn("hold/VALIDATION").expect("holds");
    begin(app, "sim2", uuid).await;
    until(app, uuid, "asked", |shown| shown["asked"].is_string()).await;
}

/// What `show-migration` tells.
pub(crate) async fn show(app: &TestApp, called: &str) -> Value {
    let said = app.jimmctl(&["show-migration", called, "--format", "json"]).await;
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err))
}

/// What `migrations` lists.
pub(crate) async fn list(app: &TestApp, args: &[&str]) -> Vec<Value> {
    let said = app.jimmctl(&[&["migrations", "--format", "json"], args].concat()).await;
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    told["migrations"].as_array().cloned().unwrap_or_default()
}

/// Waits until the newest move of the model is as wanted.
pub(crate) async fn until(app: &TestApp, uuid: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    process::eventually(what, LONG, || async {
        let shown = show(app, uuid).await;
        wanted(&shown).then_some(shown)
    })
    .await
}

/// Waits until it has come to that phase, or has ended.
pub(crate) async fn until_phase(app: &TestApp, uuid: &str, phase: &str) -> Value {
    until(app, uuid, phase, |shown| shown["phase"] == phase).await
}

/// Waits until it has ended.
pub(crate) async fn until_over(app: &TestApp, uuid: &str) -> Value {
    until(app, uuid, "the move has ended", |shown| shown["state"] != "running").await
}

/// The controller that the broker's record names, and what it is doing with the model.
pub(crate) async fn record(app: &TestApp, uuid: &str) -> (String, String) {
    let sql = format!(
        "SELECT c.name || ' ' || m.mode FROM models m JOIN controllers c ON c.uuid = m.controller_uuid WHERE m.uuid = '{uuid}'"
    );
    let told = app.db.fetch(&sql).await.expect("the database").expect("a record");
    let (home, mode) = told.split_once(' ').expect("two words");
    (home.to_owned(), mode.to_owned())
}

/// The model is on that controller, and the owner reaches it through the broker.
pub(crate) async fn check_home(app: &TestApp, uuid: &str, home: &str) {
    assert_eq!(record(app, uuid).await, (home.to_owned(), String::new()));
    let model = app.connect_model(uuid, ADMIN).await.expect("the owner logs in to the model");
    let params = json!({"patterns": null});
    let status: Result<Value, _> = model.call("Client", 8, "FullStatus", &params, Duration::from_secs(30)).await;
    status.expect("the model answers through the broker");
}

/// Its words, in one text.
pub(crate) fn text(said: &Said) -> String {
    format!("{}{}", said.out, said.err)
}
