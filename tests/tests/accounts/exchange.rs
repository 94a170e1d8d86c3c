//! CI jobs log in with a token of their CI's: who is let in, as whom, for how long, and who is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jimm_tests::app::TestApp;
use jimm_tests::idp::{Faults, Idp, IdpOptions};
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{admin, alone, call, jimm, refused};

const AUDIENCE: &str = "https://jimm.example.com";
const SUBJECT: &str = "repo:acme/shop:ref:refs/heads/main";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

struct World {
    app: TestApp,
    ci: Idp,
    http: Client,
    _rules: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let ci = Idp::start(IdpOptions::default()).await.expect("a CI");
        let dir = tempfile::tempdir().expect("a folder");
        let rules = format!(
            r#"
            [[trust]]
            issuer = "{issuer}"
            audience = "{AUDIENCE}"
            subject = "repo:acme/*:ref:refs/heads/main"
            service-account = "deploy"
            claims = {{ environment = "production" }}
            [[trust]]
            issuer = "{issuer}"
            audience = "{AUDIENCE}"
            subject = "repo:acme/tests"
            service-account = "tests"
            "#,
            issuer = ci.issuer()
        );
        let file = dir.path().join("trusted.toml");
        std::fs::write(&file, rules).expect("written");
        let app = alone(&[("JIMM_TRUSTED_TOKENS_PATH", &file.display().to_string())]).await;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(app.door.ca.as_bytes()).expect("a certificate");
        let http = Client::builder().tls_certs_only([root]).build().expect("a client");
        Self { app, ci, http, _rules: dir }
    }

    /// What the CI says of a job that may deploy.
    fn claims(&self) -> Value {
        let now = chrono_now();
        json!({"iss": self.ci.issuer(), "aud": AUDIENCE, "sub": SUBJECT, "environment": "production",
            "iat": now, "nbf": now - 60, "exp": now + 300, "jti": uuid::Uuid::new_v4()})
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.ci.sign(&claims).expect("signed")
    }

    async fn post(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let url = format!("https://{}/oauth/token", self.app.door.address);
        let answer = self.http.post(url).form(form).send().await.expect("an answer");
        let status = answer.status();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (status, answer.json().await.expect("JSON"))
    }

    async fn exchange(&self, token: &str) -> (StatusCode, Value) {
        self.post(&[("grant_type", GRANT), ("subject_token", token), ("subject_token_type", JWT)]).await
    }

    /// The session token for a token.
    async fn exchanged(&self, token: &str) -> String {
        let (status, answer) = self.exchange(token).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Why a token is not exchanged.
    async fn why_not(&self, token: &str) -> String {
        let (status, answer) = self.exchange(token).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{answer}");
        answer["error_description"].as_str().expect("a text").to_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "the tokens of a real CI have its time")]
fn chrono_now() -> i64 {
    chrono::Utc::now().timestamp()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_its_service_account_for_an_hour() {
    let world = World::new().await;
    let token = world.token(|_| {});
    let (status, answer) = world.exchange(&token).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(answer["token_type"], "N_A");
    assert!(answer["expires_in"].as_u64().is_some_and(|seconds| (3500..=3600).contains(&seconds)), "{answer}");
    let session = answer["access_token"].as_str().expect("a token").to_owned();
    let (deploy, login) = world.app.door.with_token(&session).await.expect("a session token");
    assert_eq!(login.user_info.expect("somebody").identity, "user-deploy@serviceaccount");
    let other = world.token(|claims| claims["sub"] = json!("repo:acme/tests"));
    let (_, login) = world.app.door.with_token(&world.exchanged(&other).await).await.expect("a session token");
    assert_eq!(login.user_info.expect("somebody").identity, "user-tests@serviceaccount", "the other rule");

    // Shown again, it gives the same session and no more; when that is ended, nothing.
    let again = world.exchanged(&token).await;
    let mine = jimm(&deploy, "ListSessions", json!({})).await.expect("listed");
    assert_eq!(mine["sessions"].as_array().map(Vec::len), Some(1), "{mine}");
    assert_eq!(mine["sessions"][0]["auth-method"], "token-exchange");
    let tag = json!({"user-tag": "user-deploy@serviceaccount"});
    jimm(&admin(&world.app).await, "RevokeSessions", tag).await.expect("ended");
    assert!(refused(&world.app.door, &again).await.contains("session was ended"));
    assert!(world.why_not(&token).await.contains("session was ended"));
    world.exchanged(&world.token(|_| {})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_say_something_else_are_refused_and_told_why() {
    let world = World::new().await;
    let now = chrono_now();
    let stranger = Idp::start(IdpOptions::default()).await.expect("another CI");
    let good = world.token(|_| {});
    let set = |name: &'static str, value: Value| move |claims: &mut Value| claims[name] = value;
    let unsigned = |header: Value, signature: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(&header), part(&world.claims()))
    };
    let keys: Value = reqwest_json(&format!("{}/jwks", world.ci.issuer())).await.unwrap_or_else(|| json!({"keys": []}));
    let hmac = unsigned(json!({"alg": "HS256", "typ": "JWT"}), "");
    let hmac = hmac.trim_end_matches('.');
    let key = EncodingKey::from_secret(keys.to_string().as_bytes());
    let hmac =
        format!("{hmac}.{}", jsonwebtoken::crypto::sign(hmac.as_bytes(), &key, Algorithm::HS256).expect("signed"));
    for (token, why) in [
        (world.token(set("aud", json!("https://other.example.com"))), "its audience is"),
        (world.token(set("aud", json!([AUDIENCE, "other"]))), "and no other"),
        (world.token(set("aud", json!(format!("{AUDIENCE}/")))), "its audience is"),
        (world.token(set("sub", json!("repo:acme/shop:ref:refs/heads/feature"))), "no service account is meant"),
        (world.token(set("sub", json!("repo:evil/shop:ref:refs/heads/main"))), "no service account is meant"),
        (world.token(set("sub", json!("repo:acme/a/b:ref:refs/heads/main"))), "no service account is meant"),
        (world.token(set("environment", json!("staging"))), "no service account is meant"),
        (world.token(set("environment", json!(["production"]))), "no service account is meant"),
        (world.token(set("exp", json!(now - 61))), "it has expired"),
        (world.token(set("exp", json!(now + 90_000))), "more than a day"),
        (world.token(set("exp", Value::Null)), "not"),
        (world.token(set("iat", json!(now + 120))), "from the future"),
        (world.token(set("iss", json!(stranger.issuer()))), "is not trusted here"),
        (world.token(set("iss", json!("https://ci.example.com\n\u{1b}[31m"))), "is not trusted here"),
        (stranger.sign(&world.claims()).expect("signed"), "signature or issuer"),
        (unsigned(json!({"alg": "none"}), ""), "not a signed JWT we know"),
        (hmac, "algorithm is not accepted"),
        (good[..good.len() - 4].to_owned(), "signature or issuer"),
        (good.split('.').next().expect("a part").to_owned(), "not a signed JWT"),
        ("nonsense".to_owned(), "not a signed JWT"),
        ("a".repeat(100_000), "not a signed JWT"),
    ] {
        let said = world.why_not(&token).await;
        assert!(said.contains(why) && !said.contains(&token) && !said.contains('\u{1b}'), "{why}: {said}");
    }
    // A minute of difference between the clocks is none.
    world.exchanged(&world.token(set("exp", json!(chrono_now() - 30)))).await;
    let users = call(&admin(&world.app).await, "UserManager", 3, "UserInfo", json!({"entities": []})).await;
    assert!(!users.expect("users").to_string().contains("tests@serviceaccount"), "a refused token leaves nothing");

    let (status, answer) = world.post(&[("grant_type", "password"), ("subject_token", &good)]).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("unsupported_grant_type")));
    let long = "a".repeat(200_000);
    let (status, _) = world.exchange(&long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let log = world.app.broker_log();
    assert!(
        !log.contains(&good) && !log.contains(good.rsplit('.').next().expect("a signature")),
        "a token is in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_and_a_silent_issuer_let_nobody_in() {
    let world = World::new().await;
    world.ci.fail(Faults { down: true, ..Faults::default() });
    let (status, answer) = world.exchange(&world.token(|_| {})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("temporarily_unavailable")));
    world.ci.fail(Faults::default());
    world.exchanged(&world.token(|_| {})).await;
    let account = json!({"entities": [{"tag": "user-deploy@serviceaccount"}]});
    call(&admin(&world.app).await, "UserManager", 3, "DisableUser", account).await.expect("disabled");
    assert!(world.why_not(&world.token(|_| {})).await.contains("is disabled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_trusts_nobody_exchanges_nothing() {
    let app = alone(&[]).await;
    let said = app.jimmctl_with(&[("JIMM_ID_TOKEN", "e30.eyJpc3MiOiJodHRwczovL2NpIn0.c2ln")], &["models"]).await;
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("is not trusted here") && said.err.contains("hint: the token comes from JIMM_ID_TOKEN"),
        "{}",
        said.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jimmctl_logs_in_with_the_token_of_the_job() {
    let world = World::new().await;
    let (good, wrong) = (world.token(|_| {}), world.token(|claims| claims["aud"] = json!("x")));
    let file = world.app.dir().join("token");
    std::fs::write(&file, format!("{good}\n")).expect("written");
    let file = file.display().to_string();
    let identities = [("JIMM_ID_TOKEN", good.as_str()), ("JIMM_ID_TOKEN_FILE", file.as_str())];
    for identity in identities {
        let said = world.app.jimmctl_with(&[identity], &["sessions", "--format", "tabular"]).await;
        assert!(said.code == 0 && said.out.contains("deploy@serviceaccount*  token-exchange"), "{said:?}");
    }
    for (identity, why) in [
        (
            ("JIMM_ID_TOKEN", wrong.as_str()),
            "its audience is \"x\": ask for one with the audience https://jimm.example.com",
        ),
        (("JIMM_ID_TOKEN", "not a token&grant_type=x"), "it is not a signed JWT"),
        (("JIMM_ID_TOKEN_FILE", "/nowhere"), "cannot read the token in /nowhere"),
    ] {
        let said = world.app.jimmctl_with(&[identity], &["sessions"]).await;
        assert!(
            said.code == 1 && said.err.contains(why) && said.err.contains("\nhint: the token comes from"),
            "{said:?}"
        );
        assert!(!said.err.contains("Please visit"), "no login in a browser: {said:?}");
    }
}

async fn reqwest_json(url: &str) -> Option<Value> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::builder().build().ok()?;
    client.get(url).send().await.ok()?.json().await.ok()
}
