//! From what the provider tells to a name, an address that is verified, and groups: as configured, wherever it is told.

use jimm_tests::app::TestApp;
use jimm_tests::idp::Faults;
use sha2::{Digest as _, Sha256};

use crate::support::{ALICE, alone};

/// Who somebody is after a login, or why there is none.
async fn who(app: &TestApp, email: &str) -> Result<String, String> {
    let token = app.token(email).await.map_err(|error| format!("{error:#}"))?;
    let (_, login) = app.door.with_token(&token).await.map_err(|error| format!("{error:#}"))?;
    Ok(login.user_info.expect("somebody").identity)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_made_fit_and_never_two_to_one() {
    let app = alone(&[]).await;
    for (email, before, domain) in [
        ("alice@example.com", "alice", "example.com"),
        ("Alice.B+tag@Example.com", "Alice.B+tag", "Example.com"),
        ("a_b@example.com", "a-b", "example.com"),
        ("a~b@example.com", "a-b", "example.com"),
        ("o'hara@example.com", "o-hara", "example.com"),
    ] {
        let digest = hex::encode(&Sha256::digest(email.as_bytes())[..3]);
        let is_changed = !email.starts_with(before);
        let expected = format!("user-{before}{}@{domain}", if is_changed { &digest } else { "" });
        assert_eq!(who(&app, email).await.expect(email), expected);
    }
    for (email, text) in [
        ("alice", "cannot be made a user name with a domain"),
        ("svc@serviceaccount", "has a reserved domain"),
        ("everyone@external", "has a reserved domain"),
        ("admin@local", "cannot be made a user name with a domain"),
        ("al ice@example.com", "cannot be made a user name"),
        ("a\u{1b}[31m@example.com", "cannot be made a user name"),
    ] {
        let said = who(&app, email).await.expect_err(email);
        assert!(said.contains(text) && !said.contains('\u{1b}'), "{email}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_claim_may_name_people_and_verification_may_be_switched_off() {
    let unverified = Faults { email_unverified: true, ..Faults::default() };
    let strict = alone(&[]).await;
    strict.idp.fail(unverified.clone());
    assert!(who(&strict, ALICE).await.expect_err("unverified").contains("is not verified"));
    let lax = alone(&[("JIMM_OAUTH_REQUIRE_VERIFIED_EMAIL", "false")]).await;
    lax.idp.fail(unverified);
    assert_eq!(who(&lax, ALICE).await.expect("switched off"), "user-alice@example.com");
    // The provider's `upn` here is the address in a domain of its own.
    let upn = alone(&[("JIMM_OAUTH_IDENTITY_CLAIM", "upn")]).await;
    assert_eq!(who(&upn, ALICE).await.expect("by another claim"), "user-alice@corp.example.com");
    let none = alone(&[("JIMM_OAUTH_IDENTITY_CLAIM", "nickname")]).await;
    assert!(who(&none, ALICE).await.expect_err("no such claim").contains("has no claim \"nickname\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_found_where_the_provider_tells_them() {
    let app = alone(&[("JIMM_OAUTH_GROUPS_CLAIM", "groups"), ("JIMM_SESSION_LIFETIMES", "group-staff=1h")]).await;
    let idp = &app.idp;
    let lasts = async |faults: Faults| {
        idp.fail(faults);
        let approve = |code: String| async move {
            anyhow::ensure!(idp.approve_with_groups(&code, ALICE, &["staff"]), "no code {code}");
            Ok(())
        };
        app.door.device_login(approve).await.map_err(|error| format!("{error:#}"))?;
        idp.fail(Faults::default());
        let query = "SELECT extract(epoch FROM expires_at - created_at)::bigint::text FROM sessions
                     WHERE identity = 'alice@example.com' ORDER BY created_at DESC LIMIT 1";
        Ok::<_, String>(app.db.fetch(query).await.expect("an answer").expect("a session"))
    };
    let lean = Faults { lean_id_tokens: true, ..Faults::default() };
    assert_eq!(lasts(Faults::default()).await.as_deref(), Ok("3600"), "in the id token");
    assert_eq!(lasts(lean.clone()).await.as_deref(), Ok("3600"), "in the access token, and the name at userinfo");
    let userinfo = Faults { no_groups_in_access: true, ..lean.clone() };
    assert_eq!(lasts(userinfo.clone()).await.as_deref(), Ok("3600"), "at userinfo");
    for (faults, text) in [
        (Faults { userinfo_of_another: true, ..userinfo.clone() }, "has no claim \"email\""),
        (Faults { userinfo_down: true, ..userinfo.clone() }, "identity provider answers 500"),
        (Faults { email_unverified: true, ..userinfo.clone() }, "is not verified"),
        (Faults { no_email: true, ..userinfo }, "has no claim \"email\""),
    ] {
        let said = lasts(faults).await.expect_err(text);
        assert!(said.contains(text), "{said}");
    }
}
