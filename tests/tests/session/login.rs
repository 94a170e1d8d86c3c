//! Logging in on the controller connection, and what is refused before.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, BROKER, World};

#[tokio::test]
async fn a_session_token_logs_in_and_the_result_is_what_clients_need() {
    let world = World::new().await;
    let (mut client, result) = world.login("/api", ALICE).await;
    assert_eq!(result["controller-tag"], format!("controller-{BROKER}"));
    assert_eq!(result["public-dns-name"], "jimm.example.com");
    assert_eq!(result["server-version"], "4.0.8");
    assert_eq!(result["user-info"]["identity"], "user-alice@example.com");
    assert_eq!(result["user-info"]["controller-access"], "login");
    assert_eq!(result["servers"][0][0]["value"], "jimm.example.com");
    assert_eq!(result["servers"][0][0]["port"], 443);
    assert_eq!(result.get("model-tag"), None, "clients refuse one here");
    let names: Vec<&str> =
        result["facades"].as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"JIMM") && names.contains(&"ModelManager"), "{names:?}");
    assert!(!names.contains(&"Admin"), "{names:?}");
    let again = client.error("Admin(4).LoginWithSessionToken", json!({"session-token": World::token(ALICE)})).await;
    assert!(again.ends_with("(not implemented)"), "{again}");

    let (_, result) = world.login("/", ADMIN).await;
    assert_eq!(result["user-info"]["controller-access"], "superuser");
}

#[tokio::test]
async fn before_login_only_admin_is_served() {
    let world = World::new().await;
    let mut client = world.open("/api", Vec::new()).await;
    assert_eq!(
        client.error("ModelManager(9).ListModels", json!({})).await,
        "no such request - method ModelManager(9).ListModels is not implemented (not implemented)"
    );
    assert_eq!(client.ok("Pinger(1).Ping", json!({})).await, json!({}));
    assert_eq!(
        client.error("Admin(3).Login", json!({"auth-tag": "user-admin", "credentials": "pw"})).await,
        "JIMM does not support login from old clients (not supported)"
    );
    for (token, text) in [("", "no token presented"), ("nonsense", "invalid JWT")] {
        let error = client.error("Admin(4).LoginWithSessionToken", json!({"session-token": token})).await;
        assert_eq!(error, format!("{text} (session token invalid)"));
    }
    let error = client.error("Admin(4).LoginWithSessionCookie", json!({})).await;
    assert_eq!(error, "missing cookie identity (unauthorized access)");
    // The connection is still good.
    client.ok("Admin(4).LoginWithSessionToken", json!({"session-token": World::token(ALICE)})).await;
}

#[tokio::test]
async fn the_device_flow_waits_while_other_requests_go_on() {
    let world = World::new().await;
    let mut client = world.open("/api", Vec::new()).await;
    let none = client.error("Admin(4).GetDeviceSessionToken", json!({})).await;
    assert!(none.ends_with("(unauthorized access)"), "{none}");
    let device = client.ok("Admin(4).LoginDevice", json!({})).await;
    assert!(device["verification-uri"].as_str().is_some_and(|uri| uri.starts_with("http")), "{device}");
    let waiting = client.ask("Admin(4).GetDeviceSessionToken", json!({})).await;
    client.ok("Pinger(1).Ping", json!({})).await;
    assert!(world.idp.approve(device["user-code"].as_str().expect("a code"), ALICE));
    let answer = client.answer().await;
    assert_eq!(answer["request-id"], waiting, "{answer}");
    let token = answer["response"]["session-token"].clone();
    let result = client.ok("Admin(4).LoginWithSessionToken", json!({"session-token": token})).await;
    assert_eq!(result["user-info"]["identity"], "user-alice@example.com");
}

#[tokio::test]
async fn a_person_may_take_longer_than_a_silent_connection_may() {
    let world = World::with(&[("JIMM_LOGIN_TIMEOUT", "3s")]).await;
    let mut silent = world.open("/api", Vec::new()).await;
    let mut client = world.open("/api", Vec::new()).await;
    let device = client.ok("Admin(4).LoginDevice", json!({})).await;
    client.ask("Admin(4).GetDeviceSessionToken", json!({})).await;
    let (code, reason) = silent.closed().await;
    assert_eq!((code, reason.as_str()), (1001, "nobody logged in in time"));
    assert!(world.idp.approve(device["user-code"].as_str().expect("a code"), ALICE));
    let token = client.answer().await["response"]["session-token"].clone();
    client.ok("Admin(4).LoginWithSessionToken", json!({"session-token": token})).await;
}

#[tokio::test]
async fn service_accounts_log_in_and_wrong_secrets_do_not() {
    let world = World::new().await;
    let mut client = world.open("/api", Vec::new()).await;
    let wrong = json!({"client-id": "svc", "client-secret": "wrong"});
    let error = client.error("Admin(4).LoginWithClientCredentials", wrong).await;
    assert_eq!(error, "invalid client credentials (unauthorized access)");
    let right = json!({"client-id": "svc", "client-secret": "svc-secret"});
    let result = client.ok("Admin(4).LoginWithClientCredentials", right).await;
    assert_eq!(result["user-info"]["identity"], "user-svc@serviceaccount");
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_and_unknown_methods_do_not() {
    let world = World::new().await;
    let (mut client, _) = world.login("/api", ALICE).await;
    assert_eq!(client.error("Nobody(1).Knows", json!({})).await, "unknown object type \"Nobody\" (not implemented)");
    let error = client.error("ModelManager(1).ListModels", json!({})).await;
    assert_eq!(error, "unknown version (1) of interface \"ModelManager\" (not implemented)");
    let error = client.error("JIMM(4).ListControllers", json!(7)).await;
    assert!(error.contains("parameters"), "{error}");
    client.send("{ nonsense").await;
    let (code, _) = client.closed().await;
    assert_eq!(code, 1002);
}

#[tokio::test]
async fn many_requests_of_one_connection_are_all_answered() {
    let world = World::new().await;
    let (mut client, _) = world.login("/api", ALICE).await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..200 {
        ids.insert(client.ask("Cloud(7).Clouds", json!({})).await);
    }
    while !ids.is_empty() {
        let answer = client.answer().await;
        assert_eq!(answer.get("error"), None::<&Value>, "{answer}");
        assert!(ids.remove(&answer["request-id"].as_u64().expect("a number")), "{answer}");
    }
}

/// As python-libjuju and jujulib log in; both connections take it, and it is the login that the password is of.
#[tokio::test]
async fn names_and_passwords_log_in_whoever_has_them_here() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant("svc@serviceaccount", "reader", "model", &model.to_string()).await;
    let (alice, bob) = (World::token(ALICE), World::token("bob@example.com"));
    let params = |user: &str, password: &str| json!({"auth-tag": format!("user-{user}"), "credentials": password, "client-version": "3.6.1.3", "macaroons": []});
    for path in ["/api".to_owned(), format!("/model/{model}/api")] {
        for (user, password, refusal) in [
            ("svc", "wrong", "JIMM does not support login from old clients (not supported)"),
            ("svc@serviceaccount", "wrong", "invalid entity name or password (unauthorized access)"),
            ("alice@example.com", "wrong", "invalid entity name or password (unauthorized access)"),
            ("alice@example.com", &bob, "invalid entity name or password (unauthorized access)"),
            ("alice@example.com", "svc-secret", "invalid entity name or password (unauthorized access)"),
            ("alice", &alice, "JIMM does not support login from old clients (not supported)"),
            ("alice@example.com", "", "JIMM does not support login from old clients (not supported)"),
        ] {
            let mut client = world.open(&path, Vec::new()).await;
            assert_eq!(client.error("Admin(3).Login", params(user, password)).await, refusal, "{user} at {path}");
        }
        for (user, password, name) in [
            ("svc", "svc-secret", "svc@serviceaccount"),
            ("svc@serviceaccount", "svc-secret", "svc@serviceaccount"),
            ("alice@example.com", &alice, "alice@example.com"),
        ] {
            let mut client = world.open(&path, Vec::new()).await;
            let result = client.ok("Admin(3).Login", params(user, password)).await;
            // On the other it is what the model's home says.
            let identity = result["user-info"]["identity"].as_str().expect("a tag");
            assert!(path != "/api" || identity == format!("user-{name}"), "{identity} at {path}");
        }
    }
}
