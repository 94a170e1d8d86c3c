//! The report before a move: everything at once, and nothing begun.

use jimm_tests::app::TestApp;
use jimm_tests::given;
use serde_json::{Value, json};

use crate::support::{broker, check_home, deploy, list, model, text, turn, until_over};

/// What `check-migration` tells, and its exit code.
async fn check(app: &TestApp, args: &[&str]) -> (i32, Value) {
    let said = app.jimmctl(&[&["check-migration", "--format", "json"], args].concat()).await;
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", text(&said)));
    (said.code, told["results"][0].clone())
}

fn failed(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().into_iter().flatten();
    checks.filter(|check| check["ok"] == false).filter_map(|check| check["name"].as_str()).collect()
}

fn message<'a>(report: &'a Value, name: &str) -> &'a str {
    let mut checks = report["checks"].as_array().into_iter().flatten();
    checks.find(|check| check["name"] == name).and_then(|check| check["message"].as_str()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_in_the_way_is_found_at_once_and_nothing_begins() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    deploy(&app, &uuid).await;
    let (source, target) = (&app.sims[0].plan, &app.sims[1].plan);
    turn(source, &["agents-down"], "on");
    let cloud = given::cloud_of(target).await.expect("a cloud");
    given::make_model(target, &cloud, "shop").await.expect("a model in the way");

    let (code, report) = check(&app, &[&uuid, "sim2"]).await;
    assert!(code == 1 && report["ok"] == false, "{report}");
    let found = failed(&report);
    for name in ["agents-ready", "nothing-dying", "name-free"] {
        assert!(found.contains(&name), "{name} is not among {found:?}");
    }
    assert!(found.iter().filter(|name| **name == "agents-ready").count() >= 4, "each agent is named: {found:?}");
    let checks = report["checks"].as_array().expect("checks");
    let agents = checks.iter().find(|check| check["name"] == "agents-ready").expect("agents");
    assert!(agents["action"].as_str().is_some_and(|it| it.contains("wait for it")), "{agents}");
    assert_eq!((&report["machines"], &report["units"]), (&json!(2), &json!(2)), "{report}");
    let said = app.jimmctl(&["migrate", "--dry-run", "sim2", &uuid, "--format", "tabular"]).await;
    let first = said.out.lines().nth(2).unwrap_or_default();
    assert!(said.code == 1 && first.contains("FAILED") && said.out.contains("What to do"), "{}", text(&said));
    assert!(list(&app, &["--all"]).await.is_empty());

    // With nothing in the way it says go, what it only assumes, and how long it may take: nobody knows yet.
    turn(source, &["agents-down"], "off");
    let said = app.jimmctl(&["check-migration", &uuid, "sim1", "--format", "yaml"]).await;
    assert!(said.code == 1 && said.out.contains("the model is on controller sim1 already"), "{}", text(&said));
    let said = app.jimmctl(&["check-migration", &uuid]).await;
    assert_eq!(said.code, 2, "{}", text(&said));
    let said = app.jimmctl(&["check-migration", &uuid, "nowhere"]).await;
    assert!(said.code == 1 && text(&said).contains("not found"), "{}", text(&said));
    let stranger = app.token("stranger@example.com").await.expect("a token");
    let said = app.jimmctl_as(&stranger, &["check-migration", &uuid, "sim2"]).await;
    assert!(said.code == 1 && text(&said).contains("unauthorized"), "{}", text(&said));
    check_home(&app, &uuid, "sim1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_can_move_gets_a_go_with_an_estimate_from_what_was() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let (first, second) = (model(&app, "first").await, model(&app, "second").await);
    let (code, report) = check(&app, &[&first, "sim2"]).await;
    assert!(code == 0 && report["ok"] == true && report.get("estimated-seconds").is_none(), "{report}");
    assert!(message(&report, "duration").contains("no model of about this size was moved yet"), "{report}");
    assert!(message(&report, "source-reaches-target").contains("assumed"), "{report}");
    assert!(message(&report, "users-on-target").contains("not compared"), "{report}");
    let said = app.jimmctl(&["migrate", "sim2", &first]).await;
    assert_eq!(said.code, 0, "{}", text(&said));
    // The check of a source that ignores the flag did not begin anything: this was its first migration.
    let shown = until_over(&app, &first).await;
    assert_eq!(shown["migration-id"], format!("{first}:0"), "{shown}");
    let (code, report) = check(&app, &[&second, "sim2"]).await;
    assert!(code == 0 && report["estimated-seconds"].is_i64(), "{report}");
    assert!(message(&report, "duration").contains("the median of 1 moves"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_export_and_a_target_that_is_older_are_both_named() {
    let app = broker(["4.0", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    let (code, report) = check(&app, &[&uuid, "sim2"]).await;
    let found = failed(&report);
    assert!(code == 1 && found.contains(&"source-can-migrate-out") && found.contains(&"target-not-older"), "{report}");
}
