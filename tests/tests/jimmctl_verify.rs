//! `jimmctl verify-audit` finds what was done to the audit log behind the broker's back, with SQL.

use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::process::eventually;
use serde_json::Value;

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);

/// What a check reports, and whether it failed.
async fn verify(app: &TestApp, more: &[&str]) -> (Value, Said) {
    let said = app.jimmctl(&[&["verify-audit", "--format", "json"], more].concat()).await;
    let report = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no report: {}{}", said.out, said.err));
    (report, said)
}

/// A broker that has written changes in at least three batches, and has no more of them; nothing is wrong with its log.
async fn written() -> TestApp {
    let app = TestApp::with(AppOptions::default()).await;
    for name in ["one", "two", "three"] {
        let said = app.jimmctl(&["add-group", name]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        // Request and answer, which may be in different batches.
        let sql = format!(
            "SELECT 'yes' FROM audit_entries asked JOIN audit_entries answered USING (conversation_id, message_id)
             WHERE asked.params->>'name' = '{name}' AND answered.is_response"
        );
        eventually("it is in the log", DEADLINE, async || app.db.fetch(&sql).await.ok().flatten()).await;
    }
    let (report, said) = verify(&app, &[]).await;
    assert!(said.code == 0 && report["ok"] == true, "{report} {}", said.err);
    assert!(report["entries"].as_u64() > Some(6) && report["checkpoints"].as_u64() > Some(0), "{report}");
    app
}

const CHANGES: &str = "audit_log WHERE class = 'change'";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_with_sql_is_found() {
    let app = written().await;
    app.db.fetch("CREATE TABLE kept AS TABLE audit_log").await.expect("a copy");
    for (sql, fault) in [
        (
            "UPDATE audit_log SET entries = replace(encode(entries, 'escape'), 'two', 'owt')::bytea WHERE encode(entries, 'escape') LIKE '%two%'",
            "was changed",
        ),
        ("UPDATE audit_log SET identities = '{user-x}' WHERE class = 'change' AND seq = 1", "was changed"),
        (
            "UPDATE audit_log SET first_time = first_time - interval '1 day' WHERE class = 'change' AND seq = 1",
            "was changed",
        ),
        ("DELETE FROM audit_log WHERE class = 'change' AND seq = 1", "some are missing"),
        ("DELETE FROM audit_log WHERE class = 'change' AND seq = 0", "no purge tells of them"),
        (
            "DELETE FROM audit_log WHERE class = 'change' AND seq = (SELECT max(seq) FROM audit_log WHERE class = 'change')",
            "is missing, of which a checkpoint tells",
        ),
        ("DELETE FROM audit_log WHERE class = 'change'", "is missing, of which a checkpoint tells"),
        (
            "UPDATE audit_log a SET entries = b.entries FROM audit_log b WHERE a.class = 'change' AND b.class = 'change' AND a.seq + b.seq = 1",
            "was changed",
        ),
        ("UPDATE audit_log SET hash = sha256('x') WHERE class = 'change' AND seq = 0", "was changed"),
    ] {
        app.db.fetch(sql).await.expect(sql);
        let (report, said) = verify(&app, &[]).await;
        assert!(said.code == 1 && report["ok"] == false, "{sql}: {report}");
        assert!(report["faults"].to_string().contains(fault), "{sql}: {}", report["faults"]);
        // As it was, with what came in meanwhile.
        app.db.fetch("DELETE FROM audit_log l USING kept k WHERE (l.class, l.day, l.chain, l.seq) = (k.class, k.day, k.chain, k.seq)").await.expect("away");
        app.db.fetch("INSERT INTO audit_log TABLE kept").await.expect("back");
    }
    let (report, said) = verify(&app, &[]).await;
    assert_eq!(said.code, 0, "{report}: as it was");
    let count = app.db.fetch(&format!("SELECT count(*)::text FROM {CHANGES}")).await.expect("a count");
    assert!(count.is_some_and(|count| count.parse::<u32>().is_ok_and(|count| count >= 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_cannot_be_forged_removed_or_forgotten() {
    let app = written().await;
    let copy = app.dir().join("log.jsonl").display().to_string();
    let (report, said) = verify(&app, &["--save", &copy]).await;
    assert_eq!(said.code, 0, "{report}");
    let (anchor, key) = (report["anchor"].as_str().expect("an anchor"), report["keys"][0].as_str().expect("a key"));
    let trusted = ["--anchor", anchor, "--key", key];
    assert_eq!(verify(&app, &trusted).await.1.code, 0);
    let offline = [&["--file", copy.as_str()], &trusted[..]].concat();
    assert_eq!(verify(&app, &offline).await.0["ok"], true, "without the broker");
    let text = std::fs::read_to_string(&copy).expect("the copy").replacen("user-svc", "user-cvs", 1);
    std::fs::write(&copy, text).expect("written");
    assert_eq!(verify(&app, &offline).await.1.code, 1, "a copy that was changed");
    let other = ["--key", &"0".repeat(64)];
    let (report, _) = verify(&app, &other).await;
    assert!(report["faults"].to_string().contains("not the expected one"), "{report}");

    // So that there is more than one checkpoint, and those that are looked for are not the last.
    let said = app.jimmctl(&["add-group", "four"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let sql = "SELECT 'yes' FROM audit_entries WHERE params->>'name' = 'four'";
    eventually("it is in the log", DEADLINE, async || app.db.fetch(sql).await.ok().flatten()).await;
    let (report, _) = verify(&app, &[]).await;
    assert!(report["checkpoints"].as_u64() > Some(1), "{report}");
    app.db.fetch("CREATE TABLE kept AS TABLE audit_checkpoints").await.expect("a copy");
    for (sql, args, fault) in [
        (
            "UPDATE audit_checkpoints SET body = replace(body, '\"seq\":', '\"seq\":1') WHERE no = 1",
            &[][..],
            "is not signed",
        ),
        ("DELETE FROM audit_checkpoints WHERE no = 1", &[], "one is missing"),
        ("DELETE FROM audit_checkpoints", &trusted, "not there any more"),
    ] {
        app.db.fetch(sql).await.expect(sql);
        // What is signed anew begins where the others ended.
        let (report, said) = verify(&app, args).await;
        let faults = report["faults"].to_string();
        assert!(
            said.code == 1 && (faults.contains(fault) || faults.contains("not the one that was noted")),
            "{sql}: {report}"
        );
        app.db.fetch("DELETE FROM audit_checkpoints").await.expect("away");
        app.db.fetch("INSERT INTO audit_checkpoints TABLE kept").await.expect("back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_leaves_a_log_that_can_be_checked() {
    let app = written().await;
    let sql = "SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM audit_entries WHERE params->>'name' = 'three'";
    let date = app.db.fetch(sql).await.expect("a query").expect("the entry");
    let body = jimm_proto::params::jimm_audit::PurgeLogsRequest { date };
    let admin = app.connect_admin().await.expect("a connection");
    let gone: jimm_proto::params::jimm_audit::PurgeLogsResponse =
        admin.call("JIMM", 4, "PurgeLogs", &body, DEADLINE).await.expect("purged");
    assert!(gone.deleted_count >= 6, "{gone:?}");
    let left = app.jimmctl(&["list-audit-events", "--method", "AddGroup", "--format", "jsonl"]).await.out;
    assert!(left.contains("three") && !left.contains("two"), "{left}");
    let (report, said) = verify(&app, &[]).await;
    assert_eq!((said.code, report["purged"].as_i64()), (0, Some(gone.deleted_count)), "{report}");
    // What the purge left is not what anybody may take away.
    app.db.fetch("DELETE FROM audit_log WHERE class = 'change' AND seq = (SELECT min(seq) FROM audit_log WHERE class = 'change')").await.expect("away");
    assert_eq!(verify(&app, &[]).await.1.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_another_replica_leave_chains_that_hold() {
    let app = written().await;
    assert_eq!(app.stop_broker().await, [Some(0)]);
    let closed = "SELECT 'yes' FROM audit_checkpoints WHERE body LIKE '%\"closed\":true%'";
    assert_eq!(app.db.fetch(closed).await.expect("a query").as_deref(), Some("yes"), "a stop tells how the chains end");
    app.start_broker().await.expect("it starts again");
    let said = app.jimmctl(&["add-group", "four"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let sql = "SELECT 'yes' FROM audit_entries WHERE params->>'name' = 'four'";
    eventually("it is in the log", DEADLINE, async || app.db.fetch(sql).await.ok().flatten()).await;
    app.kill_broker();
    app.start_broker().await.expect("and again");
    let (report, said) = verify(&app, &[]).await;
    assert_eq!(said.code, 0, "{report}");
    assert!(report["chains"].as_u64() >= Some(5), "{report}");
}
