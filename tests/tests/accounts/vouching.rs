//! Browsers' sessions end when the identity provider no longer vouches for their users, and not when it is only silent.

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::COOKIE;
use jimm_rpc::{DialOptions, Target, Tls};
use jimm_tests::app::TestApp;
use jimm_tests::browser;
use jimm_tests::idp::Faults;
use jimm_tests::process::eventually;

use crate::support::{ALICE, BOB, DEADLINE, alone, second_door};

/// How often the provider is asked in these tests.
const INTERVAL: Duration = Duration::from_secs(2);
/// After an interval and a look, and much patience with a busy machine.
const STATED: Duration = Duration::from_secs(15);

async fn asking() -> TestApp {
    alone(&[("JIMM_SESSION_REFRESH_INTERVAL", "2s"), ("JIMM_OAUTH_GROUPS_CLAIM", "groups")]).await
}

/// How many sessions of a user the provider is still asked about, as `count` of rows.
async fn rows(app: &TestApp, condition: &str) -> String {
    let query = format!("SELECT count(*)::text FROM sessions WHERE {condition}");
    app.db.fetch(&query).await.expect("an answer").unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_at_the_provider_is_gone_here_in_the_stated_time_on_every_replica() {
    let app = asking().await;
    second_door(&app).await;
    let http = browser::client(&app).expect("a client");
    let alice = browser::session(&app, &http, ALICE).await.expect("alice");
    let bob = browser::session(&app, &http, BOB).await.expect("bob");
    // What the provider gave lies sealed, and is another one after each question.
    let tokens = eventually("there is one for each", DEADLINE, || async {
        // While one is exchanged, the old one is gone and the new one is not there yet.
        Some(app.idp.refresh_tokens()).filter(|tokens| tokens.len() == 2)
    })
    .await;
    let dump = "SELECT string_agg(s::text || encode(coalesce(sealed, ''), 'escape'), ' ') FROM sessions s";
    let dump = app.db.fetch(dump).await.expect("the sessions").expect("sessions");
    assert!(tokens.iter().all(|token| !dump.contains(token)), "a refresh token lies open in the database");
    eventually("the provider is asked about both", DEADLINE, || async {
        app.idp.refresh_tokens().iter().all(|token| !tokens.contains(token)).then_some(())
    })
    .await;
    for cookie in [&alice, &bob] {
        assert_eq!(browser::whoami(&app, &http, cookie).await.expect("an answer").0, StatusCode::OK);
    }

    let tls = Tls::Ca { pem: app.door.ca.clone(), server_name: "localhost".into() };
    let target = Target { addresses: vec![app.door.address.clone()], path: "/api".into(), tls };
    let headers = vec![(COOKIE, alice.parse().expect("a header"))];
    let options = DialOptions { headers, ..DialOptions::default() };
    let page = jimm_rpc::dial(&target, &options).await.expect("a websocket of her page");
    crate::support::call(&page, "Admin", 4, "LoginWithSessionCookie", serde_json::json!({})).await.expect("by cookie");
    let began = Instant::now();
    app.idp.disable(ALICE, true);
    tokio::time::timeout(DEADLINE, page.closed()).await.expect("her websocket ends");
    let took = began.elapsed();
    println!("a browser's websocket was closed {} ms after its user was gone at the provider", took.as_millis());
    assert!(took < STATED, "{took:?} with an interval of {INTERVAL:?}");
    assert_eq!(browser::whoami(&app, &http, &alice).await.expect("an answer").0, StatusCode::FORBIDDEN);
    assert_eq!(browser::whoami(&app, &http, &bob).await.expect("an answer").0, StatusCode::OK, "others go on");
    assert_eq!(
        rows(&app, "identity = 'alice@example.com' AND (sealed IS NOT NULL OR refresh_at IS NOT NULL)").await,
        "0"
    );
    app.idp.disable(ALICE, false);
    let again = browser::session(&app, &http, ALICE).await.expect("alice again");
    assert_eq!(browser::whoami(&app, &http, &again).await.expect("an answer").0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_ends_nothing_and_is_asked_again() {
    let app = asking().await;
    let http = browser::client(&app).expect("a client");
    let alice = browser::session(&app, &http, ALICE).await.expect("alice");
    for silence in [Faults { down: true, ..Faults::default() }, Faults { token_errors: 2, ..Faults::default() }] {
        let before = app.broker_log().matches("cannot be asked about a session").count();
        app.idp.fail(silence);
        eventually("the provider is asked and does not answer", DEADLINE, || async {
            (app.broker_log().matches("cannot be asked about a session").count() > before).then_some(())
        })
        .await;
        assert_eq!(browser::whoami(&app, &http, &alice).await.expect("an answer").0, StatusCode::OK);
        app.idp.fail(Faults::default());
    }
    let tokens = app.idp.refresh_tokens();
    eventually("the provider is asked again", DEADLINE, || async {
        app.idp.refresh_tokens().iter().all(|token| !tokens.contains(token)).then_some(())
    })
    .await;
    assert_eq!(browser::whoami(&app, &http, &alice).await.expect("an answer").0, StatusCode::OK);
    let log = app.broker_log();
    assert!(tokens.iter().all(|token| !log.contains(token)), "a refresh token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_no_longer_verified_and_a_token_of_another_audience_end_sessions() {
    let app = asking().await;
    let http = browser::client(&app).expect("a client");
    for (faults, why) in [
        (Faults { email_unverified: true, ..Faults::default() }, "is not verified"),
        (Faults { wrong_audience: true, ..Faults::default() }, "its audience is another client"),
    ] {
        let alice = browser::session(&app, &http, ALICE).await.expect("alice");
        app.idp.fail(faults);
        eventually("the session ends", DEADLINE, || async {
            let (status, _) = browser::whoami(&app, &http, &alice).await.ok()?;
            (status == StatusCode::FORBIDDEN).then_some(())
        })
        .await;
        eventually("and the log says why", DEADLINE, || async { app.broker_log().contains(why).then_some(()) }).await;
        app.idp.fail(Faults::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_out_is_asked_about_no_more() {
    let app = asking().await;
    let http = browser::client(&app).expect("a client");
    let alice = browser::session(&app, &http, ALICE).await.expect("alice");
    assert_eq!(rows(&app, "refresh_at IS NOT NULL AND sealed IS NOT NULL").await, "1");
    let out = format!("https://{}/auth/logout", app.door.address);
    assert!(http.get(out).header(COOKIE, &alice).send().await.expect("an answer").status().is_success());
    assert_eq!(rows(&app, "refresh_at IS NOT NULL OR sealed IS NOT NULL").await, "0");
    // By device there is nothing that a browser would have left.
    app.token(BOB).await.expect("bob");
    assert_eq!(rows(&app, "refresh_at IS NOT NULL OR sealed IS NOT NULL").await, "0");
}
