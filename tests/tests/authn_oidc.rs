//! Logins against the simulated identity provider: the flows as people and service accounts go through them.

use std::sync::Arc;
use std::time::Duration;

use jimm::authn::Oidc;
use jimm::clock::{Clock, ManualClock, SystemClock};
use jimm::config::OauthSettings;
use jimm::error::Kind;
use jimm_tests::idp::{Faults, Idp, IdpOptions};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

async fn setup() -> (Idp, Oidc) {
    setup_at(Arc::new(SystemClock)).await
}

async fn setup_at(clock: Arc<dyn Clock>) -> (Idp, Oidc) {
    let idp = Idp::start(IdpOptions { interval: 0, ..IdpOptions::default() }).await.expect("a provider");
    let settings = OauthSettings {
        issuer_url: idp.issuer().to_owned(),
        client_id: idp.options().client_id.clone(),
        client_secret: idp.options().client_secret.clone().into(),
        groups_claim: Some("groups".into()),
        ..OauthSettings::default()
    };
    let oidc = Oidc::new(Arc::new(settings), clock).expect("an http client");
    (idp, oidc)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_by_device_flow() {
    let (idp, oidc) = setup().await;
    let login = oidc.start_device_login().await.unwrap();
    assert!(login.verification_uri.starts_with(idp.issuer()), "{}", login.verification_uri);
    assert!(idp.approve_with_groups(&login.user_code, "alice@example.com", &["staff"]));
    let logged_in = timeout(PATIENCE, oidc.finish_device_login(&login)).await.unwrap().unwrap();
    assert_eq!(logged_in.identity.name.as_str(), "alice@example.com");
    assert_eq!(logged_in.identity.groups, ["staff"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_or_too_late_says_so() {
    let (idp, oidc) = setup().await;
    let login = oidc.start_device_login().await.unwrap();
    assert!(idp.deny(&login.user_code));
    let error = timeout(PATIENCE, oidc.finish_device_login(&login)).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Unauthorized, "login was refused at the identity provider"));
    let login = oidc.start_device_login().await.unwrap();
    assert!(idp.expire(&login.user_code));
    let error = timeout(PATIENCE, oidc.finish_device_login(&login)).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Unauthorized, "login code has expired: log in again"));
}

async fn login_with(faults: Faults) -> jimm::error::Result<jimm::authn::LoggedIn> {
    let (idp, oidc) = setup().await;
    idp.fail(faults);
    let login = oidc.start_device_login().await?;
    assert!(idp.approve(&login.user_code, "alice@example.com"));
    timeout(PATIENCE, oidc.finish_device_login(&login)).await.expect("an end in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_misbehaves_logs_nobody_in() {
    for (faults, text) in [
        (Faults { no_id_token: true, ..Faults::default() }, "failed to extract id token"),
        (Faults { no_email: true, ..Faults::default() }, "id token has no claim"),
        (Faults { email_unverified: true, ..Faults::default() }, "is not verified"),
        (Faults { wrong_audience: true, ..Faults::default() }, "audience"),
        (Faults { expired_tokens: true, ..Faults::default() }, "it has expired"),
    ] {
        let error = login_with(faults).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthorized);
        assert!(error.message().contains(text), "{error}");
    }
    assert_eq!(login_with(Faults { down: true, ..Faults::default() }).await.unwrap_err().kind(), Kind::Internal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hiccups_or_is_strict_is_no_obstacle() {
    assert!(login_with(Faults { token_errors: 2, ..Faults::default() }).await.is_ok());
    assert!(login_with(Faults { strict_client_auth: true, ..Faults::default() }).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_provider_may_change_between_logins() {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let (idp, oidc) = setup_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    for keep_former in [true, false, true] {
        let login = oidc.start_device_login().await.unwrap();
        assert!(idp.approve(&login.user_code, "alice@example.com"));
        assert!(timeout(PATIENCE, oidc.finish_device_login(&login)).await.unwrap().is_ok());
        idp.rotate_keys(keep_former).unwrap();
        // An unknown key makes the broker ask again, though not within five seconds of the last time.
        clock.advance(Duration::from_secs(6));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_logs_in_with_its_secret_only() {
    let (idp, oidc) = setup().await;
    idp.add_service("svc-7", "hunter2");
    let identity = oidc.client_credentials("svc-7", &"hunter2".into()).await.unwrap();
    assert_eq!(identity.name.as_str(), "svc-7@serviceaccount");
    for (id, secret) in [("svc-7", "hunter3"), ("svc-8", "hunter2"), ("svc-7", "")] {
        let error = oidc.client_credentials(id, &secret.into()).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Unauthorized, "invalid client credentials"));
    }
    idp.fail(Faults { down: true, ..Faults::default() });
    assert!(oidc.client_credentials("svc-7", &"hunter2".into()).await.is_ok(), "a verified pair survives an outage");
}
