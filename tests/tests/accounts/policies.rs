//! How long logins last, as administrators decide: on every replica at once, for logins that have begun too.

use std::time::{Duration, Instant};

use jimm_rpc::Connection;
use jimm_tests::app::TestApp;
use jimm_tests::broker::{SERVICE_ID, SERVICE_SECRET};
use jimm_tests::process::eventually;
use serde_json::{Value, json};

use crate::support::{ALICE, BOB, DEADLINE, admin, alone, jimm, refused, second_door};

/// Longer may no end of a session take that is over already, however much else the machine has to do; how long it took is
/// printed.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Seconds that a session may lie unused in these tests: longer than a busy machine takes from one step to the next.
const IDLE: i64 = 6;

fn policy(subject: &str, lifetime: i64, idle: i64) -> Value {
    json!({"subject": subject, "lifetime": lifetime, "idle-timeout": idle})
}

async fn set(admin: &Connection, subject: &str, lifetime: i64, idle: i64) {
    jimm(admin, "SetSessionPolicy", policy(subject, lifetime, idle)).await.expect("set");
}

/// What sessions of this user begin with: seconds they last, and may lie unused.
async fn begun(app: &TestApp, admin: &Connection, user: &str) -> (i64, i64) {
    let token = app.token(user).await.expect("a login");
    drop(token);
    let listed = jimm(admin, "ListSessions", json!({"user-tag": format!("user-{user}")})).await.expect("listed");
    let session = listed["sessions"].as_array().and_then(|all| all.last()).expect("a session").clone();
    let time = |name: &str| session[name].as_str().and_then(|it| it.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let life = time("expires").expect("a time") - time("created").expect("a time");
    (life.num_seconds(), session["idle-timeout"].as_i64().unwrap_or_default())
}

async fn shown(admin: &Connection) -> Vec<(String, i64, i64, String)> {
    let answer = jimm(admin, "ListSessionPolicies", json!({})).await.expect("listed");
    let policies = answer["policies"].as_array().expect("a list").clone();
    let text = |policy: &Value, name: &str| policy[name].as_str().unwrap_or_default().to_owned();
    let number = |policy: &Value, name: &str| policy[name].as_i64().unwrap_or_default();
    policies
        .iter()
        .map(|it| (text(it, "subject"), number(it, "lifetime"), number(it, "idle-timeout"), text(it, "source")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_decide_goes_before_the_settings() {
    let app = alone(&[("JIMM_SESSION_LIFETIMES", "group-ops=2h/20m user-bob@example.com=3h")]).await;
    let admin = admin(&app).await;
    jimm(&admin, "AddGroup", json!({"name": "ops"})).await.expect("a group");
    let member = json!({"object": format!("user-{ALICE}"), "relation": "member", "target_object": "group-ops"});
    jimm(&admin, "AddRelation", json!({"tuples": [member]})).await.expect("a member");
    assert_eq!(begun(&app, &admin, ALICE).await, (7200, 1200), "as configured");

    set(&admin, "group-ops", 3600, 0).await;
    assert_eq!(begun(&app, &admin, ALICE).await, (3600, 0), "in the place of the configured one");
    set(&admin, "default", 1800, 600).await;
    assert_eq!(begun(&app, &admin, "carol@example.com").await, (1800, 600));
    assert_eq!(begun(&app, &admin, ALICE).await, (3600, 0), "a group's goes before the default");
    assert_eq!(begun(&app, &admin, BOB).await, (10_800, 0), "one's own goes before all");
    let expected = [
        ("default", 1800, 600, "stored"),
        ("group-ops", 3600, 0, "stored"),
        ("user-bob@example.com", 10_800, 0, "configured"),
    ];
    let expected = expected.map(|(who, life, idle, source)| (who.to_owned(), life, idle, source.to_owned()));
    assert_eq!(shown(&admin).await, expected);

    jimm(&admin, "RemoveSessionPolicy", json!({"subject": "group-ops"})).await.expect("removed");
    let again = jimm(&admin, "RemoveSessionPolicy", json!({"subject": "group-ops"})).await.expect_err("gone");
    assert_eq!(again.1, "not found");
    assert_eq!(begun(&app, &admin, ALICE).await, (7200, 1200), "as configured again");
    for (subject, lifetime, idle) in [
        ("", 60, 0),
        ("ops", 60, 0),
        ("group-", 60, 0),
        ("group-a\nb", 60, 0),
        ("user-bob", 60, 0),
        ("user-bob@local", 60, 0),
        ("user-a b@example.com", 60, 0),
        ("default", 0, 0),
        ("default", -5, 0),
        ("default", 60, -1),
        ("default", i64::MAX, 0),
        ("default", 60, i64::MAX),
    ] {
        let wrong = jimm(&admin, "SetSessionPolicy", policy(subject, lifetime, idle)).await.expect_err(subject);
        assert_eq!(wrong.1, "bad request", "{subject} {lifetime} {idle}: {}", wrong.0);
    }
    let alice = app.connect(ALICE).await.expect("alice");
    for (method, params) in [
        ("ListSessionPolicies", json!({})),
        ("SetSessionPolicy", policy("default", 60, 0)),
        ("RemoveSessionPolicy", json!({"subject": "default"})),
    ] {
        assert_eq!(jimm(&alice, method, params).await.expect_err("not hers").1, "unauthorized access", "{method}");
    }
    eventually("the decisions are in the audit", DEADLINE, || async {
        let query =
            "SELECT count(*)::text FROM audit_entries WHERE facade_method = 'SetSessionPolicy' AND NOT is_response";
        let count = app.db.fetch(query).await.expect("the audit").unwrap_or_default();
        (count == "15").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_life_ends_logins_that_have_begun_on_every_replica() {
    let app = alone(&[]).await;
    let other = second_door(&app).await;
    let admin = admin(&app).await;
    let logins = Instant::now();
    let (alices, bobs) = (app.token(ALICE).await.expect("alice"), app.token(BOB).await.expect("bob"));
    let mut open = Vec::new();
    for door in [&app.door, &other] {
        open.push(door.with_token(&alices).await.expect("alice").0);
    }
    let bob = other.with_token(&bobs).await.expect("bob").0;
    let account = other.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect("an account").0;
    tokio::time::sleep(Duration::from_millis(1100)).await;

    // A second has passed: they are over, at once and everywhere.
    let began = Instant::now();
    set(&admin, &format!("user-{ALICE}"), 1, 0).await;
    for connection in &open {
        tokio::time::timeout(DEADLINE, connection.closed()).await.expect("closed");
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    println!(
        "two replicas ended a login that a new policy made too old {} ms after the call",
        began.elapsed().as_millis()
    );
    for door in [&app.door, &other] {
        assert_eq!(refused(door, &alices).await, "JIMM session token expired (session token invalid)");
    }
    assert!(!bob.is_closed() && !account.is_closed(), "others go on");

    // Who allows more again brings nobody back.
    set(&admin, &format!("user-{ALICE}"), 3600, 0).await;
    assert!(refused(&other, &alices).await.contains("expired"));

    // A life that is not over yet ends in time, without a further event.
    let life = i64::try_from(logins.elapsed().as_secs()).expect("seconds") + 6;
    set(&admin, &format!("user-{BOB}"), life, 0).await;
    assert!(!bob.is_closed());
    tokio::time::timeout(DEADLINE, bob.closed()).await.expect("closed when its time has come");
    assert!(refused(&app.door, &bobs).await.contains("expired"));

    // Logins by secret end by a rule that names them only, those that have begun too.
    set(&admin, "default", 3600, 0).await;
    assert!(!account.is_closed());
    set(&admin, "serviceaccounts", 2, 0).await;
    let again = app.door.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect("an account").0;
    tokio::time::timeout(DEADLINE, again.closed()).await.expect("it ends after two seconds");
    assert!(again.close_reason().is_some_and(|why| why.contains("expired")), "{:?}", again.close_reason());
    tokio::time::timeout(DEADLINE, account.closed()).await.expect("and what had begun before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_idle_time_holds_for_open_connections_as_use() {
    let app = alone(&[]).await;
    let admin = admin(&app).await;
    let (used, unused) = (app.token(ALICE).await.expect("a token"), app.token(ALICE).await.expect("another"));
    let open = app.door.with_token(&used).await.expect("alice").0;
    set(&admin, &format!("user-{ALICE}"), 3600, IDLE).await;
    eventually("the one that lies unused is over", DEADLINE, || async {
        // A login would be a use.
        let query = format!(
            "SELECT count(*)::text FROM sessions
             WHERE identity = 'alice@example.com' AND last_seen < now() - interval '{IDLE} seconds'"
        );
        app.db.fetch(&query).await.ok().flatten().filter(|count| count == "1")
    })
    .await;
    assert!(refused(&app.door, &unused).await.contains("not used for too long"));
    app.door.with_token(&used).await.expect("the one that is in use");
    assert!(!open.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn jimmctl_sets_lists_and_removes_them() {
    let app = alone(&[]).await;
    for (args, code, text) in [
        (&["set-session-policy", "group-ops", "8h", "--idle", "30m"][..], 0, ""),
        (&["set-session-policy", "default", "1d12h"][..], 0, ""),
        (&["set-session-policy"][..], 2, "missing subject"),
        (&["set-session-policy", "default"][..], 2, "missing lifetime"),
        (&["set-session-policy", "default", "soon"][..], 2, "\"soon\" is not a time"),
        (&["set-session-policy", "ops", "8h"][..], 1, "is none of default, serviceaccounts, group-NAME"),
        (&["remove-session-policy"][..], 2, "missing subject"),
        (&["remove-session-policy", "group-none"][..], 1, "not found"),
    ] {
        let said = app.jimmctl(args).await;
        assert!(said.code == code && said.err.contains(text) && said.out.is_empty(), "{args:?}: {said:?}");
    }
    let said = app.jimmctl(&["session-policies", "--format", "tabular"]).await;
    let rows: Vec<Vec<&str>> = said.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["default", "1d12h", "-", "stored", "svc-admin@serviceaccount"], "{}", said.out);
    assert_eq!(rows[2], ["group-ops", "8h", "30m", "stored", "svc-admin@serviceaccount"], "{}", said.out);
    let said = app.jimmctl(&["session-policies", "--format", "json"]).await;
    let all: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&all[0]["lifetime"], &all[1]["idle-timeout"]), (&json!(129_600), &json!(1800)), "{all}");
    let said = app.jimmctl(&["session-policies"]).await;
    assert!(said.out.starts_with("- subject: default\n  lifetime: 129600\n"), "{}", said.out);
    assert_eq!(app.jimmctl(&["remove-session-policy", "default"]).await.code, 0);
    let said = app.jimmctl(&["session-policies", "--format", "tabular"]).await;
    assert!(said.out.lines().any(|line| line.contains("configured") && line.contains("1d ")), "{}", said.out);
    let token = app.token(ALICE).await.expect("alice");
    let said = app.jimmctl_as(&token, &["session-policies"]).await;
    assert!(said.code == 1 && said.err.contains("unauthorized"), "{said:?}");
}
