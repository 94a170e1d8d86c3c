//! What is kept of a move, how many go on side by side, and who goes on when a broker dies.

use std::time::{Duration, Instant};

use jimm_tests::broker::ADMIN;
use jimm_tests::process;
use serde_json::{Value, json};

use crate::support::{LONG, begin, broker, check_home, list, model, record, show, turn, until_over, until_phase};

fn phases(shown: &Value) -> Vec<&str> {
    shown["phases"].as_array().into_iter().flatten().filter_map(|p| p["phase"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_a_row_with_phases_that_outlives_its_model() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    let source = &app.sims[0].plan;
    let mut last = String::new();
    for phase in ["QUIESCE", "IMPORT", "VALIDATION"] {
        source.turn(&format!("hold/{phase}")).expect("holds");
        if last.is_empty() {
            begin(&app, "sim2", &uuid).await;
        }
        let shown = until_phase(&app, &uuid, &phase.to_lowercase()).await;
        assert_eq!(shown["state"], "running", "{shown}");
        last = shown["message"].as_str().unwrap_or_default().to_owned();
        assert!(!last.is_empty(), "{shown}");
    }
    let running = list(&app, &[]).await;
    assert_eq!((running.len(), &running[0]["phase"]), (1, &json!("validation")), "{running:?}");
    source.turn("release").expect("releases");
    let shown = until_over(&app, &uuid).await;
    assert_eq!((&shown["state"], &shown["code"]), (&json!("done"), &json!("moved")), "{shown}");
    let came = phases(&shown);
    assert!(came.starts_with(&["waiting", "asking", "moving", "quiesce", "import"]), "{came:?}");
    assert!(came.ends_with(&["done"]) && came.contains(&"validation"), "{came:?}");
    let times: Vec<&str> = shown["phases"].as_array().into_iter().flatten().filter_map(|p| p["at"].as_str()).collect();
    assert!(times.len() == came.len() && times.is_sorted(), "{times:?}");
    assert!(shown["asked"].is_string() && shown["ended"].is_string() && shown["requested-by"].is_string(), "{shown}");
    assert!(shown["log"].as_array().is_some_and(|lines| lines.len() >= 4), "{shown}");
    check_home(&app, &uuid, "sim2").await;

    // The model goes, its history stays, by number and by both of its names.
    app.db.execute(&format!("DELETE FROM models WHERE uuid = '{uuid}'")).await.expect("the database");
    let id = shown["id"].to_string();
    for called in [id.as_str(), &uuid, &format!("{ADMIN}/shop")] {
        assert_eq!(show(&app, called).await["code"], "moved", "{called}");
    }
    assert_eq!(list(&app, &[]).await.len(), 0);
    assert_eq!(list(&app, &["--all", "--on", "sim1", "--state", "done"]).await.len(), 1);
    assert_eq!(list(&app, &["--all", "--on", "sim3"]).await.len(), 0);
    assert_eq!(list(&app, &["--model", &uuid]).await.len(), 1);
    let said = app.jimmctl(&["migrations", "--all", "--format", "tabular"]).await;
    assert!(said.out.contains(&format!("{ADMIN}/shop")) && said.out.contains("done"), "{}", said.out);
    let said = app.jimmctl(&["show-migration", &id, "--format", "tabular"]).await;
    assert!(said.out.contains("validation") && said.out.contains("code:"), "{}", said.out);
    let said = app.jimmctl(&["migrations", "--state", "nonsense"]).await;
    assert!(said.code == 1 && said.err.contains("there are running, stuck, done and aborted"), "{}", said.err);
    let said = app.jimmctl(&["show-migration", "4711"]).await;
    assert!(said.code == 1 && said.err.contains("migration 4711 not found"), "{}", said.err);
    // A stranger sees nothing of it.
    let stranger = app.token("stranger@example.com").await.expect("a token");
    let said = app.jimmctl_as(&stranger, &["migrations", "--all", "--format", "json"]).await;
    assert_eq!(said.out.trim(), r#"{"migrations":[]}"#, "{}", said.err);
    for command in ["show-migration", "abort-migration", "retry-migration", "watch-migration"] {
        let said = app.jimmctl_as(&stranger, &[command, &id]).await;
        assert!(said.code == 1 && said.err.contains("unauthorized"), "{command}: {}", said.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_moves_go_on_side_by_side_than_there_are_workers() {
    const MOVES: usize = 24;
    let app = broker(["3.6", "3.6"], &[("JIMM_JOB_WORKERS", "1")]).await;
    let mut models = Vec::new();
    for n in 0..MOVES {
        models.push(model(&app, &format!("shop{n}")).await);
    }
    app.sims[0].plan.turn("hold/IMPORT").expect("holds");
    let args: Vec<&str> =
        ["migrate", "sim2", "--no-wait"].into_iter().chain(models.iter().map(String::as_str)).collect();
    let said = app.jimmctl(&args).await;
    assert_eq!(said.code, 0, "{}", said.err);
    process::eventually("all of them are being imported", LONG, || async {
        let rows = list(&app, &[]).await;
        (rows.iter().filter(|row| row["phase"] == "import").count() == MOVES).then_some(())
    })
    .await;
    app.sims[0].plan.turn("release").expect("releases");
    process::eventually("all have arrived", LONG, || async {
        (list(&app, &["--state", "done"]).await.len() == MOVES).then_some(())
    })
    .await;
}

/// A 4.1 source keeps its copy and would send it again: who died between asking and knowing asks no second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_asked_by_a_broker_that_died_is_not_asked_again() {
    for held_on in [true, false] {
        let app = broker(["4.1", "4.1"], &[]).await;
        let uuid = model(&app, "shop").await;
        let (source, target) = (&app.sims[0].plan, &app.sims[1].plan);
        source.turn("hold/VALIDATION").expect("holds");
        begin(&app, "sim2", &uuid).await;
        until_phase(&app, &uuid, "moving").await;
        app.kill_broker();
        let died = "UPDATE jobs SET step = 'initiate', data = jsonb_set(data, '{migration_id}', '\"\"') WHERE kind = 'migrate-model'";
        app.db.execute(died).await.expect("the database");
        if !held_on {
            source.turn("release").expect("releases");
            process::eventually("it has arrived", LONG, || async {
                let told = target.moves().expect("told");
                (!told["activated"][&uuid].is_null()).then_some(())
            })
            .await;
        }
        app.start_broker().await.expect("starts again");
        until_phase(&app, &uuid, if held_on { "moving" } else { "done" }).await;
        source.turn("release").expect("releases");
        let shown = until_over(&app, &uuid).await;
        assert_eq!((&shown["state"], &shown["attempt"]), (&json!("done"), &json!(1)), "{shown}");
        let told = source.moves().expect("told");
        assert_eq!(told["started"][&uuid].as_array().map(Vec::len), Some(1), "held on: {held_on}: {told}");
        check_home(&app, &uuid, "sim2").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_takes_over_within_seconds() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    app.sims[0].plan.turn("hold/IMPORT").expect("holds");
    begin(&app, "sim2", &uuid).await;
    until_phase(&app, &uuid, "import").await;
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let second = [
        ("JIMM_LISTEN_ADDR", listen(process::free_port())),
        ("JIMM_INTERNAL_LISTEN_ADDR", listen(process::free_port())),
    ];
    app.start_replica(&second).await.expect("a second broker");
    app.kill_first();
    app.sims[0].plan.turn("release").expect("releases");
    let dead = Instant::now();
    process::eventually("the other one records the move", LONG, || async {
        (record(&app, &uuid).await == ("sim2".to_owned(), String::new())).then_some(())
    })
    .await;
    // A lease of five seconds, and some for the looking.
    assert!(dead.elapsed() < Duration::from_secs(20), "{:?}", dead.elapsed());
    let sql = format!("SELECT state || attempt FROM migrations WHERE model_uuid = '{uuid}'");
    assert_eq!(app.db.fetch(&sql).await.expect("the database").as_deref(), Some("done1"));
}

/// Writes down that the move has come no further than that step, as if the process had died before it wrote more.
async fn back_to(app: &jimm_tests::app::TestApp, uuid: &str, step: &str, asked: bool) {
    let sql = format!(
        "UPDATE jobs SET step = '{step}', data = data || '{{\"asked\": {asked}}}', state = 'pending', lease_until = NULL, \
         run_at = now(), fence = fence + 1 WHERE kind = 'migrate-model' AND key = '{uuid}'"
    );
    assert_eq!(app.db.execute(&sql).await.expect("the database"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_may_be_done_twice() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    app.sims[0].plan.turn("hold/IMPORT").expect("holds");
    begin(&app, "sim2", &uuid).await;
    until_phase(&app, &uuid, "import").await;
    // The source runs it, and the broker asks once more, knowing that it may have asked or not.
    for asked in [true, false] {
        app.kill_broker();
        back_to(&app, &uuid, "initiate", asked).await;
        app.start_broker().await.expect("starts again");
        until_phase(&app, &uuid, "import").await;
    }
    app.kill_broker();
    app.sims[0].plan.turn("release").expect("releases");
    process::eventually("the source has ended it", LONG, || async {
        let there = jimm_tests::given::has_model(&app.sims[0].plan, &uuid).await.ok()?;
        (!there).then_some(())
    })
    .await;
    // It has ended long ago when the broker asks once more, then follows once more, then concludes.
    for step in ["initiate", "follow"] {
        back_to(&app, &uuid, step, true).await;
        app.start_broker().await.expect("starts again");
        let shown = until_over(&app, &uuid).await;
        assert_eq!((&shown["state"], &shown["attempt"]), (&json!("done"), &json!(1)), "{shown}");
        check_home(&app, &uuid, "sim2").await;
        app.kill_broker();
        app.db
            .execute(&format!("UPDATE migrations SET state = 'running', ended_at = NULL WHERE model_uuid = '{uuid}'"))
            .await
            .expect("the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_fails_at_any_step_says_why_and_can_be_tried_again() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    let (source, target) = (&app.sims[0].plan, &app.sims[1].plan);
    let cases = [
        (source, "prechecks-error", "refused", "not functioning"),
        (target, "prechecks-error", "refused", "target prechecks failed"),
        (source, "import-error", "source-aborted", "bad description"),
        (target, "import-error", "source-aborted", "bad description"),
        (target, "check-machines-error", "source-aborted", "machine sanity check failed"),
        (target, "activate-error", "source-aborted", "model activation failed"),
    ];
    for (sim, switch, code, reason) in cases {
        turn(sim, &[switch], "on");
        app.jimmctl(&["migrate", "sim2", &uuid, "--no-wait"]).await;
        let shown = until_over(&app, &uuid).await;
        let why = shown["reason"].as_str().unwrap_or_default();
        assert!(shown["code"] == code && why.contains(reason), "{switch}: {shown}");
        assert!(shown["next-step"].as_str().is_some_and(|it| it.contains("retry-migration")), "{switch}: {shown}");
        check_home(&app, &uuid, "sim1").await;
        turn(sim, &[switch], "off");
    }
    let said = app.jimmctl(&["retry-migration", &uuid, "--format", "json"]).await;
    let retried: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!((said.code, &retried["state"], &retried["attempt"]), (0, &json!("done"), &json!(2)), "{retried}");
    assert_eq!(retried["attempts"][0]["code"], "source-aborted", "{retried}");
    check_home(&app, &uuid, "sim2").await;
    let said = app.jimmctl(&["retry-migration", &uuid]).await;
    assert!(said.code == 1 && said.err.contains("is done"), "{}", said.err);
    assert_eq!(list(&app, &["--model", &uuid, "--state", "aborted"]).await.len(), cases.len() - 1);
}
