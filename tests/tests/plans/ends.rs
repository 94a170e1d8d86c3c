//! Plans that are changed, given up or cut off while they come to their end: each one ends, and leaves nothing that waits.

use jimm_tests::app::TestApp;
use jimm_tests::planned::{begun, proposed, until, with_models};
use serde_json::json;

/// Changes a plan, and answers what was said.
async fn changed(app: &TestApp, change: &str, id: i64, models: &[&str]) -> Result<(), String> {
    let said = app.jimmctl(&[&[change, &id.to_string()], models].concat()).await;
    if said.code == 0 { Ok(()) } else { Err(said.err) }
}

async fn count(app: &TestApp, sql: &str) -> String {
    app.db.fetch(sql).await.expect("the database").unwrap_or_default()
}

const HELD: &str = "SELECT count(*)::text FROM plan_models WHERE held";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_given_up_while_its_sources_are_asked_ends() {
    let (app, _) = with_models(&["4.1", "4.1"], 1).await;
    let id = begun(&app, &proposed(&app, &["plan-drain", "sim1"]).await).await;
    // A 4.1 source keeps its copy, and is asked for seconds.
    until(&app, id, "proving").await;
    changed(&app, "abort-plan", id, &[]).await.expect("it is given up");
    let told = until(&app, id, "aborted").await;
    assert_eq!(told["status"]["models"], json!({"done": 1}), "{told}");
    assert!(told["status"]["proof"].as_array().is_none_or(Vec::is_empty), "it did not come to that: {told}");
    assert_eq!(count(&app, HELD).await, "0", "its models may be in other plans");
}
