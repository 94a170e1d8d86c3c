//! Upgrading a model by moving it to a newer controller: a job that ends, and that everybody concerned can look at.

use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

/// A broker with controllers of 3.6 and 4.1, and a model on the first.
async fn with_model() -> (TestApp, String) {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "4.1".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    (app, uuid)
}

async fn ended(app: &TestApp, uuid: &str) -> Value {
    let admin = app.connect(ADMIN).await.expect("the admin");
    process::eventually("the upgrade has ended", LONG, || async {
        let told: Value =
            admin.call("JIMM", 4, "ModelControllerInfo", &json!({"model": uuid}), LONG).await.expect("where it is");
        let state = told["upgrade-to-job-status"]["detail"]["state"].as_str().unwrap_or_default().to_owned();
        matches!(state.as_str(), "completed" | "cancelled" | "discarded").then_some(told)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_moved_and_then_upgraded() {
    let (app, uuid) = with_model().await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    let versions: Value =
        admin.call("JIMM", 4, "SupportedJujuVersions", &json!({}), LONG).await.expect("what the controllers run");
    let newest = versions["versions"][0]["version"].as_str().expect("a version").to_owned();
    assert!(newest.starts_with("4.1") && versions["versions"][1]["version"] == "3.6.11", "{versions}");
    let above: Value = admin
        .call("JIMM", 4, "SupportedJujuVersions", &json!({"min-version": "4.0.0"}), LONG)
        .await
        .expect("those above");
    assert_eq!(above["versions"].as_array().map(Vec::len), Some(1), "{above}");

    // It goes on until it was asked for again.
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let params = json!({"model-uuids": [uuid], "target-controller-name": "sim2"});
    let begun: Value = admin.call("JIMM", 4, "UpgradeTo", &params, LONG).await.expect("an answer");
    assert!(begun["success"] == true && begun["results"][0].get("error").is_none(), "{begun}");
    let again: Value = admin.call("JIMM", 4, "UpgradeTo", &params, LONG).await.expect("an answer");
    let refused = again["results"][0]["error"]["message"].as_str().unwrap_or_default();
    assert!(refused.contains("is being upgraded already"), "{again}");
    app.sims[0].plan.turn("release").expect("releases");

    let told = ended(&app, &uuid).await;
    let detail = &told["upgrade-to-job-status"]["detail"];
    assert_eq!((&told["controller-name"], &detail["state"]), (&json!("sim2"), &json!("completed")), "{told}");
    assert!(detail["message"].as_str().is_some_and(|it| it.contains("are being upgraded to")), "{told}");

    let job = begun["job-id"].to_string();
    let said = app.jimmctl(&["job-status", "-f", &job, "--format", "json"]).await;
    let info: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!((&info["status"], &info["kind"]), (&json!("successful"), &json!("upgrade-model")));
    let said = app.jimmctl(&["list-jobs", "--kind", "migrate-model", "--format", "json"]).await;
    let jobs: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!((jobs.as_array().map(Vec::len), &jobs[0]["subject"]), (Some(1), &json!(uuid)), "{jobs}");
    let said = app.jimmctl(&["job-status", "nonsense"]).await;
    assert!(said.code == 1 && said.err.contains("invalid job ID: nonsense"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_cannot_be_ends_and_says_why() {
    let (app, uuid) = with_model().await;
    let said = app.jimmctl(&["upgrade-to", "nowhere", &uuid]).await;
    assert!(said.code == 1 && said.err.contains("controller not found"), "{}", said.err);
    // The move is begun, and the source gives it up.
    app.sims[0].plan.turn("fail/import-error/on").expect("a switch");
    let said = app.jimmctl(&["upgrade-to", "--no-wait", "sim2", &uuid]).await;
    assert!(said.code == 0 && said.out.contains("has begun"), "{}{}", said.out, said.err);
    // Whoever does the work may die meanwhile.
    app.kill_broker();
    app.start_broker().await.expect("it starts again");
    let told = ended(&app, &uuid).await;
    let detail = &told["upgrade-to-job-status"]["detail"];
    assert_eq!((&told["controller-name"], &detail["state"]), (&json!("sim1"), &json!("discarded")), "{told}");
    assert!(detail["message"].as_str().is_some_and(|it| it.starts_with("the model was not moved: ")), "{told}");
    let alice = app.token("alice@example.com").await.expect("alice");
    let said = app.jimmctl_as(&alice, &["upgrade-to", "sim2", &uuid]).await;
    assert!(said.code == 1 && !said.err.contains("has begun"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_cannot_be_noted_moves_nothing() {
    let (app, uuid) = with_model().await;
    for sql in [
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON jobs FOR EACH ROW WHEN (NEW.kind = 'upgrade-model')
         EXECUTE FUNCTION no_room()",
    ] {
        app.db.execute(sql).await.expect("the database");
    }
    let admin = app.connect(ADMIN).await.expect("the admin");
    let params = json!({"model-uuids": [uuid], "target-controller-name": "sim2"});
    let begun: Value = admin.call("JIMM", 4, "UpgradeTo", &params, LONG).await.expect("an answer");
    assert!(begun["results"][0]["error"].is_object(), "{begun}");
    let left = format!(
        "SELECT mode || (SELECT count(*) FROM migrations) || (SELECT count(*) FROM jobs WHERE kind = 'migrate-model')
         FROM models WHERE uuid = '{uuid}'"
    );
    assert_eq!(app.db.fetch(&left).await.expect("a row").as_deref(), Some("00"));
}
