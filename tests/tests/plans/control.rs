//! Plans that stop, are paused, given up, and whose models are skipped and tried again.

use jimm_tests::broker::ADMIN;
use jimm_tests::planned::{LONG, begun, in_state, problems, proposed, shown, until, with_models};
use jimm_tests::{given, process};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_stops_at_the_first_failure_and_goes_on_when_told() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("fail/import-error/on").expect("a switch");
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    let told = until(&app, id, "stopped").await;
    assert_eq!(told["status"]["models"], json!({"failed": 1, "waiting": 2}), "the canary fails alone: {told}");
    let failed = in_state(&told, "failed")[0].to_owned();
    let why = told["models"].as_array().expect("models").iter().find(|it| it["state"] == "failed").expect("one");
    assert!(why["reason"].as_str().is_some_and(|why| !why.is_empty()), "{why}");
    let said = app.jimmctl(&["watch-plan", &id.to_string()]).await;
    assert!(said.code == 1 && said.err.contains("the plan has stopped: 1 models failed"), "{}", said.err);

    app.sims[0].plan.turn("fail/import-error/off").expect("a switch");
    let id_text = id.to_string();
    let said = app.jimmctl(&["retry-plan-model", &id_text, &failed]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(app.jimmctl(&["resume-plan", &id_text]).await.code, 0);
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 3}), "{told}");
    for uuid in uuids {
        assert!(given::has_model(&app.sims[1].plan, &uuid).await.expect("the controller answers"));
    }
    for change in ["pause-plan", "resume-plan", "abort-plan"] {
        let said = app.jimmctl(&[change, &id_text]).await;
        assert!(said.code == 1 && said.err.contains("has ended: it is done"), "{change}: {}", said.err);
    }
    let said = app.jimmctl(&["pause-plan", "99"]).await;
    assert!(said.code == 1 && said.err.contains("plan 99 not found"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_paused_and_models_are_skipped() {
    let (app, _) = with_models(&["3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let plan = proposed(&app, &["plan-drain", "sim1"]).await;
    let id = begun(&app, &plan).await.to_string();
    assert_eq!(app.jimmctl(&["pause-plan", &id]).await.code, 0);
    let waits = plan["waves"][1]["models"][0]["model"].as_str().expect("a model").to_owned();
    let canary = plan["waves"][0]["models"][0]["model"].as_str().expect("a model").to_owned();
    let number: i64 = id.parse().expect("a number");
    app.sims[0].plan.turn("release").expect("releases");
    process::eventually("what is under way ends, and no more", LONG, || async {
        let told = shown(&app, number).await;
        (told["status"]["models"].get("moving").is_none()).then_some(())
    })
    .await;
    let told = shown(&app, number).await;
    assert_eq!(told["status"]["state"], "paused", "{told}");
    assert!(in_state(&told, "waiting").len() >= 2, "{told}");
    let said = app.jimmctl(&["skip-plan-model", &id, &waits]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let said = app.jimmctl(&["skip-plan-model", &id, "nobody/nothing"]).await;
    assert!(said.code == 1 && said.err.contains("is not in plan"), "{}", said.err);
    assert_eq!(app.jimmctl(&["resume-plan", &id]).await.code, 0);
    let told = until(&app, number, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 2, "skipped": 1}), "{told}");
    let proof = &told["status"]["proof"][0];
    let still = proof["models"][0].as_str().unwrap_or_default();
    assert!(proof["empty"] == false && still.starts_with(&waits), "{proof}");
    assert!(in_state(&told, "done").contains(&canary.as_str()), "{told}");
    let said = app.jimmctl(&["watch-plan", &id]).await;
    assert!(said.code == 1 && said.err.contains("controller sim1 still has"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wave_is_told_once_whoever_carries_the_plan_out() {
    let (app, _) = with_models(&["3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    process::eventually("the canary moves", LONG, || async {
        (!in_state(&shown(&app, id).await, "moving").is_empty()).then_some(())
    })
    .await;
    // The next wave is come to, and nothing of it can begin: so far another replica does not see that it was.
    assert_eq!(app.jimmctl(&["cordon", "sim2"]).await.code, 0);
    app.sims[0].plan.turn("release").expect("releases");
    let waits = "SELECT count(*)::text FROM plan_models WHERE wave = 1 AND reason LIKE '%is cordoned'";
    process::eventually("the next wave waits", LONG, || async {
        (app.db.fetch(waits).await.ok()??.as_str() == "2").then_some(())
    })
    .await;
    app.kill_broker();
    let again = "UPDATE plan_models SET reason = '', not_before = now() WHERE wave = 1";
    assert_eq!(app.db.execute(again).await.expect("the database"), 2);
    app.start_broker().await.expect("the next one");
    process::eventually("the next broker has looked", LONG, || async {
        (app.db.fetch(waits).await.ok()??.as_str() == "2").then_some(())
    })
    .await;
    assert_eq!(app.jimmctl(&["uncordon", "sim2"]).await.code, 0);
    until(&app, id, "done").await;
    let told = "SELECT string_agg(data ->> 'wave', ', ' ORDER BY id) FROM events WHERE code = 'plan.wave'";
    assert_eq!(app.db.fetch(told).await.expect("the database").as_deref(), Some("canaries, wave 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_given_up_and_its_models_may_be_in_another() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let plan = proposed(&app, &["plan-drain", "sim1"]).await;
    let id = begun(&app, &plan).await;
    process::eventually("the canary moves", LONG, || async {
        let told = shown(&app, id).await;
        (told["status"]["models"]["moving"] == 1).then_some(())
    })
    .await;
    // Two plans with the same model.
    let why = problems(&app, &plan).await;
    assert!(why.contains(&format!("it is in plan {id}, which goes on")), "{why}");
    assert_eq!(app.jimmctl(&["abort-plan", &id.to_string()]).await.code, 0);
    let told = shown(&app, id).await;
    assert_eq!(told["status"]["models"]["cancelled"], 2, "{told}");
    app.sims[0].plan.turn("release").expect("releases");
    // The source was asked already: its move is stopped if the controllers do, and goes through otherwise.
    let told = until(&app, id, "aborted").await;
    let ended = |state: &str| told["status"]["models"][state].as_i64().unwrap_or_default();
    assert_eq!((ended("cancelled"), ended("done") + ended("failed")), (2, 1), "{told}");
    let left = 2 + ended("failed");
    let second = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    let told = until(&app, second, "done").await;
    assert_eq!(told["status"]["models"], json!({ "done": left }), "{told}");
    assert_eq!(uuids.len(), 3);
    for uuid in uuids {
        assert!(given::has_model(&app.sims[1].plan, &uuid).await.expect("the controller answers"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_destroyed_while_it_waits_fails_and_the_rest_goes_on() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let mut plan = proposed(&app, &["plan-drain", "sim1"]).await;
    plan["limits"]["failures"] = json!(2);
    let last = plan["waves"][1]["models"][0]["uuid"].as_str().expect("a model").to_owned();
    let id = begun(&app, &plan).await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    let params = json!({"models": [{"model-tag": format!("model-{last}"), "force": true, "destroy-storage": true}]});
    let told: Value = admin.call("ModelManager", 9, "DestroyModels", &params, LONG).await.expect("an answer");
    assert!(told["results"][0].get("error").is_none(), "{told}");
    app.sims[0].plan.turn("release").expect("releases");
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 2, "failed": 1}), "{told}");
    let gone = told["models"].as_array().expect("models").iter().find(|it| it["uuid"] == json!(last)).expect("it");
    let why = gone["reason"].as_str().unwrap_or_default();
    assert!(why.contains("gone") || why.contains("the model is d"), "{gone}");
    assert_eq!(uuids.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_vanishes_fails_its_models_and_the_rest_goes_on() {
    let (app, _) = with_models(&["3.6", "3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let mut plan = proposed(&app, &["plan-drain", "sim1", "--to", "sim2"]).await;
    plan["limits"]["failures"] = json!(2);
    plan["waves"][1]["models"][0]["to"] = json!("sim3");
    let id = begun(&app, &plan).await;
    let said = app.jimmctl(&["remove-controller", "sim3", "--force"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    app.sims[0].plan.turn("release").expect("releases");
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 2, "failed": 1}), "{told}");
    let failed = told["models"].as_array().expect("models").iter().find(|it| it["state"] == "failed").expect("one");
    assert_eq!(failed["reason"], "its target, controller sim3, is gone: plan it anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_for_a_target_that_is_away_wait_and_the_rest_goes_on() {
    let (app, _) = with_models(&["3.6", "3.6", "3.6"], 3).await;
    app.sims[0].plan.turn("hold/QUIESCE").expect("holds");
    let mut plan = proposed(&app, &["plan-drain", "sim1", "--to", "sim2"]).await;
    plan["waves"][1]["models"][0]["to"] = json!("sim3");
    let id = begun(&app, &plan).await;
    app.sims[2].kill();
    app.sims[0].plan.turn("release").expect("releases");
    let told = process::eventually("one waits, the others are there", LONG, || async {
        let told = shown(&app, id).await;
        let waits = told["models"].as_array()?.iter().any(|it| {
            it["state"] == "waiting"
                && it["reason"].as_str().is_some_and(|why| why.contains("its target does not answer"))
        });
        (waits && told["status"]["models"]["done"] == 2).then_some(told)
    })
    .await;
    assert_eq!(told["status"]["state"], "running", "{told}");
    app.sims[2].restart().expect("comes back");
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 3}), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_a_plan_is_as_it_was_at_one_moment() {
    let (app, _) = with_models(&["3.6", "3.6"], 2).await;
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    until(&app, id, "done").await;
    // As before it was done; then somebody comes to its end while it is being read.
    for sql in ["UPDATE plans SET state = 'paused', finished_at = NULL", "UPDATE plan_models SET state = 'waiting'"] {
        app.db.execute(sql).await.expect("the database");
    }
    let mut other = PgConnection::connect(&app.db.url).await.expect("the database");
    for sql in [
        "BEGIN",
        "LOCK TABLE plan_models IN ACCESS EXCLUSIVE MODE",
        "UPDATE plans SET state = 'done', finished_at = now()",
        "UPDATE plan_models SET state = 'done'",
    ] {
        other.execute(sql).await.expect("the database");
    }
    let end = async {
        let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' AND query LIKE 'SELECT wave, state, count%'";
        process::eventually("the plan is being read", LONG, || async {
            (app.db.fetch(waits).await.ok()?.as_deref() == Some("1")).then_some(())
        })
        .await;
        other.execute("COMMIT").await.expect("the database");
    };
    let (told, ()) = tokio::join!(shown(&app, id), end);
    let is_done = told["status"]["state"] == "done";
    assert_eq!(told["status"]["models"], json!({(if is_done { "done" } else { "waiting" }): 2}), "{told}");
    assert_eq!(in_state(&told, "done").len(), if is_done { 2 } else { 0 }, "{told}");
    let told = shown(&app, id).await;
    assert_eq!((&told["status"]["state"], in_state(&told, "done").len()), (&json!("done"), 2), "{told}");
}
