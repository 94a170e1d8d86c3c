//! Upgrades of a fleet, and rebalancing.

use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::planned::{LONG, begun, proposed, until, with_models};
use serde_json::{Value, json};

async fn deploy(app: &TestApp, uuid: &str) {
    let model = app.connect_model(uuid, ADMIN).await.expect("the model");
    let args = json!({"applications": [{"application": "web", "charm-url": "local:web-0", "num-units": 1}]});
    let told: Value = model.call("Application", 19, "Deploy", &args, LONG).await.expect("an answer");
    assert!(told["results"][0].get("error").is_none(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_upgraded_and_every_model_looked_at() {
    let (app, uuids) = with_models(&["3.6", "4.1"], 2).await;
    deploy(&app, &uuids[0]).await;
    let args = ["upgrade-fleet", "--from", "3.6", "--to", "4.1"];
    let plan = proposed(&app, &[&args[..], &["--dry-run"]].concat()).await;
    assert_eq!((&plan["kind"], &plan["sources"]), (&json!("upgrade"), &json!(["sim1"])), "{plan}");
    assert_eq!(app.db.fetch("SELECT count(*)::text FROM plans").await.expect("the database").as_deref(), Some("0"));
    let said = app.jimmctl(&[&args[..], &["--format", "json"]].concat()).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let told: Value = serde_json::from_str(&said.out).expect("json");
    assert_eq!(told["status"]["models"], json!({"done": 2}), "{told}");
    for it in told["models"].as_array().expect("models") {
        let why = it["reason"].as_str().unwrap_or_default();
        assert_eq!(why, "the model runs 4.1.0 on controller sim2 and is as well as before", "{told}");
    }
    let versions = app.db.fetch("SELECT string_agg(DISTINCT step, ' ') FROM jobs WHERE kind = 'upgrade-model'").await;
    assert_eq!(versions.expect("the database").as_deref(), Some("upgrade"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_got_worse_stops_the_upgrade_and_tells_what() {
    let (app, uuids) = with_models(&["3.6", "4.1"], 3).await;
    for uuid in &uuids {
        deploy(&app, uuid).await;
    }
    app.sims[1].plan.turn("fail/units-in-error/on").expect("a switch");
    let mut plan = proposed(&app, &["upgrade-fleet", "--from", "3.6.11", "--to", "sim2", "--dry-run"]).await;
    plan["limits"]["patience"] = json!(2);
    plan["limits"]["failures"] = json!(3);
    let id = begun(&app, &plan).await;
    let told = until(&app, id, "stopped").await;
    assert_eq!(told["status"]["models"], json!({"failed": 1, "waiting": 2}), "the canary only: {told}");
    let failed = told["models"].as_array().expect("models").iter().find(|it| it["state"] == "failed").expect("one");
    assert_eq!(failed["worse"], json!(["unit web/0: was active, and is error"]), "{failed}");
    let said = app.jimmctl(&["show-plan", &id.to_string(), "--format", "tabular"]).await;
    assert!(
        said.out.contains("unit web/0: was active, and is error") && said.out.contains("got worse"),
        "{}",
        said.out
    );
    // Once somebody has seen to it, the model is looked at again, and the others follow.
    app.sims[1].plan.turn("fail/units-in-error/off").expect("a switch");
    for change in ["retry-plan-model", "resume-plan"] {
        let said = app.jimmctl(&[change, &id.to_string()]).await;
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 3}), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalancing_proposes_and_moves_nothing_by_itself() {
    let (app, _) = with_models(&["3.6", "3.6"], 5).await;
    let plan = proposed(&app, &["plan-rebalance"]).await;
    let steps = plan["waves"].as_array().expect("waves").iter().map(|it| it["models"].as_array().map_or(0, Vec::len));
    assert_eq!((&plan["kind"], steps.sum::<usize>()), (&json!("rebalance"), 2), "five and none: two move: {plan}");
    assert!(plan.get("sources").is_none(), "nobody is to be empty: {plan}");
    let jobs = app.db.fetch("SELECT count(*)::text FROM jobs WHERE kind = 'migrate-model'").await;
    assert_eq!(jobs.expect("the database").as_deref(), Some("0"));
    let id = begun(&app, &plan).await;
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 2}), "{told}");
    let cordoned = app.db.fetch("SELECT count(*)::text FROM controllers WHERE cordoned_since IS NOT NULL").await;
    assert_eq!(cordoned.expect("the database").as_deref(), Some("0"));
    let again = proposed(&app, &["plan-rebalance"]).await;
    assert_eq!(again["waves"], json!([]), "three and two are even: {again}");
}
