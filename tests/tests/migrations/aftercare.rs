//! What is owed after the switch: how the source gets rid of its copy, and what stays when the jobs are forgotten.

use jimm_tests::process;
use serde_json::{Value, json};

use crate::support::{LONG, begin, broker, check_home, model, show, turn, until, until_over};

/// What became of the source's copy after the move that is shown.
fn source_of(shown: &Value) -> Value {
    let all = shown["aftercare"].as_array().into_iter().flatten();
    all.into_iter().find(|care| care["kind"] == "source").cloned().unwrap_or_default()
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
