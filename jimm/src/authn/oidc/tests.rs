//! Against a provider in this process that answers as told, over real HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::any;
use axum::{Json, Router};
use jsonwebtoken::{EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::super::key_ring::{ALGORITHM, generate};
use super::*;
use crate::clock::ManualClock;
use crate::config::AuthStyle;
use crate::error::Kind;

/// One request as it came.
#[derive(Clone, Debug)]
struct Seen {
    path: String,
    authorization: String,
    body: String,
    at: Instant,
}

#[derive(Default)]
struct Script {
    /// Answers of the token end point, the last one for ever.
    tokens: VecDeque<(u16, Value)>,
    device: Value,
    jwks: Value,
    discovery: Value,
    down: bool,
    seen: Vec<Seen>,
}

#[derive(Clone)]
struct FakeProvider {
    issuer: String,
    script: Arc<Mutex<Script>>,
    _tasks: TaskTracker,
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let mut script = script.lock().unwrap();
    let authorization =
        headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    script.seen.push(Seen { path: uri.path().to_owned(), authorization, body, at: Instant::now() });
    if script.down {
        return (StatusCode::BAD_GATEWAY, Json(json!({})));
    }
    let (status, value) = match uri.path() {
        "/.well-known/openid-configuration" => (200, script.discovery.clone()),
        "/jwks" => (200, script.jwks.clone()),
        "/device" => (200, script.device.clone()),
        "/token" if script.tokens.len() > 1 => script.tokens.pop_front().unwrap(),
        "/token" => script.tokens[0].clone(),
        _ => (404, json!({})),
    };
    (StatusCode::from_u16(status).unwrap(), Json(value))
}

impl FakeProvider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script {
            discovery: json!({
                "issuer": issuer,
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/jwks"),
                "device_authorization_endpoint": format!("{issuer}/device"),
                "authorization_endpoint": format!("{issuer}/auth"),
            }),
            device: json!({
                "device_code": "secret-device-code", "user_code": "ABCD-EFGH",
                "verification_uri": format!("{issuer}/activate"), "expires_in": 600, "interval": 0,
            }),
            jwks: json!({"keys": []}),
            ..Script::default()
        }));
        let router = Router::new().fallback(any(answer)).with_state(Arc::clone(&script));
        let tasks = TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        Self { issuer, script, _tasks: tasks }
    }

    fn tell(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    fn seen(&self, path: &str) -> Vec<Seen> {
        self.script.lock().unwrap().seen.iter().filter(|seen| seen.path == path).cloned().collect()
    }

    fn settings(&self) -> OauthSettings {
        OauthSettings {
            issuer_url: self.issuer.clone(),
            client_id: "jimm".into(),
            client_secret: "s:cret&".into(),
            timeout: Duration::from_secs(5),
            ..OauthSettings::default()
        }
    }

    fn oidc(&self, clock: &Arc<ManualClock>, change: impl FnOnce(&mut OauthSettings)) -> Oidc {
        let mut settings = self.settings();
        change(&mut settings);
        Oidc::new(Arc::new(settings), Arc::clone(clock) as Arc<dyn Clock>).unwrap()
    }

    fn claims(&self, clock: &ManualClock) -> Value {
        let now = clock.now().timestamp();
        json!({
            "iss": self.issuer, "aud": "jimm", "sub": "4711", "iat": now, "exp": now + 300,
            "email": "alice@example.com", "email_verified": true, "name": "Alice",
        })
    }
}

struct Signer {
    kid: String,
    key: EncodingKey,
    public: Value,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let (private, public) = generate(kid).unwrap();
        Self { kid: kid.to_owned(), key: EncodingKey::from_ed_der(private.expose_secret()), public }
    }

    fn sign(&self, claims: &Value) -> SecretString {
        let mut header = Header::new(ALGORITHM);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap().into()
    }
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

async fn ready() -> (Arc<ManualClock>, FakeProvider, Signer, Oidc) {
    let clock = Arc::new(ManualClock::default());
    let provider = FakeProvider::start().await;
    let signer = Signer::new("k1");
    provider.tell(|script| script.jwks = json!({"keys": [signer.public]}));
    let oidc = provider.oidc(&clock, |_| {});
    (clock, provider, signer, oidc)
}

#[tokio::test]
async fn a_device_login_waits_for_the_user() {
    let (clock, provider, signer, oidc) = ready().await;
    let id_token = signer.sign(&provider.claims(&clock));
    let pending = (400, json!({"error": "authorization_pending"}));
    let tokens = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token.expose_secret()});
    provider.tell(|script| script.tokens = [pending.clone(), pending, (200, tokens)].into());
    let login = oidc.start_device_login().await.unwrap();
    assert_eq!(login.user_code, "ABCD-EFGH");
    assert_eq!(login.verification_uri, format!("{}/activate", provider.issuer));
    assert!(!format!("{login:?}").contains("secret-device-code"));
    let logged_in = oidc.finish_device_login(&login).await.unwrap();
    assert_eq!(logged_in.identity.name.as_str(), "alice@example.com");
    assert_eq!(logged_in.display_name.as_deref(), Some("Alice"));
    let asked = provider.seen("/token");
    assert_eq!(asked.len(), 3);
    assert!(asked[0].body.contains("device_code=secret-device-code"), "{asked:?}");
    assert!(asked[0].body.contains("urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"));
    assert!(provider.seen("/device")[0].body.contains("scope=openid+profile+email"));
}

#[tokio::test]
async fn slow_down_makes_the_pauses_longer() {
    let (_, provider, _, oidc) = ready().await;
    let slow = (400, json!({"error": "slow_down"}));
    provider.tell(|script| script.tokens = [slow.clone(), slow, (400, json!({"error": "access_denied"}))].into());
    let mut login = oidc.start_device_login().await.unwrap();
    login.slower_by = Duration::from_millis(150);
    let error = oidc.finish_device_login(&login).await.unwrap_err();
    assert_eq!(error.message(), "login was refused at the identity provider");
    assert_eq!(error.kind(), Kind::Unauthorized);
    let asked = provider.seen("/token");
    let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(pauses[0] >= Duration::from_millis(340) && pauses[1] >= Duration::from_millis(490), "{pauses:?}");
}

#[tokio::test]
async fn device_logins_end_with_clear_errors() {
    let (clock, provider, signer, oidc) = ready().await;
    for (status, answer, message) in [
        (400, json!({"error": "expired_token"}), "login code has expired: log in again"),
        (
            400,
            json!({"error": "invalid_grant", "error_description": "gone"}),
            "identity provider refuses: invalid_grant (gone)",
        ),
        (200, json!({"access_token": "a"}), "failed to extract id token"),
        (200, json!({"id_token": "a.b.c"}), "token is not valid: it is not a signed JWT we know"),
    ] {
        provider.tell(|script| script.tokens = [(status, answer)].into());
        let login = oidc.start_device_login().await.unwrap();
        let error = oidc.finish_device_login(&login).await.unwrap_err();
        assert_eq!((error.message(), error.kind()), (message, Kind::Unauthorized));
    }
    // The provider's own clock decides how long a code lives.
    provider.tell(|script| {
        script.device["expires_in"] = json!(1);
        script.tokens = [(400, json!({"error": "authorization_pending"}))].into();
    });
    let login = oidc.start_device_login().await.unwrap();
    assert_eq!(oidc.finish_device_login(&login).await.unwrap_err().message(), "login code has expired: log in again");
    // A restart of the provider in the middle does not end the login.
    let id_token = signer.sign(&provider.claims(&clock));
    provider.tell(|script| {
        script.device["expires_in"] = json!(600);
        script.tokens = [(503, json!({})), (200, json!({"id_token": id_token.expose_secret()}))].into();
    });
    let login = oidc.start_device_login().await.unwrap();
    assert!(oidc.finish_device_login(&login).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_is_down_is_found_later() {
    let (_, provider, _, oidc) = ready().await;
    provider.tell(|script| script.down = true);
    let error = oidc.start_device_login().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(error.message().contains("answers 502"), "{error}");
    assert!(oidc.ready().await.is_err());
    provider.tell(|script| script.down = false);
    assert!(oidc.ready().await.is_ok());
    assert!(oidc.start_device_login().await.is_ok());
    assert_eq!(provider.seen("/.well-known/openid-configuration").len(), 3, "asked no more once it is known");
}

#[tokio::test]
async fn somebody_elses_discovery_document_is_refused() {
    let (_, provider, _, oidc) = ready().await;
    provider.tell(|script| script.discovery["issuer"] = json!("https://evil.example.com"));
    let error = oidc.ready().await.unwrap_err();
    assert!(error.message().contains("calls itself https://evil.example.com"), "{error}");
    provider.tell(|script| {
        script.discovery["issuer"] = json!(provider.issuer);
        script.discovery.as_object_mut().unwrap().remove("device_authorization_endpoint");
    });
    let error = oidc.start_device_login().await.unwrap_err();
    assert_eq!(error.message(), "identity provider does not offer the device flow");
}

#[tokio::test]
async fn id_tokens_that_are_not_ours_are_refused() {
    let (clock, provider, signer, oidc) = ready().await;
    let good = provider.claims(&clock);
    assert!(oidc.verify_id_token(&signer.sign(&good), None).await.is_ok());
    let now = clock.now().timestamp();
    for (why, claims) in [
        ("issuer", with(&good, "iss", json!("https://evil.example.com"))),
        ("no issuer", with(&good, "iss", Value::Null)),
        ("audience", with(&good, "aud", json!("another"))),
        ("no audience", with(&good, "aud", Value::Null)),
        ("audiences without azp", with(&good, "aud", json!(["jimm", "another"]))),
        ("azp", with(&good, "azp", json!("another"))),
        ("expired", with(&good, "exp", json!(now - 61))),
        ("no expiry", with(&good, "exp", Value::Null)),
        ("future", with(&good, "nbf", json!(now + 120))),
        ("issued in the future", with(&good, "iat", json!(now + 120))),
        ("no claim", with(&good, "email", Value::Null)),
        ("unverified", with(&good, "email_verified", json!(false))),
        ("unverified text", with(&good, "email_verified", json!("false"))),
        ("no name", with(&good, "email", json!("not a name"))),
        ("reserved", with(&good, "email", json!("svc@serviceaccount"))),
    ] {
        let error = oidc.verify_id_token(&signer.sign(&claims), None).await.expect_err(why);
        assert_eq!(error.kind(), Kind::Unauthorized, "{why}");
    }
    let both = with(&with(&good, "aud", json!(["jimm", "another"])), "azp", json!("jimm"));
    assert!(oidc.verify_id_token(&signer.sign(&both), None).await.is_ok());
    assert!(oidc.verify_id_token(&signer.sign(&good), Some("n")).await.is_err(), "nonce");
    let nonced = with(&good, "nonce", json!("n"));
    assert!(oidc.verify_id_token(&signer.sign(&nonced), Some("n")).await.is_ok());
}

#[tokio::test]
async fn id_tokens_signed_otherwise_are_refused() {
    let (clock, provider, signer, oidc) = ready().await;
    let good = provider.claims(&clock);
    let impostor = Signer::new("k1");
    assert!(oidc.verify_id_token(&impostor.sign(&good), None).await.is_err(), "another key of the same id");
    // The public key, or our own secret, as an HMAC key: the classic confusion.
    for secret in [signer.public["x"].as_str().unwrap(), "s:cret&"] {
        let mut header = Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("k1".into());
        let forged = jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(secret.as_bytes())).unwrap();
        let error = oidc.verify_id_token(&forged.into(), None).await.unwrap_err();
        assert!(error.message().contains("algorithm is not accepted"), "{error}");
    }
    let token = signer.sign(&good);
    let token = token.expose_secret();
    for cut in [1, token.len() / 2, token.len() - 1] {
        assert!(oidc.verify_id_token(&token[..cut].into(), None).await.is_err());
    }
    provider.tell(|script| script.jwks["keys"][0]["use"] = json!("enc"));
    clock.advance(Duration::from_secs(3601));
    assert!(oidc.verify_id_token(&signer.sign(&provider.claims(&clock)), None).await.is_err(), "not a signing key");
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_fetched_but_not_at_every_forgers_wish() {
    let (clock, provider, signer, oidc) = ready().await;
    assert!(oidc.verify_id_token(&signer.sign(&provider.claims(&clock)), None).await.is_ok());
    let second = Signer::new("k2");
    provider.tell(|script| {
        script.jwks = json!({"keys": [{"kty": "unheard-of"}, signer.public, second.public]});
    });
    assert!(oidc.verify_id_token(&second.sign(&provider.claims(&clock)), None).await.is_err(), "asked a moment ago");
    clock.advance(Duration::from_secs(6));
    assert!(oidc.verify_id_token(&second.sign(&provider.claims(&clock)), None).await.is_ok());
    assert_eq!(provider.seen("/jwks").len(), 2);
    let forger = Signer::new("k3");
    for _ in 0..5 {
        assert!(oidc.verify_id_token(&forger.sign(&provider.claims(&clock)), None).await.is_err());
    }
    assert_eq!(provider.seen("/jwks").len(), 2);
}

#[tokio::test]
async fn what_is_believed_of_an_id_token_can_be_configured() {
    let (clock, provider, signer, _) = ready().await;
    let oidc = provider.oidc(&clock, |settings| {
        settings.identity_claim = "upn".into();
        settings.groups_claim = Some("groups".into());
    });
    let claims =
        with(&with(&provider.claims(&clock), "upn", json!("al_ice@corp.example")), "groups", json!(["a", "b"]));
    let logged_in = oidc.verify_id_token(&signer.sign(&claims), None).await.unwrap();
    assert_eq!(logged_in.identity.name.domain(), Some("corp.example"));
    assert_eq!(logged_in.identity.groups, ["a", "b"]);
    let text = with(&claims, "groups", json!("a, b;c"));
    assert_eq!(oidc.verify_id_token(&signer.sign(&text), None).await.unwrap().identity.groups, ["a", "b", "c"]);
    let many = with(&claims, "groups", json!((0..21).map(|n| n.to_string()).collect::<Vec<_>>()));
    let error = oidc.verify_id_token(&signer.sign(&many), None).await.unwrap_err();
    assert_eq!(error.message(), "authorization denied: IDP group claim contains 21 groups, maximum supported is 20");
    let lax = provider.oidc(&clock, |settings| settings.require_verified_email = false);
    let unverified = with(&provider.claims(&clock), "email_verified", json!(false));
    assert!(lax.verify_id_token(&signer.sign(&unverified), None).await.is_ok());
}

#[tokio::test]
async fn client_credentials_are_believed_for_a_while_and_refusals_never() {
    let (clock, provider, _, oidc) = ready().await;
    let refused = (401, json!({"error": "invalid_client"}));
    let good = (200, json!({"access_token": "a", "expires_in": 60}));
    provider.tell(|script| script.tokens = [refused.clone()].into());
    let secret: SecretString = "hunter2".into();
    for _ in 0..2 {
        let error = oidc.client_credentials("svc-1", &secret).await.unwrap_err();
        assert_eq!((error.message(), error.kind()), ("invalid client credentials", Kind::Unauthorized));
    }
    assert_eq!(provider.seen("/token").len(), 2, "a refusal is not remembered");
    provider.tell(|script| script.tokens = [good].into());
    for _ in 0..3 {
        let identity = oidc.client_credentials("svc-1", &secret).await.unwrap();
        assert_eq!(identity.name.as_str(), "svc-1@serviceaccount");
    }
    assert_eq!(provider.seen("/token").len(), 3, "a success is");
    provider.tell(|script| script.tokens = [refused].into());
    assert!(oidc.client_credentials("svc-1", &"other".into()).await.is_err(), "another secret is another question");
    clock.advance(Duration::from_secs(61));
    assert!(oidc.client_credentials("svc-1", &secret).await.is_err(), "no longer than the provider's token lives");
    assert!(oidc.client_credentials("svc 1", &secret).await.is_err());
    assert!(oidc.client_credentials("svc-1", &"".into()).await.is_err());
    provider.tell(|script| script.down = true);
    let error = oidc.client_credentials("svc-1", &secret).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal, "a provider that is down is not a wrong secret");
}

#[tokio::test]
async fn scopes_of_people_are_left_out_where_they_are_not_allowed() {
    let (_, provider, _, oidc) = ready().await;
    let tokens = [(400, json!({"error": "invalid_scope"})), (200, json!({"access_token": "a"}))];
    provider.tell(|script| script.tokens = tokens.into());
    assert!(oidc.client_credentials("svc-1@serviceaccount", &"hunter2".into()).await.is_ok());
    let asked = provider.seen("/token");
    assert!(asked[0].body.contains("scope=openid") && !asked[1].body.contains("scope="), "{asked:?}");
    assert_eq!(asked[0].authorization, "Basic c3ZjLTE6aHVudGVyMg==", "the provider's own id");
}

#[tokio::test]
async fn clients_prove_themselves_as_the_provider_wants() {
    let (clock, provider, _, oidc) = ready().await;
    oidc.start_device_login().await.unwrap();
    let post = |script: &mut Script| {
        script.discovery["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    };
    provider.tell(post);
    provider.oidc(&clock, |_| {}).start_device_login().await.unwrap();
    provider.oidc(&clock, |settings| settings.auth_style = AuthStyle::Header).start_device_login().await.unwrap();
    provider.oidc(&clock, |settings| settings.client_secret = "".into()).start_device_login().await.unwrap();
    let seen = provider.seen("/device");
    assert_eq!(seen[0].authorization, "Basic amltbTpzJTNBY3JldCUyNg==", "each half form-encoded");
    assert!(!seen[0].body.contains("cret"), "the secret goes once");
    assert!(seen[1].authorization.is_empty() && seen[1].body.contains("client_secret=s%3Acret%26"), "{:?}", seen[1]);
    assert!(!seen[2].authorization.is_empty());
    assert!(seen[3].authorization.is_empty() && seen[3].body.contains("client_id=jimm"), "{:?}", seen[3]);
    assert!(!seen[3].body.contains("client_secret"));
}
