//! What the audit log says of requests over HTTP and of watchers, and that requests wait for it where nothing may be lost.

use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::process::{eventually, http_get};
use jimm_tests::{browser, given};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

/// The entries with one of these event codes, oldest first, once there are so many.
async fn entries(app: &TestApp, codes: &[&str], count: usize) -> Vec<Value> {
    eventually("the entries are there", DEADLINE, async || {
        let said = app.jimmctl(&["list-audit-events", "--all", "--format", "jsonl"]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        let all = said.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let wanted = |entry: &Value| codes.iter().any(|code| entry["event-code"] == *code);
        let found: Vec<Value> = all.filter(wanted).collect();
        (found.len() >= count).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_http_and_their_replies_are_entries() {
    let app = TestApp::with(AppOptions::default()).await;
    let client = browser::client(&app).expect("a client");
    let cookie = browser::session(&app, &client, ADMIN).await.expect("a login");
    let groups = format!("https://{}/rebac/v1/groups", app.door.address);
    let add = async |body: Value, cookie: &str| {
        let request = client.request(Method::POST, &groups).header(COOKIE, cookie);
        let request = request.header("content-type", "application/json").body(body.to_string());
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(add(json!({"name": "staff", "note": "private words"}), &cookie).await, 201);
    assert_eq!(add(json!({"name": "staff"}), &cookie).await, 409);
    assert_eq!(add(json!({"name": "thieves"}), "").await, 401);
    let found = entries(&app, &["http.browser-login", "http.post-rebac-v1-groups"], 6).await;
    let [login, logged_in, made, done, again, refused] = &found[..] else {
        panic!("{found:#?}");
    };
    assert_eq!((&login["event-code"], &login["class"]), (&json!("http.browser-login"), &json!("login")));
    assert_eq!(logged_in["outcome"], "ok", "{logged_in}");
    assert!(logged_in["user-tag"] == format!("user-{ADMIN}"), "{logged_in}");
    assert_eq!((&made["params"]["name"], &made["class"]), (&json!("staff"), &json!("change")), "{made}");
    assert!(!made.to_string().contains("private words"), "{made}");
    assert!(made["params"]["note"].to_string().contains("13"), "its length is told: {made}");
    assert_eq!((&done["outcome"], &done["is-response"]), (&json!("ok"), &json!(true)), "{done}");
    assert!(done["elapsed-us"].as_u64().is_some_and(|elapsed| elapsed > 0), "{done}");
    for entry in [made, done, again, refused] {
        assert_eq!(entry["user-tag"], format!("user-{ADMIN}"), "{entry}");
        assert!(entry["client-address"].as_str().is_some_and(|it| it.starts_with("127.0.0.1")), "{entry}");
        assert!(entry["auth-method"].as_str().is_some_and(|it| !it.is_empty()), "{entry}");
    }
    assert!(refused["outcome"] != "ok" && refused["errors"].to_string().contains("409"), "{refused}");
    eventually("a stranger's is in the log, not in the audit log", DEADLINE, async || {
        app.broker_log().contains("rebac request refused").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_for_news_are_counted_and_told_of_once() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = app.jimmctl(&["import-model", "sim1", &uuid, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let model = app.connect_model(&uuid, ADMIN).await.expect("a connection");
    let watcher: Value = model.call("Client", 6, "WatchAll", &json!({}), DEADLINE).await.expect("a watcher");
    let id = watcher["watcher-id"].as_str().expect("an id");
    for turn in 0..5 {
        model.call_on(id, "AllWatcher", 3, "Next", &json!({}), DEADLINE).await.expect("news");
        let config = json!({"config": {"logging-config": format!("<root>=INFO;turn={turn}")}});
        let _: Value = model.call("ModelConfig", 3, "ModelSet", &config, DEADLINE).await.expect("changed");
    }
    let foreign = model.call_on("4711", "AllWatcher", 3, "Next", &json!({}), DEADLINE).await;
    assert!(foreign.is_err(), "nobody's watcher");
    model.close();
    // What was counted is told of every five minutes, and at a stop.
    app.stop_broker().await;
    app.start_broker().await.expect("it starts again");
    let found = entries(&app, &["all-watcher.next"], 2).await;
    let [counted, refused] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((&refused["object-id"], &refused["is-response"]), (&json!("4711"), &json!(true)), "{refused}");
    assert!(refused["outcome"] != "ok", "{refused}");
    assert_eq!((&counted["params"]["polls"], &counted["object-id"]), (&json!(5), &json!(id)), "{counted}");
    assert_eq!((&counted["class"], &counted["is-response"]), (&json!("read"), &json!(false)), "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_may_be_lost_requests_wait_for_the_log() {
    let env = vec![("JIMM_AUDIT_OVERFLOW".to_owned(), "block".to_owned())];
    let app = TestApp::with(AppOptions { sims: Vec::new(), env }).await;
    let admin = app.connect_admin().await.expect("a connection");
    app.db.execute("ALTER TABLE audit_log RENAME TO away").await.expect("away");
    // Each takes some 16 KiB in the log: some 16 MiB wait as batches, and then the queue fills.
    let large = json!({"tuples": vec![json!({"object": "x".repeat(200)}); 90]});
    let mut sent: u64 = 0;
    let mut fill = async |params: &Value, patience: Duration| {
        let asked = (0..200).map(|_| admin.call::<_, Value>("JIMM", 4, "AddRelation", params, DEADLINE));
        let asked = futures_util::future::join_all(asked);
        let answered = tokio::time::timeout(patience, asked).await;
        sent += 200;
        answered.is_ok()
    };
    for _ in 0..10 {
        assert!(fill(&large, DEADLINE * 2 / 3).await, "there is room still");
    }
    let small = json!({"tuples": []});
    let mut rounds = 0;
    while fill(&small, Duration::from_secs(3)).await {
        rounds += 1;
        assert!(rounds < 1000, "nothing waits");
    }
    let (_, metrics) = http_get(app.plan.metrics_port, "/metrics").expect("metrics");
    assert!(metrics.lines().any(|line| line == "jimm_audit_dropped_total 0"), "{metrics}");
    app.db.execute("ALTER TABLE away RENAME TO audit_log").await.expect("back");
    eventually("requests are served again", DEADLINE, async || {
        admin.call::<_, Value>("JIMM", 4, "Version", &json!({}), DEADLINE).await.ok()
    })
    .await;
    let sql = "SELECT count(*)::text FROM audit_entries WHERE facade_method = 'AddRelation' AND NOT is_response";
    eventually("every one is in the log", DEADLINE, async || {
        let told: u64 = app.db.fetch(sql).await.ok().flatten()?.parse().ok()?;
        (told == sent).then_some(())
    })
    .await;
    let said = app.jimmctl(&["verify-audit", "--format", "json"]).await;
    assert_eq!(said.code, 0, "{}", said.out);
}
