//! `jimmctl` about the audit log: what it lists, who may read it, and what is purged.

use chrono::{DateTime, FixedOffset};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::process::eventually;
use serde_json::Value;

const ALICE: &str = "alice@example.com";
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);

async fn ok(app: &TestApp, args: &[&str]) -> String {
    let said = app.jimmctl(args).await;
    assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    said.out
}

/// The lines of `--format jsonl`.
fn events(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_listed_filtered_paged_and_purged() {
    let app = TestApp::with(AppOptions::default()).await;
    ok(&app, &["add-group", "platform"]).await;
    // It is written a moment later.
    let filter = ["list-audit-events", "--method", "AddGroup", "--format", "jsonl"];
    let found = eventually("the request and its answer are in the log", DEADLINE, async || {
        let found = events(&ok(&app, &filter).await);
        (found.len() == 2).then_some(found)
    })
    .await;
    assert_eq!(found[0]["facade-name"], "JIMM");
    assert_eq!(found[0]["user-tag"], "user-svc-admin@serviceaccount");
    assert_eq!(found[0]["params"]["name"], "platform", "{}", found[0]);
    assert_eq!((&found[0]["is-response"], &found[1]["is-response"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!(found[1]["errors"]["results"][0]["error"]["message"], "", "as the reference writes a success");

    let yaml = ok(&app, &["audit-events", "--method", "AddGroup", "--limit", "1"]).await;
    assert!(yaml.starts_with("events:\n- time: 2"), "{yaml}");
    assert!(yaml.contains("\n  facade-method: AddGroup\n  facade-version: 4\n"), "{yaml}");
    let table = ok(&app, &["list-audit-events", "--limit", "3", "--format", "tabular"]).await;
    assert!(table.starts_with("Time ") && table.lines().count() == 4, "{table}");

    let oldest = events(&ok(&app, &["list-audit-events", "--all", "--format", "jsonl"]).await);
    let newest = events(&ok(&app, &["list-audit-events", "--all", "--reverse", "--format", "jsonl"]).await);
    // Zeros at their ends are left out, as Go does it: times do not sort as texts.
    let times = |events: &[Value]| -> Vec<DateTime<FixedOffset>> {
        let time = |event: &Value| DateTime::parse_from_rfc3339(event["time"].as_str().expect("a time"));
        events.iter().map(|event| time(event).expect("a time")).collect()
    };
    assert!(times(&oldest).is_sorted() && times(&newest).iter().rev().is_sorted());
    let second = events(&ok(&app, &["list-audit-events", "--offset", "1", "--limit", "1", "--format", "jsonl"]).await);
    assert_eq!(second, oldest[1..2]);
    assert_eq!(ok(&app, &["list-audit-events", "--user-tag", "user-nobody@x.y"]).await, "events: []\n");
    let said = app.jimmctl(&["list-audit-events", "--after", "yesterday"]).await;
    assert!(said.code == 1 && said.err.contains("invalid \"after\" filter"), "{}", said.err);

    assert_eq!(ok(&app, &["purge-audit-logs", "2020-01-01"]).await, "deleted-count: 0\n");
    let said = ok(&app, &["purge-audit-logs", "2999-01-01", "--format", "json"]).await;
    let gone: Value = serde_json::from_str(&said).expect("JSON");
    assert!(gone["deleted-count"].as_u64().expect("a number") >= oldest.len() as u64, "{gone}");
    assert_eq!(app.jimmctl(&["purge-audit-logs"]).await.code, 2);
    assert_eq!(app.jimmctl(&["purge-audit-logs", "yesterday"]).await.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_the_audit_log_is_told_by_administrators() {
    let app = TestApp::with(AppOptions::default()).await;
    let token = app.token(ALICE).await.expect("the device flow");
    let may = async || app.jimmctl_as(&token, &["list-audit-events", "--limit", "1"]).await;
    let refused = may().await;
    assert!(refused.code == 1 && refused.err.contains("unauthorized"), "{}", refused.err);
    for _ in 0..2 {
        assert_eq!(ok(&app, &["grant-audit-log-access", ALICE]).await, "");
    }
    assert_eq!(may().await.code, 0);
    let said = app.jimmctl_as(&token, &["purge-audit-logs", "2999-01-01"]).await;
    assert!(said.code == 1 && said.err.contains("unauthorized"), "who reads may not purge: {}", said.err);
    for _ in 0..2 {
        assert_eq!(ok(&app, &["revoke-audit-log-access", ALICE]).await, "");
    }
    assert_eq!(may().await.code, 1);
    assert_eq!(app.jimmctl(&["grant-audit-log-access"]).await.code, 2);
}
