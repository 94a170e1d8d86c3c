//! What is owed after the switch: how the source gets rid of its copy, and what stays when the jobs are forgotten.

use jimm_tests::process;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{LONG, begin, broker, check_home, model, show, turn, until, until_over};

/// What became of it after the move that is shown.
fn care_of(shown: &Value, kind: &str) -> Value {
    let all = shown["aftercare"].as_array().into_iter().flatten();
    all.into_iter().find(|care| care["kind"] == kind).cloned().unwrap_or_default()
}

/// What became of the source's copy.
fn source_of(shown: &Value) -> Value {
    care_of(shown, "source")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_remove_its_copy_says_so_after_the_move() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let (uuid, other) = (model(&app, "shop").await, model(&app, "other").await);
    let source = &app.sims[0].plan;
    source.turn("hold/LOGTRANSFER").expect("holds");
    begin(&app, "sim2", &uuid).await;
    let shown = until_over(&app, &uuid).await;
    assert_eq!(shown["code"], "moved", "{shown}");
    // The move is over; its source is not through.
    let shown = until(&app, &uuid, "the source tells", |shown| {
        source_of(shown)["message"].as_str().is_some_and(|it| it.contains("transferring logs"))
    })
    .await;
    assert_eq!((&source_of(&shown)["state"], &shown["state"]), (&json!("owed"), &json!("done")), "{shown}");
    turn(source, &["reap-failed"], "on");
    source.turn("release").expect("releases");
    let shown = until(&app, &uuid, "the source has ended", |shown| source_of(shown)["state"] == "done").await;
    let care = source_of(&shown);
    assert_eq!((&care["outcome"], &shown["code"]), (&json!("reap-failed"), &json!("moved")), "{shown}");
    assert!(care["message"].as_str().is_some_and(|it| it.contains("removing exported model failed")), "{care}");
    check_home(&app, &uuid, "sim2").await;

    let events = app.jimmctl(&["events", "--after", "0", "--limit", "1000", "--format", "json"]).await.out;
    assert!(events.contains("migration.reap-failed"), "{events}");
    let said = app.jimmctl(&["doctor"]).await;
    assert!(said.code == 1 && said.out.contains("left-on-source"), "{}{}", said.out, said.err);
    assert!(
        said.out.contains("controller sim1 could not remove its copy: removing exported model failed"),
        "{}",
        said.out
    );

    turn(source, &["reap-failed"], "off");
    begin(&app, "sim2", &other).await;
    let shown = until(&app, &other, "the source has ended", |shown| source_of(shown)["state"] == "done").await;
    assert_eq!(source_of(&shown)["outcome"], "removed", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_forgotten_after_their_time_and_moves_are_not() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let (old, new) = (model(&app, "old").await, model(&app, "new").await);
    for uuid in [&old, &new] {
        begin(&app, "sim2", uuid).await;
        until_over(&app, uuid).await;
    }
    app.stop_broker().await;
    let aged = format!("UPDATE jobs SET finished_at = now() - interval '91 days' WHERE key = '{old}'");
    assert_eq!(app.db.execute(&aged).await.expect("the database"), 1);
    app.start_broker().await.expect("starts again");
    let left =
        "SELECT string_agg(DISTINCT key, ' ') FROM jobs JOIN job_logs ON job_id = id WHERE kind = 'migrate-model'";
    process::eventually("the old job is forgotten with its log", LONG, || async {
        (app.db.fetch(left).await.ok()?.as_deref() == Some(&new)).then_some(())
    })
    .await;
    let shown = show(&app, &old).await;
    assert_eq!((&shown["code"], &shown["log"]), (&json!("moved"), &Value::Null), "{shown}");
    assert!(shown["phases"].as_array().is_some_and(|phases| phases.len() > 2), "{shown}");
    let admin = app.connect_admin().await.expect("the admin");
    let told: Value =
        admin.call("JIMM", 4, "MigrationStatus", &json!({"models": [old]}), LONG).await.expect("an answer");
    assert!(told.to_string().contains("is forgotten: see"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_a_move_is_as_it_was_at_one_moment() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    begin(&app, "sim2", &uuid).await;
    let is_over = |shown: &Value| ["relations", "source"].iter().all(|kind| care_of(shown, kind)["state"] == "done");
    until(&app, &uuid, "nothing is owed any more", is_over).await;
    // As while relations are looked at; then somebody comes to the end of it while the move is being read.
    let owed = "UPDATE migration_aftercare SET state = 'owed', due = now() + interval '1 day' WHERE kind = 'relations'";
    assert_eq!(app.db.execute(owed).await.expect("the database"), 1);
    let mut other = PgConnection::connect(&app.db.url).await.expect("the database");
    for sql in [
        "BEGIN",
        "LOCK TABLE migration_aftercare IN ACCESS EXCLUSIVE MODE",
        r#"UPDATE migrations SET relations = '[{"kind": "offer", "state": "repaired"}]'"#,
        "UPDATE migration_aftercare SET state = 'done'",
    ] {
        other.execute(sql).await.expect("the database");
    }
    let settle = async {
        let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' AND query LIKE 'SELECT kind, state, outcome%'";
        process::eventually("the move is being read", LONG, || async {
            (app.db.fetch(waits).await.ok()?.as_deref() == Some("1")).then_some(())
        })
        .await;
        other.execute("COMMIT").await.expect("the database");
    };
    let (shown, ()) = tokio::join!(show(&app, &uuid), settle);
    let is_settled = care_of(&shown, "relations")["state"] == "done";
    assert_eq!(shown["relations"].is_array(), is_settled, "{shown}");
    let shown = show(&app, &uuid).await;
    assert_eq!(
        (&shown["relations"][0]["state"], &care_of(&shown, "relations")["state"]),
        (&json!("repaired"), &json!("done"))
    );
}
