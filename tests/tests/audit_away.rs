//! The audit log while the database does not take it: on disk, across a crash; or dropped, counted and told. And what is
//! forgotten by age.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::process::{eventually, http_get};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(30);

fn metric(app: &TestApp, name: &str) -> Option<u64> {
    let (_, text) = http_get(app.plan.metrics_port, "/metrics")?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

async fn add_group(app: &TestApp, name: &str) {
    let said = app.jimmctl(&["add-group", name]).await;
    assert_eq!(said.code, 0, "{}", said.err);
}

/// How often the log has these groups' beginnings, in their order.
async fn groups(app: &TestApp) -> String {
    let sql =
        "SELECT coalesce(string_agg(params->>'name', ' ' ORDER BY time), '') FROM audit_entries WHERE facade_method = 'AddGroup'
               AND NOT is_response";
    app.db.fetch(sql).await.expect("a query").unwrap_or_default()
}

/// The batches on disk.
fn spilled(dir: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(dir).expect("the directory").flatten().map(|entry| entry.path());
    let batches = paths.filter(|path| path.extension().is_some_and(|end| end == "batch"));
    // One that has come to the database meanwhile is gone.
    batches.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// The batch on disk that has this text.
fn file_with(dir: &Path, text: &str) -> Option<PathBuf> {
    let mut paths = std::fs::read_dir(dir).expect("the directory").flatten().map(|entry| entry.path());
    paths.find(|path| {
        path.extension().is_some_and(|end| end == "batch")
            && std::fs::read_to_string(path).is_ok_and(|batch| batch.contains(text))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_does_not_take_waits_on_disk_and_survives_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let spill = dir.path().join("spill");
    let env = vec![("JIMM_AUDIT_SPILL_PATH".to_owned(), spill.display().to_string())];
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    add_group(&app, "aaa").await;
    eventually("it is in the log", DEADLINE, async || (groups(&app).await == "aaa").then_some(())).await;
    app.db.fetch("ALTER TABLE audit_log RENAME TO away").await.expect("away");
    for name in ["bbb", "ccc"] {
        add_group(&app, name).await;
        // Each class has a batch of its own: that there is one more says nothing of this one.
        let told = format!("\"{name}\"");
        eventually("it is on disk", DEADLINE, async || {
            spilled(&spill).iter().any(|batch| batch.contains(&told)).then_some(())
        })
        .await;
    }
    assert!(metric(&app, "jimm_audit_spilled_bytes").is_some_and(|bytes| bytes > 100));
    // Nothing that has come to disk is lost with the process.
    app.kill_broker();
    app.start_broker().await.expect("it starts without a log to write to");
    add_group(&app, "ddd").await;
    app.db.fetch("ALTER TABLE away RENAME TO audit_log").await.expect("back");
    eventually("all of it is written", DEADLINE, async || (groups(&app).await == "aaa bbb ccc ddd").then_some(()))
        .await;
    eventually("and nothing waits", DEADLINE, async || spilled(&spill).is_empty().then_some(())).await;
    let said = app.jimmctl(&["verify-audit", "--format", "json"]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(metric(&app, "jimm_audit_dropped_total"), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_is_counted_and_the_log_says_so() {
    overflows(Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_on_disk_either_is_counted_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let settings =
        [("JIMM_AUDIT_SPILL_PATH", dir.path().display().to_string()), ("JIMM_AUDIT_SPILL_SIZE", "2MiB".to_owned())];
    overflows(settings.map(|(name, value)| (name.to_owned(), value)).to_vec()).await;
}

/// While the database is away, there is an end to what waits; and the log tells what is missing.
async fn overflows(env: Vec<(String, String)>) {
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    let admin = app.connect_admin().await.expect("a connection");
    app.db.fetch("ALTER TABLE audit_log RENAME TO away").await.expect("away");
    // Each takes some 16 KiB in the log, of which 16 MiB find room in memory.
    let request = json!({"tuples": vec![json!({"object": "x".repeat(200)}); 90]});
    let mut sent = 0;
    while metric(&app, "jimm_audit_dropped_total") == Some(0) {
        assert!(sent < 6000, "nothing is dropped");
        for _ in 0..100 {
            let _: Result<serde_json::Value, _> = admin.call("JIMM", 4, "AddRelation", &request, DEADLINE).await;
            sent += 1;
        }
    }
    app.db.fetch("ALTER TABLE away RENAME TO audit_log").await.expect("back");
    let sql = "SELECT coalesce(sum((params->>'count')::bigint), 0)::text FROM audit_entries WHERE facade_name = 'Audit' AND facade_method = 'Dropped'";
    eventually("the log tells how much is missing", DEADLINE, async || {
        let told: u64 = app.db.fetch(sql).await.ok().flatten()?.parse().ok()?;
        (Some(told) == metric(&app, "jimm_audit_dropped_total")).then_some(())
    })
    .await;
    let said = app.jimmctl(&["verify-audit", "--format", "json"]).await;
    assert_eq!(said.code, 0, "what was dropped leaves no gap in a chain: {}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_just_now_is_read_later_and_what_is_damaged_is_kept_aside_and_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let spill = dir.path().join("spill");
    let env = vec![("JIMM_AUDIT_SPILL_PATH".to_owned(), spill.display().to_string())];
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    app.db.fetch("ALTER TABLE audit_log RENAME TO away").await.expect("away");
    let mut files = Vec::new();
    for name in ["aaa", "bbb", "ccc"] {
        add_group(&app, name).await;
        let told = format!("\"{name}\"");
        let file = eventually("it is on disk", DEADLINE, async || file_with(&spill, &told)).await;
        files.push(file);
    }
    // One cannot be opened for some time, in one step: a link to itself takes its place.
    let (kept, link) = (dir.path().join("kept"), dir.path().join("link"));
    std::fs::hard_link(&files[0], &kept).expect("kept");
    std::os::unix::fs::symlink(files[0].file_name().expect("a name"), &link).expect("a link");
    std::fs::rename(&link, &files[0]).expect("in its place");
    // And of another one only a part is left.
    let text = std::fs::read(&files[1]).expect("the batch");
    std::fs::write(&files[1], &text[..text.len() - 5]).expect("damaged");
    app.db.fetch("ALTER TABLE away RENAME TO audit_log").await.expect("back");
    let said = async || app.broker_log().contains("cannot be read").then_some(());
    eventually("the log says that it cannot be read", DEADLINE, said).await;
    std::fs::rename(&kept, &files[0]).expect("back");
    eventually("the others are written", DEADLINE, async || (groups(&app).await == "aaa ccc").then_some(())).await;
    assert!(files[1].with_extension("damaged").exists());
    eventually("nothing waits", DEADLINE, async || spilled(&spill).is_empty().then_some(())).await;
    let dropped = metric(&app, "jimm_audit_dropped_total");
    assert!(dropped.is_some_and(|lost| (1..10).contains(&lost)), "{dropped:?}");
    let told = "SELECT params->>'count' FROM audit_entries WHERE facade_name = 'Audit' AND facade_method = 'Dropped'";
    let told = eventually("the log tells how much is missing", DEADLINE, async || {
        app.db.fetch(told).await.ok().flatten()?.parse().ok()
    })
    .await;
    assert_eq!(Some(told), dropped);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_is_forgotten_at_its_time_and_a_statement_says_so() {
    let env = vec![("JIMM_AUDIT_RETENTION_READS".to_owned(), "30".to_owned())];
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    app.stop_broker().await;
    for class in ["read", "change"] {
        for sql in [
            format!("SELECT audit_partition('{class}', '2020-01-05')"),
            format!(
                "INSERT INTO audit_log SELECT '{class}', '2020-01-05', gen_random_uuid(), 0, '2020-01-05', '2020-01-05', 1, '{{}}',
                 '{{}}', '{{}}', '{{\"v\":2,\"t\":1578182400000000,\"o\":[],\"m\":[],\"e\":[]}}', '', sha256('x')"
            ),
        ] {
            app.db.fetch(&sql).await.expect("an old entry");
        }
    }
    app.start_broker().await.expect("it starts again");
    let gone = "SELECT 'yes' WHERE to_regclass('audit_log_read_2020_01') IS NULL";
    eventually("the month of reads is gone", DEADLINE, async || app.db.fetch(gone).await.ok().flatten()).await;
    let told = "SELECT body FROM audit_checkpoints WHERE body LIKE '%\"purged\"%'";
    let told = app.db.fetch(told).await.expect("a query").expect("a statement");
    assert!(told.contains("\"retention\"") && told.contains("\"2020-01-05\""), "{told}");
    let left = "SELECT count(*)::text FROM audit_log WHERE day = '2020-01-05' AND class = 'change'";
    assert_eq!(app.db.fetch(left).await.expect("a query").as_deref(), Some("1"), "changes are kept for ever");
}
