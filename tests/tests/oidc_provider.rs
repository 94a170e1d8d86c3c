//! Logins with a certified OpenID provider, beside the simulated one of the other tests: device flow, browsers, service
//! accounts, refresh, keys that change. Skipped, and said so, where there is no node.

use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};
use jimm_tests::browser;
use jimm_tests::oidc_provider::{OidcProvider, OidcProviderOptions};
use jimm_tests::process::eventually;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";
const DEADLINE: Duration = Duration::from_secs(30);
/// Where browsers come back to, for the provider and for the broker.
const PUBLIC: &str = "jimm.example.com";

struct World {
    provider: OidcProvider,
    app: TestApp,
    http: Client,
}

impl World {
    async fn with(options: OidcProviderOptions, more: &[(&str, &str)]) -> Option<Self> {
        let options = OidcProviderOptions { redirect_uri: format!("https://{PUBLIC}/auth/callback"), ..options };
        let provider = OidcProvider::start(options).await.expect("a provider")?;
        let mut env = provider.settings();
        env.push(("JIMM_DNS_NAME".into(), PUBLIC.into()));
        env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let app = TestApp::with(AppOptions { sims: Vec::new(), env }).await;
        let http = browser::client(&app).expect("a client");
        Some(Self { provider, app, http })
    }

    /// A session token by device flow, for somebody who agrees or not.
    async fn device(&self, email: &str, agrees: bool) -> Result<String, String> {
        let decide = |code: String| async move { self.provider.decide(&code, email, agrees).await };
        self.app.door.device_login(decide).await.map_err(|error| format!("{error:#}"))
    }

    /// Sends a browser to the provider and back: the cookie of the login, and what it came back with.
    async fn there_and_back(&self, email: &str, agrees: bool) -> (String, String) {
        let begun = self.http.get(self.url("/auth/login")).send().await.expect("an answer");
        assert_eq!(begun.status(), StatusCode::TEMPORARY_REDIRECT);
        let (to, cookie) = (begun.headers()[LOCATION].to_str().expect("text"), cookie(&begun));
        let back = self.provider.log_in(to, email, agrees).await.expect("a way back");
        let query = back.strip_prefix(&format!("https://{PUBLIC}/auth/callback?")).expect(&back).to_owned();
        (cookie, query)
    }

    /// Comes back from the provider: the session's cookie, or why not.
    async fn callback(&self, cookie_of_login: &str, query: &str) -> Result<String, String> {
        let url = self.url(&format!("/auth/callback?{query}"));
        let answer = self.http.get(url).header(COOKIE, cookie_of_login).send().await.expect("an answer");
        match answer.status() {
            StatusCode::PERMANENT_REDIRECT => Ok(cookie(&answer)),
            _ => Err(answer.text().await.expect("a text")),
        }
    }

    async fn whoami(&self, cookie: &str) -> (StatusCode, Value) {
        let (status, text) = browser::whoami(&self.app, &self.http, cookie).await.expect("an answer");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.app.door.address)
    }

    /// How many seconds the session of a user lasts, which rules for groups tell.
    async fn lifetime(&self, email: &str) -> i64 {
        let query = format!(
            "SELECT extract(epoch FROM expires_at - created_at)::bigint::text FROM sessions WHERE identity = '{email}' ORDER BY created_at DESC"
        );
        self.app.db.fetch(&query).await.expect("an answer").expect("a session").parse().expect("a number")
    }
}

fn cookie(answer: &reqwest::Response) -> String {
    let set = answer.headers()[SET_COOKIE].to_str().expect("text");
    set.split(';').next().unwrap_or_default().to_owned()
}

/// Name, verification and groups lie where the standard has them, and where many providers have them.
#[tokio::test(flavor = "multi_thread")]
async fn devices_and_service_accounts_log_in_wherever_the_claims_are() {
    for (conform, auth_method) in [(true, "client_secret_basic"), (false, "client_secret_post")] {
        let options = OidcProviderOptions { conform, auth_method: auth_method.into(), ..Default::default() };
        let rules = [("JIMM_SESSION_LIFETIMES", "group-staff=1h")];
        let Some(world) = World::with(options, &rules).await else { return };
        world.provider.turn(json!({"groups": {"email": ALICE, "names": ["staff", "others"]}})).await.expect("turned");
        let token = world.device(ALICE, true).await.expect("a login");
        let (_, login) = world.app.door.with_token(&token).await.expect("a session token");
        assert_eq!(login.user_info.expect("somebody").identity, format!("user-{ALICE}"));
        assert_eq!(world.lifetime(ALICE).await, 3600, "the provider's groups are known");
        world.device(ADMIN, true).await.expect("a login");
        assert_eq!(world.lifetime(ADMIN).await, 24 * 3600, "who is in none is in none");

        let said = world.device(ALICE, false).await.expect_err("she refuses");
        assert!(said.contains("login was refused at the identity provider"), "{said}");
        world.provider.turn(json!({"unverify": ALICE})).await.expect("turned");
        let said = world.device(ALICE, true).await.expect_err("her address is not verified");
        assert!(said.contains("\"alice@example.com\" is not verified"), "{said}");

        let door = &world.app.door;
        let (_, login) = door.with_credentials(SERVICE_ID, SERVICE_SECRET).await.expect("its own secret");
        assert_eq!(login.user_info.expect("somebody").identity, format!("user-{SERVICE_ID}@serviceaccount"));
        for (id, secret) in [(SERVICE_ID, "wrong"), ("svc-unknown", SERVICE_SECRET), (SERVICE_ID, "")] {
            let error = door.with_credentials(id, secret).await.expect_err(id);
            assert!(format!("{error:#}").contains("invalid client credentials"), "{id}: {error:#}");
        }
        // The environment that the juju client knows, for jimmctl.
        let said = world.app.jimmctl(&["controllers", "--format", "json"]).await;
        assert_eq!(said.code, 0, "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_types_expires() {
    let options = OidcProviderOptions { code_life: 3, ..Default::default() };
    let Some(world) = World::with(options, &[]).await else { return };
    let ignored = |_| async { Ok(()) };
    let said = tokio::time::timeout(DEADLINE, world.app.door.device_login(ignored)).await.expect("an end");
    let said = format!("{:#}", said.expect_err("nobody agreed"));
    assert!(said.contains("login code has expired: log in again"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_log_in_with_pkce_and_are_out_when_the_provider_says_so() {
    let more = [("JIMM_SESSION_REFRESH_INTERVAL", "2s")];
    let Some(world) = World::with(OidcProviderOptions::default(), &more).await else { return };
    let (login, query) = world.there_and_back(ALICE, true).await;
    let (other, _) = world.there_and_back(ALICE, true).await;
    let refused = world.callback(&other, &query).await.expect_err("of another login");
    assert!(refused.contains("state does not match"), "{refused}");
    let session = world.callback(&login, &query).await.expect("a session");
    assert_eq!(world.whoami(&session).await, (StatusCode::OK, json!({"display-name": "Somebody", "email": ALICE})));
    let refused = world.callback(&login, &query).await.expect_err("a code is good once");
    assert!(refused.contains("identity provider refuses: invalid_grant"), "{refused}");
    let (login, query) = world.there_and_back(ALICE, false).await;
    let refused = world.callback(&login, &query).await.expect_err("she refuses");
    assert!(refused.contains("access_denied"), "{refused}");

    // The provider's reuse detection has taken the grant back with the second use of the code: log in afresh.
    let (login, query) = world.there_and_back(ALICE, true).await;
    let session = world.callback(&login, &query).await.expect("a session");
    let sealed = "SELECT encode(sealed, 'hex') FROM sessions WHERE refresh_at IS NOT NULL AND revoked_at IS NULL ORDER BY created_at DESC";
    let first = world.app.db.fetch(sealed).await.expect("an answer").expect("something sealed");
    for round in 0..2 {
        let before = world.app.db.fetch(sealed).await.expect("an answer").expect("something sealed");
        eventually("the provider is asked, and gives a new token", DEADLINE, || async {
            let now = world.app.db.fetch(sealed).await.expect("an answer").expect("something sealed");
            (now != before).then_some(())
        })
        .await;
        assert_eq!(world.whoami(&session).await.0, StatusCode::OK, "round {round}");
    }
    assert_ne!(world.app.db.fetch(sealed).await.expect("an answer").expect("something"), first);
    world.provider.turn(json!({"disable": ALICE})).await.expect("turned");
    eventually("who is gone there is gone here", DEADLINE, || async {
        (world.whoami(&session).await.0 == StatusCode::FORBIDDEN).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_provider_change_while_the_broker_runs() {
    let Some(world) = World::with(OidcProviderOptions::default(), &[]).await else { return };
    world.device(ALICE, true).await.expect("with the first key");
    for (kind, keep) in [("RSA", true), ("EC", false), ("RSA", false)] {
        world.provider.turn(json!({"rotate": {"kind": kind, "keep": keep}})).await.expect("turned");
        // An unknown key makes the broker fetch the set, though not within five seconds of the last time.
        eventually("a login with the new key", DEADLINE, || async { world.device(ALICE, true).await.ok() }).await;
    }
}
