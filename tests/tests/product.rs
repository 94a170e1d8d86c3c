//! The product from outside, without controllers: starting, logging in, ending.

use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_person_logs_in_by_device_flow_and_a_restart_keeps_the_session() {
    let app = TestApp::with(AppOptions::default()).await;
    let token = app.token("alice@example.com").await.expect("the device flow");
    let (connection, login) = app.door.with_token(&token).await.expect("a login");
    assert_eq!(login.user_info.expect("who we are").identity, "user-alice@example.com");
    assert_eq!(login.controller_tag, format!("controller-{}", app.plan.uuid));
    let names: Vec<&str> = login.servers.iter().flatten().map(|server| server.value.as_str()).collect();
    assert_eq!(names, ["localhost"], "a name: clients forget loopback addresses");
    let pong: Value = connection.call("Pinger", 1, "Ping", &json!({}), DEADLINE).await.expect("a pong");
    assert_eq!(pong, json!({}));

    app.kill_broker();
    app.start_broker().await.expect("starts again");
    app.door.with_token(&token).await.expect("the same session");
    let wrong = app.door.with_token("nonsense").await.expect_err("no session");
    assert!(format!("{wrong:#}").contains("session token invalid"), "{wrong:#}");
}

#[tokio::test]
async fn jimmctl_lists_no_controllers_of_a_new_broker() {
    let app = TestApp::with(AppOptions::default()).await;
    let said = app.jimmctl(&["list-controllers", "--format", "yaml"]).await;
    assert_eq!((said.code, said.out.trim()), (0, "[]"), "{}", said.err);
    let token = app.token("bob@example.com").await.expect("the device flow");
    let said = app.jimmctl_as(&token, &["import-model", "nosuch", &app.plan.uuid]).await;
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("unauthorized"), "{}", said.err);
}

#[tokio::test]
async fn the_log_is_free_of_secrets_and_the_end_is_graceful() {
    let app = TestApp::with(AppOptions::default()).await;
    let token = app.token("alice@example.com").await.expect("the device flow");
    let _open = app.door.with_token(&token).await.expect("a login");
    app.jimmctl(&["list-controllers"]).await;
    assert_eq!(app.stop_broker().await, [Some(0)], "{}", app.broker_log());
    let log = app.broker_log();
    for secret in [token.as_str(), "svc-admin-secret", "broker-secret"] {
        assert!(!log.contains(secret), "the log holds a secret:\n{log}");
    }
}
