//! Calls of what is not served: Juju's code and words, one line of the log each, however the names look.

use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::support::{broker, lines_of, serves};
use crate::wire::Ws;

#[tokio::test]
async fn what_is_not_served_is_refused_in_jujus_words() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut client = Ws::open(&app, "/api", "").await;
    for (what, text) in [
        ("ModelManager(9).ListModels", "no such request - method ModelManager(9).ListModels is not implemented"),
        ("Nobody(1).Knows", "no such request - method Nobody(1).Knows is not implemented"),
        ("Admin(4).Logout", "no such request - method Admin(4).Logout is not implemented"),
    ] {
        assert_eq!(client.error(what, &json!({})).await, format!("{text} (not implemented)"), "before the login");
    }
    let legacy = client.error("Admin(3).Login", &json!({"auth-tag": "user-admin", "credentials": "s3cret-word"})).await;
    assert_eq!(legacy, "JIMM does not support login from old clients (not supported)");
    let answer = client.call("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
    assert!(answer.get("error").is_none(), "{answer}");
    for (what, text) in [
        ("Nobody(1).Knows", r#"unknown object type "Nobody""#),
        ("ModelManager(99).ListModels", r#"unknown version (99) of interface "ModelManager""#),
        ("ModelManager(0).ListModels", r#"unknown version (0) of interface "ModelManager""#),
        ("ModelManager(-1).ListModels", r#"unknown version (4294967295) of interface "ModelManager""#),
        ("ModelManager(4294967296).ListModels", r#"unknown version (4294967295) of interface "ModelManager""#),
        ("ModelManager(9).Nonsense", "no such request - method ModelManager(9).Nonsense is not implemented"),
        ("modelmanager(9).ListModels", r#"unknown object type "modelmanager""#),
        ("Admin(4).LoginDevice", r#"unknown object type "Admin""#),
    ] {
        assert_eq!(client.error(what, &json!({"a": 1})).await, format!("{text} (not implemented)"));
    }
    let lines = lines_of(&app, client.me, 13).await;
    assert_eq!(lines.len(), 13, "one a call: {lines:#?}");
    assert!(lines.iter().all(|line| line["message"] == "request answered" && line["level"] == "INFO"));
    assert!(!app.broker_log().contains("s3cret-word"));
    serves(&app, &token).await;
}

/// Names are made up by clients: they fill neither the log nor the audit, and break none of them.
#[tokio::test]
async fn names_of_any_length_and_content_are_told_in_short() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut client = Ws::logged_in(&app, "/api", &token).await;
    let long = "x".repeat(1 << 20);
    let names = [
        "",
        "\u{0}",
        "a\u{0}b",
        "two\nlines\r\n{\"level\":\"ERROR\"}",
        "\u{1b}[31m",
        "💥",
        "' OR 1=1 --",
        "%s%n",
        &long,
    ];
    for name in names {
        client.last_frame(name, "M").await;
        client.last_frame("ModelManager", name).await;
        client.last_frame(name, name).await;
    }
    let lines = lines_of(&app, client.me, 1 + 3 * names.len() - 1).await;
    let longest = lines.iter().map(|line| line.to_string().len()).max().expect("lines");
    assert!(longest < 2000, "a line of {longest} bytes");

    // Every call is in the audit, the good one after them too.
    client.call("ModelManager(9).ListModels", &json!({"user-tag": "user-a\u{0}b"})).await;
    client.call("JIMM(4).Version", &json!({})).await;
    let calls = 3 * names.len() - 1 + 2;
    let written: i64 = jimm_tests::process::eventually("the audit", std::time::Duration::from_secs(30), || async {
        let pool = sqlx::PgPool::connect(&app.db.url).await.ok()?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_entries WHERE is_response AND identity = $1")
            .bind(format!("user-{ADMIN}"))
            .fetch_one(&pool)
            .await
            .ok()?;
        (count > i64::try_from(calls).ok()?).then_some(count)
    })
    .await;
    assert_eq!(written, i64::try_from(calls + 1).expect("small"), "with the login");
    let log = app.broker_log();
    assert!(!log.contains("cannot write the audit log"), "the audit takes everything");
    serves(&app, &token).await;
}

impl Ws {
    /// Calls a facade and method of these names; what is neither is no request.
    async fn last_frame(&mut self, facade: &str, method: &str) {
        if facade.is_empty() && method.is_empty() {
            return;
        }
        let frame = json!({"request-id": 1, "type": facade, "version": 9, "request": method});
        self.text(&frame.to_string()).await;
        let answer: Value = self.answer().await;
        assert_eq!(answer["error-code"], "not implemented", "{:.200}", answer.to_string());
        assert!(answer.to_string().len() < 2000, "an answer of {} bytes", answer.to_string().len());
    }
}
