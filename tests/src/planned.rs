//! Plans for tests: many models on a controller, and how the plan of them stands.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{AppOptions, TestApp};
use crate::broker::ADMIN;
use crate::{given, process};

/// How long anything may take.
pub const LONG: Duration = Duration::from_secs(120);

/// A broker with controllers of these generations, and models of the administrator on the first of them; with their
/// UUIDs.
///
/// # Panics
/// When it cannot be had; the message says why.
pub async fn with_models(shapes: &[&str], models: usize) -> (TestApp, Vec<String>) {
    let sims = shapes.iter().map(|shape| (*shape).to_owned()).collect();
    let app = TestApp::with(AppOptions { sims, env: Vec::new() }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let mut uuids = Vec::new();
    for n in 0..models {
        let uuid = given::make_model(sim, &cloud, &format!("m{n}")).await.expect("a model");
        let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", ADMIN]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        uuids.push(uuid);
    }
    (app, uuids)
}

/// The proposal of a command, which must succeed.
///
/// # Panics
/// When it does not.
pub async fn proposed(app: &TestApp, args: &[&str]) -> Value {
    let said = app.jimmctl(&[args, &["--format", "json"]].concat()).await;
    assert_eq!(said.code, 0, "{args:?}: {}{}", said.out, said.err);
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.out))
}

/// Writes a plan into a file; JSON is YAML.
///
/// # Panics
/// When it cannot be written.
pub fn file(app: &TestApp, name: &str, plan: &Value) -> String {
    let path = app.dir().join(name);
    std::fs::write(&path, plan.to_string()).expect("a file");
    path.to_string_lossy().into_owned()
}

/// Begins a plan and answers its number.
///
/// # Panics
/// When it does not begin.
pub async fn begun(app: &TestApp, plan: &Value) -> i64 {
    let admin = app.connect(ADMIN).await.expect("the admin");
    let told: Value = admin.call("JIMM", 4, "ApplyPlan", &json!({ "plan": plan }), LONG).await.expect("an answer");
    told["plan"].as_i64().unwrap_or_else(|| panic!("{told}"))
}

/// Why a plan does not begin.
///
/// # Panics
/// When it does.
pub async fn problems(app: &TestApp, plan: &Value) -> String {
    let admin = app.connect(ADMIN).await.expect("the admin");
    let told: Result<Value, _> = admin.call("JIMM", 4, "ApplyPlan", &json!({ "plan": plan }), LONG).await;
    match told {
        Err(error) => error.to_string(),
        Ok(told) => {
            assert!(told.get("plan").is_none(), "it has begun: {told}");
            let problems = told["problems"].as_array().expect("problems");
            problems.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
    }
}

/// How a plan stands, with all of its models.
///
/// # Panics
/// When that is not told.
pub async fn shown(app: &TestApp, plan: i64) -> Value {
    let admin = app.connect(ADMIN).await.expect("the admin");
    admin.call("JIMM", 4, "ShowPlan", &json!({ "plan": plan }), LONG).await.expect("how it stands")
}

/// The same, when it has come to that state.
///
/// # Panics
/// When it does not in time.
pub async fn until(app: &TestApp, plan: i64, state: &str) -> Value {
    process::eventually(&format!("plan {plan} is {state}"), LONG, || async {
        let told = shown(app, plan).await;
        (told["status"]["state"] == state).then_some(told)
    })
    .await
}

/// The models of a plan that are in a state.
pub fn in_state<'a>(told: &'a Value, state: &str) -> Vec<&'a str> {
    let all = told["models"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|it| it["state"] == state).filter_map(|it| it["model"].as_str()).collect()
}
