//! What is owed after the switch: how the source gets rid of its copy, and what stays when the jobs are forgotten.

use jimm_tests::process;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{LONG, begin, broker, check_home, deploy, model, show, turn, until, until_over};

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
async fn agents_that_do_not_come_to_the_target_are_named_until_they_do() {
    // Looks at 0.15 s, 0.3 s, 0.6 s and so on after the switch.
    let app = broker(["3.6", "3.6"], &[("JIMM_MIGRATION_POLL_INTERVAL", "10ms")]).await;
    let (uuid, empty) = (model(&app, "shop").await, model(&app, "empty").await);
    deploy(&app, &uuid).await;
    let target = &app.sims[1].plan;
    turn(target, &["agents-down"], "on");
    begin(&app, "sim2", &uuid).await;
    let agents = |shown: &Value| care_of(shown, "agents");
    let shown = until(&app, &uuid, "they are missed", |shown| agents(shown)["outcome"] == "lost").await;
    let care = agents(&shown);
    assert_eq!((&shown["code"], &care["state"]), (&json!("moved"), &json!("owed")), "{shown}");
    let message = care["message"].as_str().unwrap_or_default();
    let named = "4 of 4 agents do not report to controller sim2: machine 0, machine 1, unit pg/0, unit pg/1; if their machines run, see";
    assert!(message.starts_with(named), "{care}");
    let said = app.jimmctl(&["doctor"]).await;
    assert!(
        said.code == 1 && said.out.contains("agents-behind") && said.out.contains(named),
        "{}{}",
        said.out,
        said.err
    );

    // Who cannot be asked is not passed over.
    turn(target, &["refuse-logins"], "on");
    let said = app.jimmctl(&["doctor"]).await;
    assert!(said.code == 1 && said.err.contains("1 controllers were not looked at"), "{}{}", said.out, said.err);
    let why = "controller: sim2\n  why: \"whether agents have come to 1 of its models: ";
    assert!(said.out.contains(why), "{}", said.out);
    turn(target, &["refuse-logins"], "off");

    // A target that does not answer changes nothing of what is known.
    turn(target, &["drop-calls"], "on");
    let shown = until(&app, &uuid, "the target is silent", |shown| {
        agents(shown)["message"].as_str().is_some_and(|it| it.contains("controller sim2 does not tell of the agents"))
    })
    .await;
    assert_eq!(agents(&shown)["outcome"], "lost", "{shown}");
    turn(target, &["drop-calls", "agents-down"], "off");
    let shown = until(&app, &uuid, "they are there", |shown| agents(shown)["state"] == "done").await;
    let care = agents(&shown);
    assert_eq!(
        (&care["outcome"], &care["message"]),
        (&json!("ok"), &json!("all 4 report to controller sim2")),
        "{care}"
    );
    let said = app.jimmctl(&["doctor"]).await;
    assert!(!said.out.contains("agents-behind"), "{}{}", said.out, said.err);
    let events = app.jimmctl(&["events", "--after", "0", "--limit", "1000", "--format", "json"]).await.out;
    assert_eq!(events.matches("migration.agents-lost").count(), 1, "told once: {events}");

    begin(&app, "sim2", &empty).await;
    let shown = until(&app, &empty, "nobody is missed", |shown| agents(shown)["state"] == "done").await;
    assert_eq!(agents(&shown)["message"], "there are none", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_stay_with_the_copy_at_the_source_are_told_from_those_that_are_gone() {
    let app = broker(["4.1", "4.1"], &[("JIMM_MIGRATION_POLL_INTERVAL", "10ms")]).await;
    let uuid = model(&app, "shop").await;
    deploy(&app, &uuid).await;
    turn(&app.sims[1].plan, &["units-behind"], "on");
    begin(&app, "sim2", &uuid).await;
    until_over(&app, &uuid).await;
    turn(&app.sims[0].plan, &["units-behind"], "on");
    let shown = until(&app, &uuid, "they are missed", |shown| care_of(shown, "agents")["outcome"] == "lost").await;
    let message = care_of(&shown, "agents")["message"].as_str().unwrap_or_default().to_owned();
    let named = "2 of 4 agents do not report to controller sim2: unit pg/0, unit pg/1; still at work for the copy on controller sim1: \
                 unit pg/0, unit pg/1; see";
    assert!(message.starts_with(named), "{message}");
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
