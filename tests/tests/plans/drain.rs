//! A controller is drained by a plan, whoever dies meanwhile.

use std::time::Duration;

use jimm_tests::app::TestApp;
use jimm_tests::planned::{LONG, begun, file, proposed, until, with_models};
use jimm_tests::{given, process};
use serde_json::{Value, json};

/// Every model lives on that controller and nowhere else, was moved once, and keeps its rights.
async fn all_on(app: &TestApp, uuids: &[String], home: &str) {
    for uuid in uuids {
        for sim in &app.sims {
            let there = given::has_model(&sim.plan, uuid).await.expect("the controller answers");
            assert_eq!(there, sim.plan.name == home, "{uuid} on {}", sim.plan.name);
        }
        let sql = format!(
            "SELECT c.name || ' ' || (SELECT count(*) FROM jobs WHERE kind = 'migrate-model' AND key = '{uuid}')
                 || ' ' || (SELECT count(*) FROM relation_tuples WHERE object_kind = 'model' AND object_id = '{uuid}')
             FROM models m JOIN controllers c ON c.uuid = m.controller_uuid WHERE m.uuid = '{uuid}'"
        );
        let told = app.db.fetch(&sql).await.expect("the database");
        assert_eq!(told.as_deref(), Some(format!("{home} 1 2").as_str()), "home, moves, rights of {uuid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_is_drained_and_proven_empty() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 4).await;
    let plan = proposed(&app, &["plan-drain", "sim1", "--canaries", "1", "--wave-size", "2"]).await;
    let waves: Vec<(&str, usize)> = plan["waves"]
        .as_array()
        .expect("waves")
        .iter()
        .map(|it| (it["name"].as_str().expect("a name"), it["models"].as_array().map_or(0, Vec::len)))
        .collect();
    assert_eq!(waves, [("canaries", 1), ("wave 1", 2), ("wave 2", 1)], "{plan}");
    let text = plan["forecast"]["text"].as_str().expect("a forecast");
    assert!(text.contains("is not known: no move has gone well yet"), "{text}");
    let first = &plan["waves"][0]["models"][0];
    assert_eq!((&first["from"], &first["to"]), (&json!("sim1"), &json!("sim2")), "{plan}");
    assert!(first["why"].as_str().is_some_and(|why| why.contains("sim2 is number 1 of 1")), "{first}");

    // As people do it: into a file, edited or not, and applied.
    let path = app.dir().join("drain.yaml").to_string_lossy().into_owned();
    assert_eq!(app.jimmctl(&["plan-drain", "sim1", "-o", &path]).await.code, 0);
    let said = app.jimmctl(&["apply-plan", "--check", &path]).await;
    assert!(said.code == 0 && said.err.contains("can be applied"), "{}{}", said.out, said.err);
    let said = app.jimmctl(&["apply-plan", &path, "--format", "tabular"]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("controller sim1 is empty: it was asked"), "{}", said.out);
    assert!(said.err.contains("done (sim1 to sim2)") && said.err.contains("plan 1 is running, "), "{}", said.err);
    all_on(&app, &uuids, "sim2").await;
    let said = app.jimmctl(&["show-controller", "sim1", "--format", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).expect("json");
    assert_eq!(told["cordon"]["reason"], "plan 1", "{told}");
    let events = "SELECT string_agg(code, ' ' ORDER BY id) FROM events WHERE kind = 'plan'";
    let told = process::eventually("events have their places", LONG, || async {
        app.db.fetch(events).await.ok().flatten().filter(|told| told.contains("plan.done"))
    })
    .await;
    assert_eq!(told, "plan.started plan.wave plan.wave plan.done");
    let said = app.jimmctl(&["plans", "--format", "tabular"]).await;
    assert!(said.out.contains("4 done"), "{}", said.out);
    // What is written for a model does not depend on how many there are.
    let plan = proposed(&app, &["plan-drain", "sim2"]).await;
    let why = plan["left"][0]["why"].as_str().expect("a reason");
    assert!(why.contains("sim1 is cordoned (plan 1)"), "{plan}");
    assert_eq!(app.jimmctl(&["uncordon", "sim1"]).await.code, 0);
    let plan = proposed(&app, &["plan-drain", "sim2", "--match", "*/m[0-9]", "--match", "*/m?"]).await;
    assert_eq!(plan["forecast"]["known-moves"], 4, "{plan}");
    assert!(plan["forecast"]["seconds"].as_i64().is_some_and(|it| it < 60), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_a_source_keeps_are_told_as_remains() {
    let (app, uuids) = with_models(&["4.1", "4.1"], 1).await;
    let plan = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    let told = until(&app, plan, "done").await;
    let proof = &told["status"]["proof"][0];
    assert_eq!((&proof["controller"], &proof["empty"]), (&json!("sim1"), &json!(true)), "{told}");
    let kept = given::has_model(&app.sims[0].plan, &uuids[0]).await.expect("the controller answers");
    let remains = proof["remains"].as_array().map_or(0, Vec::len);
    assert_eq!(remains, usize::from(kept), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_goes_on_when_the_broker_is_killed_again_and_again() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 6).await;
    let mut plan = proposed(&app, &["plan-drain", "sim1", "--canaries", "0", "--wave-size", "3"]).await;
    plan["limits"]["parallel"] = json!(2);
    let id = begun(&app, &plan).await;
    for after in [10, 150, 300, 500, 800] {
        tokio::time::sleep(Duration::from_millis(after)).await;
        app.kill_broker();
        app.start_broker().await.expect("starts again");
    }
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 6}), "{told}");
    all_on(&app, &uuids, "sim2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_takes_a_plan_over_within_seconds() {
    let (app, uuids) = with_models(&["3.6", "3.6"], 6).await;
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let second = [
        ("JIMM_LISTEN_ADDR", listen(process::free_port())),
        ("JIMM_INTERNAL_LISTEN_ADDR", listen(process::free_port())),
    ];
    app.start_replica(&second).await.expect("a second broker on the same database");
    let plan = proposed(&app, &["plan-drain", "sim1", "--parallel", "2"]).await;
    let path = file(&app, "drain.json", &plan);
    let said = app.jimmctl(&["apply-plan", "--no-wait", &path]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    app.kill_first();
    process::eventually("the other one goes on to the end", LONG, || async {
        let state = app.db.fetch("SELECT state FROM plans").await.ok()??;
        (state == "done").then_some(())
    })
    .await;
    all_on(&app, &uuids, "sim2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_rows_are_written_for_a_model() {
    let (app, _) = with_models(&["3.6", "3.6"], 3).await;
    app.db
        .execute(
            "CREATE TABLE written (n integer);
             CREATE FUNCTION count_written() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN INSERT INTO written VALUES (1); RETURN NULL; END $$;
             CREATE TRIGGER count_written AFTER UPDATE ON plan_models FOR EACH ROW
                 WHEN (OLD.held = NEW.held) EXECUTE FUNCTION count_written()",
        )
        .await
        .expect("a trigger");
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    until(&app, id, "done").await;
    let written = app.db.fetch("SELECT count(*)::text FROM written").await.expect("the database");
    assert_eq!(written.as_deref(), Some("9"), "three for each of three models");
}
