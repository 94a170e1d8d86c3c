//! The device flow's hard cases: the provider's pace, a client that goes away, clocks that differ, answers of somebody else.

use std::time::{Duration, Instant};

use jimm_rpc::Connection;
use jimm_tests::app::TestApp;
use jimm_tests::idp::{Faults, Idp, IdpOptions};
use jimm_tests::process::eventually;
use serde_json::{Value, json};

use crate::support::{ALICE, DEADLINE, alone, call};

/// A broker with a provider that wants to be asked once a second.
async fn with_pace() -> (TestApp, Idp) {
    let idp = Idp::start(IdpOptions { interval: 1, ..IdpOptions::default() }).await.expect("a provider");
    let app = alone(&[("JIMM_OAUTH_ISSUER_URL", idp.issuer())]).await;
    (app, idp)
}

/// A client that has begun a device login: its connection, and the code.
async fn begun(app: &TestApp) -> (Connection, String) {
    let connection = app.door.dial("/api").await.expect("a connection");
    let device = call(&connection, "Admin", 4, "LoginDevice", json!({})).await.expect("a code");
    (connection, device["user-code"].as_str().expect("a text").to_owned())
}

async fn finished(connection: &Connection) -> Result<Value, (String, String)> {
    call(connection, "Admin", 4, "GetDeviceSessionToken", json!({})).await
}

/// The code has been asked for that many times.
async fn asked(idp: &Idp, code: &str, times: usize) -> Vec<Instant> {
    eventually("the provider is asked", DEADLINE, || async { Some(idp.polls(code)).filter(|at| at.len() >= times) })
        .await
}

fn pauses(at: &[Instant]) -> Vec<Duration> {
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_asked_at_its_pace_and_slower_when_it_says_so() {
    let (app, idp) = with_pace().await;
    let (connection, code) = begun(&app).await;
    let began = Instant::now();
    let waiting = async {
        let at = asked(&idp, &code, 3).await;
        assert!(at[0] - began > Duration::from_millis(900), "not before the first pause: {:?}", at[0] - began);
        assert!(pauses(&at).iter().all(|pause| *pause > Duration::from_millis(950)), "{:?}", pauses(&at));
        idp.fail(Faults { slow_down: 1, ..Faults::default() });
        eventually("it is told to slow down", DEADLINE, || async { idp.has_slowed_down().then_some(()) }).await;
        // The question that was answered so is not among them: a second until that one, and then six.
        let before = idp.polls(&code).len();
        let pause = pauses(&asked(&idp, &code, before + 1).await).into_iter().max().expect("one more");
        assert!(pause > Duration::from_millis(6950), "the standard's five seconds more: {pause:?}");
        assert!(idp.approve(&code, ALICE));
    };
    let (told, ()) = tokio::join!(finished(&connection), waiting);
    assert!(told.expect("a token")["session-token"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_half_way_leaves_nobody_asking() {
    let (app, idp) = with_pace().await;
    let (gone, code) = begun(&app).await;
    {
        let waiting = finished(&gone);
        tokio::pin!(waiting);
        tokio::select! {
            told = &mut waiting => panic!("nobody has agreed: {told:?}"),
            _ = asked(&idp, &code, 1) => {}
        }
    }
    gone.close();
    let before = idp.polls(&code).len();
    // Somebody else's questions are the clock.
    let (other, others) = begun(&app).await;
    let waiting = async {
        asked(&idp, &others, 3).await;
        assert!(idp.approve(&others, ALICE));
    };
    let (told, ()) = tokio::join!(finished(&other), waiting);
    told.expect("a token");
    let after = idp.polls(&code).len();
    assert!(after <= before + 1, "it goes on asking for who is gone: {before}, then {after}");
    // The code is good still: whoever comes back asks anew, with a new one.
    assert!(idp.approve(&code, ALICE));
    let again = app.door.dial("/api").await.expect("a connection");
    let error = finished(&again).await.expect_err("no login has begun here");
    assert!(error.0.contains("call LoginDevice first"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_code_on_one_connection_takes_the_place_of_the_first() {
    let (app, idp) = with_pace().await;
    let (connection, first) = begun(&app).await;
    let device = call(&connection, "Admin", 4, "LoginDevice", json!({})).await.expect("a code");
    let second = device["user-code"].as_str().expect("a text");
    assert_ne!(first, second);
    assert!(idp.approve(second, ALICE));
    finished(&connection).await.expect("a token");
    assert!(idp.polls(&first).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_may_differ_by_a_minute() {
    let app = alone(&[]).await;
    // Tokens of the provider live for an hour.
    for (clock_off, refused) in [
        (45, None),
        (90, Some("it is from the future: look at the clocks")),
        (-3600 + 10, None),
        (-3600 - 45, None),
        (-3600 - 90, Some("it has expired: get a new one, and look at the clocks")),
    ] {
        app.idp.fail(Faults { clock_off, ..Faults::default() });
        match (app.token(ALICE).await, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(text)) => assert!(format!("{error:#}").contains(text), "{clock_off}: {error:#}"),
            (said, _) => panic!("{clock_off}: {said:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn issuer_and_audience_are_exact() {
    let app = alone(&[]).await;
    for (faults, text) in [
        (Faults { wrong_issuer: true, ..Faults::default() }, "signature or issuer is not the expected one"),
        (Faults { wrong_audience: true, ..Faults::default() }, "its audience is another client"),
    ] {
        app.idp.fail(faults);
        let said = format!("{:#}", app.token(ALICE).await.expect_err(text));
        assert!(said.contains(text), "{said}");
    }
    app.idp.fail(Faults::default());
    app.token(ALICE).await.expect("a token");
    // A provider that calls itself by another name than the configured one is another provider.
    let elsewhere = app.idp.issuer().replace("127.0.0.1", "localhost");
    let other = alone(&[("JIMM_OAUTH_ISSUER_URL", &elsewhere)]).await;
    let said = format!("{:#}", other.token(ALICE).await.expect_err("another issuer"));
    assert!(said.contains("calls itself") && said.contains("JIMM_OAUTH_ISSUER_URL"), "{said}");
}
