//! Where models go: what is free, labels, taints and cordons decide, and operators are told why.

use std::time::Duration;

use jimm_rpc::Connection;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";
const LONG: Duration = Duration::from_secs(60);

async fn app(sims: &[&str]) -> (TestApp, String) {
    let sims = sims.iter().map(|it| (*it).to_owned()).collect();
    let app = TestApp::with(AppOptions { sims, env: Vec::new() }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    for user in [ADMIN, ALICE] {
        let client = app.connect(user).await.expect("a user");
        given::upload_credential(&client, &cloud, user).await.expect("a credential");
    }
    (app, cloud)
}

/// The name of the controller that a new model of the user got, or why it was not made.
async fn made(app: &TestApp, user: &str, cloud: &str, name: &str, on: Option<&str>) -> Result<String, String> {
    let client = app.connect(user).await.expect("a user");
    // How much there is decides here, and not who was slow the last time on this machine.
    app.db.execute("UPDATE summary_watches SET took = 0").await.expect("the database");
    let args = json!({"name": name, "owner-tag": format!("user-{user}"), "cloud-tag": format!("cloud-{cloud}"),
                      "target-controller": on});
    let info: Value =
        client.call("ModelManager", 9, "CreateModel", &args, LONG).await.map_err(|error| error.to_string())?;
    let uuid = info["uuid"].as_str().expect("a model").to_owned();
    let sql =
        format!("SELECT c.name FROM models m JOIN controllers c ON c.uuid = m.controller_uuid WHERE m.uuid = '{uuid}'");
    Ok(app.db.fetch(&sql).await.expect("the database").expect("the model"))
}

async fn explained(admin: &Connection, params: Value) -> Value {
    admin.call("JIMM", 4, "ExplainPlacement", &params, LONG).await.expect("an explanation")
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_an_owner_are_spread_and_a_cordoned_controller_gets_none() {
    let (app, cloud) = app(&["3.6", "3.6"]).await;
    let first = made(&app, ALICE, &cloud, "m1", None).await.expect("made");
    let second = made(&app, ALICE, &cloud, "m2", None).await.expect("made");
    assert_ne!(first, second, "what is free decides");

    let said = app.jimmctl(&["cordon", "sim1", "--reason", "gets a new disk", "--format", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!(
        (&told["status"]["status"], &told["cordon"]["by"]),
        (&json!("cordoned"), &json!("svc-admin@serviceaccount")),
        "{told}"
    );
    for name in ["m3", "m4"] {
        assert_eq!(made(&app, ALICE, &cloud, name, None).await.as_deref(), Ok("sim2"));
    }
    let refused = made(&app, ADMIN, &cloud, "m5", Some("sim1")).await.expect_err("is cordoned");
    assert!(refused.contains("sim1 is cordoned (gets a new disk)"), "{refused}");
    // Nor do models move there; those it has go on.
    let uuid = app.db.fetch("SELECT uuid::text FROM models WHERE name = 'm3'").await.expect("the database");
    let uuid = uuid.expect("the model");
    let said = app.jimmctl(&["migrate", "sim1", &uuid]).await;
    assert!(said.code == 1 && said.err.contains("controller sim1 is cordoned (gets a new disk)"), "{}", said.err);
    let said = app.jimmctl(&["list-migration-targets", &uuid, "--format", "json"]).await;
    assert!(said.code == 0 && !said.out.contains("sim1"), "{}", said.out);
    let said = app.jimmctl(&["explain-placement", &uuid, "--format", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    let why: Vec<&Value> = told["controllers"].as_array().expect("a list").iter().map(|it| &it["excluded"]).collect();
    assert_eq!(why, [&json!(["is cordoned (gets a new disk)"]), &json!(["has the model already"])], "{told}");
    assert_eq!(said.code, 1, "nobody will do");

    assert_eq!(app.jimmctl(&["uncordon", "sim1"]).await.code, 0);
    assert_eq!(made(&app, ALICE, &cloud, "m5", None).await.as_deref(), Ok("sim1"));
    let said = app.jimmctl(&["migrate", "sim1", &uuid]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_fill_a_controller_and_taints_keep_models_away() {
    let (app, cloud) = app(&["3.6", "4.1"]).await;
    let said = app.jimmctl(&["set-controller-labels", "sim1", "rack=r7", "max-models=1", "--format", "yaml"]).await;
    assert!(said.code == 0 && said.out.contains("rack: r7"), "{}{}", said.out, said.err);
    assert_eq!(app.jimmctl(&["set-controller-labels", "sim2", "--taint", "dedicated=red"]).await.code, 0);
    assert_eq!(made(&app, ALICE, &cloud, "m1", None).await.as_deref(), Ok("sim1"));
    let refused = made(&app, ALICE, &cloud, "m2", None).await.expect_err("no room");
    assert!(refused.contains("sim1 is full: 1 of 1 models; sim2 has the taint dedicated=red"), "{refused}");
    // A controller is meant for those who were given it.
    let refused = made(&app, ADMIN, &cloud, "m2", None).await.expect_err("not meant for every administrator");
    assert!(refused.contains("sim2 has the taint"), "{refused}");
    let said = app.jimmctl(&["add-permission", &format!("user-{ALICE}"), "can_addmodel", "controller-sim2"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(made(&app, ALICE, &cloud, "m2", None).await.as_deref(), Ok("sim2"));

    let admin = app.connect(ADMIN).await.expect("the admin");
    let told = explained(&admin, json!({"cloud": cloud, "owner": ALICE, "requires": {"rack": "r7"}})).await;
    let all = told["controllers"].as_array().expect("a list");
    let of = |name: &str| all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}: {told}"));
    assert_eq!(of("sim1")["excluded"], json!(["is full: 1 of 1 models"]), "{told}");
    assert_eq!(of("sim2")["excluded"], json!(["lacks the label rack=r7"]), "{told}");
    let points = &of("sim1")["points"];
    let parts =
        ["models", "machines", "units", "response", "spread"].map(|part| points[part].as_f64().expect("points"));
    let total = points["total"].as_f64().expect("points");
    assert!((parts.iter().sum::<f64>() - total).abs() < 0.05 && total < 100.0, "{points}");

    let said = app.jimmctl(&["set-controller-labels", "sim1", "rack-", "max-models-"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    // There is room again. For Alice both would do, and how quickly they answer just now would decide.
    assert_eq!(made(&app, ADMIN, &cloud, "m3", None).await.as_deref(), Ok("sim1"));
    let kept = app.db.fetch("SELECT labels::text FROM controllers WHERE name = 'sim1'").await.expect("the database");
    assert_eq!(kept.as_deref(), Some("{}"));

    let alice = app.token(ALICE).await.expect("alice");
    for wrong in [
        &["set-controller-labels", "sim1", "max-models=many"][..],
        &["set-controller-labels", "sim1", "a b=c"],
        &["set-controller-labels", "nowhere", "a=b"],
        &["set-controller-labels", "sim1", "nonsense"],
        &["cordon", "nowhere"],
        &["explain-placement", "nobody/nothing"],
        &["explain-placement", "--in", "nowhere"],
    ] {
        let said = app.jimmctl(wrong).await;
        assert!(said.code != 0 && !said.err.is_empty(), "{wrong:?}: {}", said.out);
    }
    for refused in [&["cordon", "sim1"][..], &["explain-placement"], &["set-controller-labels", "sim1", "a=b"]] {
        let said = app.jimmctl_as(&alice, refused).await;
        assert!(said.code == 1 && said.err.contains("unauthorized"), "{refused:?}: {}{}", said.out, said.err);
    }
    process::eventually("nothing was cordoned", LONG, || async {
        let cordoned = app.db.fetch("SELECT count(*)::text FROM controllers WHERE cordoned_since IS NOT NULL").await;
        (cordoned.ok()?.as_deref() == Some("0")).then_some(())
    })
    .await;
}
