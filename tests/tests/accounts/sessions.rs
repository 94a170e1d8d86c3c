//! Sessions: listed, ended, expired; users disabled; and how fast all replicas heed that.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use jimm_rpc::Connection;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{ALICE, BOB, DEADLINE, admin, alone, call, jimm, log_of, model_of_alice, refused, second_door};

/// Longer may no end of a session take, however much else the machine has to do; how long it took is printed. A replica that
/// does not hear of it looks after two minutes.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Waits until all these connections are closed by the other side, and tells how long that took.
async fn all_closed(connections: &[Connection], since: Instant) -> Duration {
    let closed = join_all(connections.iter().map(Connection::closed));
    tokio::time::timeout(DEADLINE, closed).await.expect("they are closed");
    since.elapsed()
}

fn tag(user: &str) -> Value {
    json!({"user-tag": format!("user-{user}")})
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_are_over_within_a_second_on_every_replica_and_endpoint() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "4.0".into()], env: Vec::new() }).await;
    let model = model_of_alice(&app).await;
    let other = second_door(&app).await;
    let token = app.token(ALICE).await.expect("the device flow");
    let (admin, bob) = (admin(&app).await, app.connect(BOB).await.expect("bob"));

    let mut open = Vec::new();
    for door in [&app.door, &other] {
        open.push(door.with_token(&token).await.expect("alice").0);
        open.push(door.to_model(&model, &token).await.expect("her model").0);
    }
    let mut log = log_of(&other, &model, &token).await;
    let listed = jimm(&admin, "ListSessions", tag(ALICE)).await.expect("listed");
    let sessions = listed["sessions"].as_array().expect("a list");
    assert!(!sessions.is_empty(), "{listed}");
    for session in sessions {
        assert_eq!((&session["auth-method"], &session["current"]), (&json!("device"), &json!(false)), "{session}");
        assert!(session["client-address"].as_str().is_some_and(|it| it.starts_with("127.0.0.1:")), "{session}");
    }

    let began = Instant::now();
    let answer = jimm(&admin, "RevokeSessions", tag(ALICE)).await.expect("revoked");
    assert_eq!(answer["revoked-count"], sessions.len());
    let took = all_closed(&open, began).await;
    let log = tokio::time::timeout(DEADLINE, async { while let Some(Ok(Message::Text(_))) = log.next().await {} });
    log.await.expect("the stream ends");
    let (took, log) = (took, began.elapsed());
    println!(
        "two replicas closed four connections {} ms and a stream {} ms after the call began",
        took.as_millis(),
        log.as_millis()
    );
    assert!(log < AT_ONCE, "{log:?}");
    assert!(took < AT_ONCE, "{took:?}");
    for door in [&app.door, &other] {
        assert_eq!(refused(door, &token).await, "session was ended: log in again (session token invalid)");
    }
    for connection in &open {
        assert!(
            connection.close_reason().is_some_and(|why| why.contains("log in again")),
            "{:?}",
            connection.close_reason()
        );
    }
    assert!(!bob.is_closed() && !admin.is_closed(), "others go on");
    // Alice logs in again, and is in again.
    let again = app.connect(ALICE).await.expect("alice");
    assert!(jimm(&again, "Version", json!({})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_is_out_everywhere_until_enabled() {
    let app = alone(&[]).await;
    let other = second_door(&app).await;
    let (alices, services) = (app.token(ALICE).await.expect("the device flow"), format!("{SERVICE_ID}@serviceaccount"));
    let admin = admin(&app).await;
    let mut open = vec![other.with_token(&alices).await.expect("alice").0];
    open.push(app.door.with_token(&alices).await.expect("alice").0);
    open.push(other.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect("the account").0);
    let users = json!({"entities": [{"tag": format!("user-{ALICE}")}, {"tag": format!("user-{services}")}]});

    let began = Instant::now();
    let answer = call(&admin, "UserManager", 3, "DisableUser", users.clone()).await.expect("disabled");
    assert_eq!(answer, json!({"results": [{}, {}]}));
    let took = all_closed(&open, began).await;
    println!("two replicas closed three connections of disabled users {} ms after the call began", took.as_millis());
    assert!(took < AT_ONCE, "{took:?}");
    let why = open[2].close_reason().unwrap_or_default().to_owned();
    assert!(why.contains("is disabled"), "{why}");
    // No hint that would make a client begin a login that cannot end well.
    let refusal = format!("user {ALICE} is disabled: ask an administrator (unauthorized access)");
    assert_eq!(refused(&other, &alices).await, refusal);
    let secret = other.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect_err("disabled");
    assert!(format!("{secret:#}").contains("is disabled"), "{secret:#}");
    let device = app.token(ALICE).await.expect_err("disabled");
    assert!(format!("{device:#}").contains("is disabled"), "{device:#}");

    let hidden = call(&admin, "UserManager", 3, "UserInfo", json!({"entities": [], "include-disabled": false})).await;
    assert!(!hidden.expect("users").to_string().contains(ALICE));
    call(&admin, "UserManager", 3, "EnableUser", users).await.expect("enabled");
    assert!(refused(&app.door, &alices).await.contains("log in again"), "what was ended stays so");
    app.connect(ALICE).await.expect("alice again");
    other.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect("the account again");

    let oneself = json!({"entities": [{"tag": format!("user-{ADMIN}")}]});
    let answer = call(&admin, "UserManager", 3, "DisableUser", oneself).await.expect("an answer");
    assert!(answer["results"][0]["error"]["message"].as_str().is_some_and(|it| it.contains("yourself")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_ends_their_own_sessions_and_only_administrators_those_of_others() {
    let app = alone(&[]).await;
    let (one, two) = (app.token(ALICE).await.expect("a token"), app.token(ALICE).await.expect("another"));
    let bobs = app.token(BOB).await.expect("bob's");
    let alice = app.door.with_token(&one).await.expect("alice").0;
    let mine = jimm(&alice, "ListSessions", json!({})).await.expect("listed");
    let mine = mine["sessions"].as_array().expect("a list").clone();
    assert_eq!(mine.len(), 2);
    let current = mine.iter().filter(|session| session["current"] == true).count();
    assert_eq!(current, 1, "{mine:?}");
    for (method, params) in [
        ("ListSessions", tag(BOB)),
        ("ListSessions", json!({"all": true})),
        ("RevokeSessions", tag(BOB)),
        ("RevokeSessions", json!({"all": true})),
    ] {
        let refused = jimm(&alice, method, params.clone()).await.expect_err("not hers");
        assert_eq!(refused.1, "unauthorized access", "{method} {params}");
    }
    let bob = app.door.with_token(&bobs).await.expect("bob").0;
    let his = jimm(&bob, "ListSessions", json!({})).await.expect("listed")["sessions"][0]["id"].clone();
    let strange = jimm(&alice, "RevokeSessions", json!({"session-id": his})).await.expect_err("not hers");
    assert_eq!(strange.1, "not found", "{}", strange.0);
    let nonsense = jimm(&alice, "RevokeSessions", json!({"session-id": "x"})).await.expect_err("no id");
    assert_eq!(nonsense.1, "bad request");

    let other = mine.iter().find(|session| session["current"] == false).expect("the other one");
    let only = json!({"session-id": other["id"]});
    assert_eq!(jimm(&alice, "RevokeSessions", only.clone()).await.expect("hers")["revoked-count"], 1);
    assert_eq!(jimm(&alice, "RevokeSessions", only).await.expect("hers")["revoked-count"], 0, "again");
    assert!(refused(&app.door, &two).await.contains("session was ended"));
    assert!(!alice.is_closed(), "the other session goes on");
    // Her own last one: the answer comes before the end.
    let vague = jimm(&alice, "RevokeSessions", json!({})).await.expect_err("whose?");
    assert_eq!(vague, ("name a user, a session or all".to_owned(), "bad request".to_owned()));
    assert_eq!(jimm(&alice, "RevokeSessions", tag(ALICE)).await.expect("an answer")["revoked-count"], 1);
    tokio::time::timeout(DEADLINE, alice.closed()).await.expect("and then the end");
    assert!(!bob.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_follow_the_rules() {
    const CAROL: &str = "carol@example.com";
    let lifetimes = "group-ops=2h/20m group-staff=1h user-bob@example.com=6s";
    let app = alone(&[
        ("JIMM_SESSION_LIFETIMES", lifetimes),
        ("JIMM_SESSION_IDLE_TIMEOUT", "3h"),
        ("JIMM_OAUTH_GROUPS_CLAIM", "groups"),
    ])
    .await;
    let (admin, idp) = (admin(&app).await, &app.idp);
    jimm(&admin, "AddGroup", json!({"name": "ops"})).await.expect("a group");
    let member = json!({"object": format!("user-{ALICE}"), "relation": "member", "target_object": "group-ops"});
    jimm(&admin, "AddRelation", json!({"tuples": [member]})).await.expect("a member");
    let limits = |sessions: &Value| {
        let session = &sessions["sessions"][0];
        let time = |name: &str| session[name].as_str().and_then(|it| it.parse::<chrono::DateTime<chrono::Utc>>().ok());
        let life = time("expires").expect("a time") - time("created").expect("a time");
        (life.num_seconds(), session["idle-timeout"].as_i64().unwrap_or_default())
    };
    let own = jimm(&admin, "ListSessions", json!({})).await.expect("listed");
    assert_eq!(limits(&own), (24 * 3600, 3 * 3600), "nobody's rule");
    app.token(ALICE).await.expect("alice");
    assert_eq!(
        limits(&jimm(&admin, "ListSessions", tag(ALICE)).await.expect("listed")),
        (7200, 1200),
        "the broker's group"
    );
    let approve = |code: String| async move {
        anyhow::ensure!(idp.approve_with_groups(&code, CAROL, &["staff", "ops"]), "no code {code}");
        Ok(())
    };
    app.door.device_login(approve).await.expect("carol");
    let carols = jimm(&admin, "ListSessions", tag(CAROL)).await.expect("listed");
    assert_eq!(limits(&carols), (3600, 1200), "the shortest of the provider's groups");
    let bobs = app.token(BOB).await.expect("bob");
    let bob = app.door.with_token(&bobs).await.expect("bob").0;
    tokio::time::timeout(DEADLINE, bob.closed()).await.expect("his six seconds are over");
    assert!(bob.close_reason().is_some_and(|why| why.contains("expired")), "{:?}", bob.close_reason());
    assert_eq!(refused(&app.door, &bobs).await, "JIMM session token expired (session token invalid)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_lies_unused_ends_and_an_open_connection_uses_it() {
    // Longer than a busy machine takes from one step to the next.
    let app = alone(&[("JIMM_SESSION_IDLE_TIMEOUT", "6s")]).await;
    let began = Instant::now();
    let (used, unused) = (app.token(ALICE).await.expect("a token"), app.token(ALICE).await.expect("another"));
    let open = app.door.with_token(&used).await.expect("alice").0;
    let ended = loop {
        let mine = jimm(&open, "ListSessions", json!({})).await.expect("listed");
        if mine["sessions"].as_array().is_some_and(|sessions| sessions.len() == 1) {
            break began.elapsed();
        }
        assert!(began.elapsed() < DEADLINE, "{mine}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(ended > Duration::from_secs(5), "{ended:?}");
    assert_eq!(
        refused(&app.door, &unused).await,
        "session was not used for too long: log in again (session token invalid)"
    );
    app.door.with_token(&used).await.expect("the one that was used");
    assert!(!open.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn jimmctl_lists_and_ends_sessions() {
    let app = alone(&[]).await;
    let (one, bobs) = (app.token(ALICE).await.expect("a token"), app.token(BOB).await.expect("bob's"));
    let said = app.jimmctl_as(&one, &["sessions", "--format", "tabular"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let rows: Vec<&str> = said.out.lines().collect();
    assert!(
        rows.len() == 2 && rows[0].starts_with("User") && rows[1].starts_with("alice@example.com*  device  127.0.0.1:"),
        "{}",
        said.out
    );
    let said = app.jimmctl_as(&one, &["sessions", BOB]).await;
    assert_eq!((said.code, said.out.as_str()), (1, "{}\n"), "{}", said.err);
    let said = app.jimmctl(&["sessions", "--all", "--format", "json"]).await;
    let all: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}: those of secrets have none");
    let said = app.jimmctl(&["revoke-sessions", BOB]).await;
    assert_eq!((said.code, said.out.as_str()), (0, "revoked-count: 1\n"), "{}", said.err);
    let said = app.jimmctl_as(&bobs, &["models", "-B"]).await;
    assert_eq!(said.code, 1);
    assert_eq!(
        said.err,
        "ERROR session was ended: log in again (session token invalid)\nhint: log in with \"jimmctl login\", or run without --no-browser-login\n"
    );
    for (args, code, text) in [
        (&["revoke-sessions"][..], 2, "missing username"),
        (&["revoke-sessions", "nobody@example.com"][..], 1, "user \"nobody@example.com\" not found"),
        (&["disable-user"][..], 2, "missing username"),
        (&["disable-user", "bob"][..], 1, "unsupported local user"),
        (&["disable-user", BOB][..], 0, ""),
        (&["enable-user", BOB][..], 0, ""),
    ] {
        let said = app.jimmctl(args).await;
        assert!(said.code == code && said.err.contains(text), "{args:?}: {} {}", said.code, said.err);
    }
    let said = app.jimmctl_as(&one, &["disable-user", BOB]).await;
    assert!(said.code == 1 && said.err.contains("unauthorized"), "{}", said.err);
}
