//! Stopping a move: before the source is asked, while it runs, too late; and trying again after half an import.

use jimm_tests::process;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{
    LONG, begin, begin_held, broker, check_home, model, show, text, turn, until, until_over, until_phase,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_waits_is_stopped_at_once() {
    let app = broker(["3.6", "3.6"], &[("JIMM_MIGRATIONS_AT_ONCE", "1")]).await;
    let (first, second) = (model(&app, "first").await, model(&app, "second").await);
    app.sims[0].plan.turn("hold/IMPORT").expect("holds");
    begin(&app, "sim2", &first).await;
    until_phase(&app, &first, "import").await;
    // The second waits for its turn; who asked for it does, too.
    let args = ["migrate", "sim2", second.as_str(), "--no-wait"];
    let (_, said) = tokio::join!(app.jimmctl(&args), async {
        until_phase(&app, &second, "waiting").await;
        app.jimmctl(&["abort-migration", &second, "--format", "json"]).await
    });
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", text(&said)));
    assert_eq!(told["ended"], true, "{told}");
    let shown = show(&app, &second).await;
    assert_eq!((&shown["state"], &shown["code"]), (&json!("aborted"), &json!("cancelled")), "{shown}");
    assert!(shown.get("asked").is_none(), "{shown}");
    check_home(&app, &second, "sim1").await;
    let said = app.jimmctl(&["abort-migration", &second]).await;
    assert!(said.code == 1 && said.err.contains("has ended already"), "{}", said.err);
    app.sims[0].plan.turn("release").expect("releases");
    assert_eq!(until_over(&app, &first).await["state"], "done");
    // It can still be tried again.
    let said = app.jimmctl(&["retry-migration", &second]).await;
    assert_eq!(said.code, 0, "{}", text(&said));
    check_home(&app, &second, "sim2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_runs_is_stopped_by_the_target_forgetting_the_model() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    begin_held(&app, &uuid).await;
    let said = app.jimmctl(&["abort-migration", &uuid]).await;
    assert!(said.code == 0 && said.out.contains("has no call that stops it"), "{}", text(&said));
    until(&app, &uuid, "the target has forgotten it", |shown| {
        shown["message"].as_str().is_some_and(|it| it.contains("the target has forgotten the model"))
    })
    .await;
    app.sims[0].plan.turn("release").expect("releases");
    let shown = until_over(&app, &uuid).await;
    assert_eq!((&shown["state"], &shown["code"]), (&json!("aborted"), &json!("cancelled")), "{shown}");
    check_home(&app, &uuid, "sim1").await;
    let said = app.jimmctl(&["retry-migration", &uuid]).await;
    assert_eq!(said.code, 0, "{}", text(&said));
    check_home(&app, &uuid, "sim2").await;
}

/// Whoever carries a move out writes its job, then its row; whoever stops it must not hold the row while waiting for the job.
#[tokio::test(flavor = "multi_thread")]
async fn who_stops_a_move_does_not_lock_out_who_carries_it_out() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    begin_held(&app, &uuid).await;
    let mut other = PgConnection::connect(&app.db.url).await.expect("the database");
    for sql in ["BEGIN", "UPDATE jobs SET updated_at = updated_at WHERE kind = 'migrate-model'"] {
        other.execute(sql).await.expect("the database");
    }
    let carry = async {
        let waits = "SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' \
                     AND (query LIKE '%FROM jobs WHERE id = $1 FOR UPDATE' OR query LIKE '%SET cancel_requested%')";
        process::eventually("somebody waits to stop it", LONG, || async {
            (app.db.fetch(waits).await.ok()?.as_deref() == Some("true")).then_some(())
        })
        .await;
        other.execute("UPDATE migrations SET abort_by = abort_by").await.expect("no deadlock");
        other.execute("COMMIT").await.expect("the database");
    };
    let args = ["abort-migration", uuid.as_str()];
    let (said, ()) = tokio::join!(app.jimmctl(&args), carry);
    assert_eq!(said.code, 0, "{}", text(&said));
}

/// A target of 4.1 answers that it forgets the model and removes it later, even when it was activated meanwhile: nobody
/// would have it then.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_4_1_that_runs_is_not_stopped_and_loses_nothing() {
    let app = broker(["4.1", "4.1"], &[]).await;
    let uuid = model(&app, "shop").await;
    begin_held(&app, &uuid).await;
    let said = app.jimmctl(&["abort-migration", &uuid]).await;
    assert!(said.code == 0 && said.out.contains("too late to stop it"), "{}", text(&said));
    until(&app, &uuid, "it is said why not", |shown| {
        shown["message"].as_str().is_some_and(|it| it.contains("without losing the model"))
    })
    .await;
    app.sims[0].plan.turn("release").expect("releases");
    let shown = until_over(&app, &uuid).await;
    assert_eq!((&shown["state"], &shown["code"]), (&json!("done"), &json!("moved")), "{shown}");
    check_home(&app, &uuid, "sim2").await;

    // What fails by itself stays where it was, and is not begun again for somebody who wanted it stopped.
    let other = model(&app, "stall").await;
    app.sims[0].plan.turn("hold/VALIDATION").expect("holds");
    turn(&app.sims[1].plan, &["activate-error"], "on");
    begin(&app, "sim2", &other).await;
    until(&app, &other, "asked", |shown| shown["asked"].is_string()).await;
    assert_eq!(app.jimmctl(&["abort-migration", &other]).await.code, 0);
    app.sims[0].plan.turn("release").expect("releases");
    let shown = until_over(&app, &other).await;
    assert_eq!((&shown["code"], &shown["attempt"]), (&json!("cancelled"), &json!(1)), "{shown}");
    check_home(&app, &other, "sim1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_import_is_forgotten_and_does_not_keep_a_model_from_moving() {
    for shapes in [["3.6", "3.6"], ["4.1", "4.1"]] {
        let app = broker(shapes, &[]).await;
        let uuid = model(&app, "shop").await;
        let (source, target) = (&app.sims[0].plan, &app.sims[1].plan);
        turn(target, &["activate-error", "abort-unreachable"], "on");
        turn(source, &["abort-unreachable"], "on");
        begin(&app, "sim2", &uuid).await;
        let shown = until_over(&app, &uuid).await;
        assert_eq!(shown["state"], "aborted", "{shown}");
        check_home(&app, &uuid, "sim1").await;
        let said = app.jimmctl(&["check-migration", &uuid, "sim2"]).await;
        assert!(said.code == 0 && text(&said).contains("half of the model"), "{}", text(&said));
        let said = app.jimmctl(&["doctor"]).await;
        assert!(said.code == 1 && text(&said).contains("half-imported"), "{}", text(&said));

        // As long as the target cannot be made to forget it, two tries are made, and then it is said what to do.
        turn(target, &["activate-error"], "off");
        let before = shown["attempt"].as_i64().expect("a number");
        let said = app.jimmctl(&["retry-migration", &uuid, "--format", "json"]).await;
        let retried: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", text(&said)));
        assert!(said.code == 1 && retried["state"] == "aborted", "{retried}");
        if shapes[0] == "3.6" {
            assert_eq!(
                (&retried["code"], retried["attempt"].as_i64()),
                (&json!("half-import"), Some(before + 2)),
                "{retried}"
            );
            assert!(said.err.contains("choose another target"), "{}", said.err);
        }
        check_home(&app, &uuid, "sim1").await;

        turn(target, &["abort-unreachable"], "off");
        let said = app.jimmctl(&["retry-migration", &uuid]).await;
        assert_eq!(said.code, 0, "{}", text(&said));
        check_home(&app, &uuid, "sim2").await;
    }
}
