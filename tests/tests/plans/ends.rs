//! Plans that are changed, given up or cut off while they come to their end: each one ends, and leaves nothing that waits.

use jimm_tests::app::TestApp;
use jimm_tests::planned::{LONG, begun, in_state, proposed, shown, until, with_models};
use jimm_tests::process;
use serde_json::{Value, json};

/// A plan of the models of the first controller, of which the first one is on its way and held there.
async fn held(app: &TestApp) -> (i64, Value) {
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let plan = proposed(app, &["plan-drain", "sim1"]).await;
    let id = begun(app, &plan).await;
    process::eventually("the canary moves, and its source was asked", LONG, || async {
        let asked = "SELECT count(*)::text FROM migrations WHERE asked_at IS NOT NULL";
        (app.db.fetch(asked).await.ok()??.as_str() == "1").then_some(())
    })
    .await;
    (id, plan)
}

/// Changes a plan, and answers what was said.
async fn changed(app: &TestApp, change: &str, id: i64, models: &[&str]) -> Result<(), String> {
    let said = app.jimmctl(&[&[change, &id.to_string()], models].concat()).await;
    if said.code == 0 { Ok(()) } else { Err(said.err) }
}

async fn count(app: &TestApp, sql: &str) -> String {
    app.db.fetch(sql).await.expect("the database").unwrap_or_default()
}

const HELD: &str = "SELECT count(*)::text FROM plan_models WHERE held";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_given_up_while_its_sources_are_asked_ends() {
    let (app, _) = with_models(&["4.1", "4.1"], 1).await;
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    // A 4.1 source keeps its copy, and is asked for seconds.
    until(&app, id, "proving").await;
    changed(&app, "abort-plan", id, &[]).await.expect("it is given up");
    let told = until(&app, id, "aborted").await;
    assert_eq!(told["status"]["models"], json!({"done": 1}), "{told}");
    assert!(told["status"]["proof"].as_array().is_none_or(Vec::is_empty), "it did not come to that: {told}");
    assert_eq!(count(&app, HELD).await, "0", "its models may be in other plans");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_tried_again_while_the_sources_are_asked_is_moved() {
    let (app, _) = with_models(&["4.1", "4.1"], 2).await;
    let (id, plan) = held(&app).await;
    let other = plan["waves"][1]["models"][0]["model"].as_str().expect("a model");
    changed(&app, "skip-plan-model", id, &[other]).await.expect("it waits");
    app.sims[0].plan.turn("release").expect("releases");
    until(&app, id, "proving").await;
    changed(&app, "retry-plan-model", id, &[other]).await.expect("it was skipped");
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 2}), "{told}");
    assert_eq!(told["status"]["proof"][0]["empty"], true, "asked after that: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_given_up_tries_nothing_again() {
    let (app, _) = with_models(&["3.6", "3.6"], 3).await;
    let (id, plan) = held(&app).await;
    let other = plan["waves"][1]["models"][0]["model"].as_str().expect("a model");
    changed(&app, "skip-plan-model", id, &[other]).await.expect("it waits");
    changed(&app, "abort-plan", id, &[]).await.expect("it is given up");
    let why = changed(&app, "retry-plan-model", id, &[other]).await.expect_err("it is given up");
    assert!(why.contains(&format!("plan {id} is being given up")), "{why}");
    changed(&app, "abort-plan", id, &[]).await.expect("it is given up all the same");
    let told = "SELECT count(*)::text FROM events WHERE code = 'plan.stopped'";
    assert_eq!(count(&app, told).await, "1", "told once");
    app.sims[0].plan.turn("release").expect("releases");
    let told = until(&app, id, "aborted").await;
    let over = ["cancelled", "skipped", "done", "failed"].map(|state| in_state(&told, state).len());
    assert_eq!(over.iter().sum::<usize>(), 3, "nothing waits: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_carries_out_a_plan_that_is_given_up_stops_its_moves() {
    let (app, _) = with_models(&["3.6", "3.6"], 2).await;
    let (id, _) = held(&app).await;
    // The replica that was told to give it up has died right after it had written so.
    let given_up = "UPDATE plans SET state = 'aborting', reason = 'given up by somebody';
                    UPDATE plan_models SET state = 'cancelled' WHERE state = 'waiting'";
    app.db.execute(given_up).await.expect("the database");
    let wanted = "SELECT abort_by FROM migrations";
    process::eventually("the move is to be stopped", LONG, || async {
        (app.db.fetch(wanted).await.ok()??.as_str() == format!("plan {id}")).then_some(())
    })
    .await;
    app.sims[0].plan.turn("release").expect("releases");
    until(&app, id, "aborted").await;
    assert_eq!(count(&app, HELD).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_begun_without_a_move_does_not_wait_in_a_plan_that_is_given_up() {
    let (app, _) = with_models(&["3.6", "3.6"], 2).await;
    let plan = proposed(&app, &["plan-drain", "sim1"]).await;
    let id = begun(&app, &plan).await;
    assert_eq!(app.jimmctl(&["cordon", "sim2"]).await.code, 0);
    changed(&app, "pause-plan", id, &[]).await.expect("it runs");
    process::eventually("nothing is under way", LONG, || async {
        in_state(&shown(&app, id).await, "moving").is_empty().then_some(())
    })
    .await;
    app.kill_broker();
    // Its replica has died when it had begun the model, and before the move of it.
    let begun = "UPDATE plans SET state = 'aborting', reason = 'given up by somebody';
                 UPDATE plan_models SET state = 'cancelled' WHERE state = 'waiting';
                 UPDATE plan_models SET state = 'moving', attempts = 1, started_at = clock_timestamp(), job_id = NULL
                 WHERE state = 'cancelled' AND wave = 1";
    app.db.execute(begun).await.expect("the database");
    app.start_broker().await.expect("the next one");
    let told = until(&app, id, "aborted").await;
    assert!(in_state(&told, "waiting").is_empty(), "{told}");
    let last = &told["models"][1];
    assert_eq!((&last["state"], &last["reason"]), (&json!("cancelled"), &json!("given up by somebody")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_gone_before_its_upgrade_fails_and_the_rest_goes_on() {
    let (app, _) = with_models(&["3.6", "4.1"], 2).await;
    let mut plan = proposed(&app, &["upgrade-fleet", "--from", "3.6", "--to", "4.1", "--dry-run"]).await;
    plan["limits"]["failures"] = json!(2);
    let canary = plan["waves"][0]["models"][0]["uuid"].as_str().expect("a model").to_owned();
    // Somebody destroys it in the moment in which it has arrived.
    let destroyed = format!(
        "CREATE FUNCTION destroy() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN DELETE FROM models WHERE uuid = NEW.model_uuid; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER destroy AFTER UPDATE ON migrations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
             WHEN (NEW.state = 'done' AND NEW.model_uuid = '{canary}') EXECUTE FUNCTION destroy()"
    );
    app.db.execute(&destroyed).await.expect("a trigger");
    let id = begun(&app, &plan).await;
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 1, "failed": 1}), "{told}");
    let failed = told["models"].as_array().expect("models").iter().find(|it| it["state"] == "failed").expect("one");
    let why = failed["reason"].as_str().unwrap_or_default();
    assert!(why.starts_with("the agents were not upgraded: "), "{failed}");
}
