//! Tokens that nobody should believe, wherever one can be shown: one answer for all of them, one line of the log, and the
//! token in none.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jimm_tests::broker::{ADMIN, SERVICE_ID};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::support::{World, basic, line_of};
use crate::wire::{Ws, https};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let algorithm = match header["alg"].as_str() {
        Some("HS512") => Algorithm::HS512,
        _ => Algorithm::HS256,
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm).expect("a signature");
    STANDARD.encode(format!("{text}.{signature}"))
}

/// Tokens that are wrong in one way each.
fn wrong(good: &str, jwks: &str) -> Vec<(&'static str, String)> {
    let head = json!({"alg": "HS256", "typ": "JWT"});
    let (exp, past) = (4_102_444_800_u64, 1_000_000_000_u64);
    let claims = json!({"sub": ADMIN, "exp": exp});
    let unsigned = STANDARD.encode(format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    ));
    // The audience and issuer of another service, as a controller's token has them; the key is ours in the last.
    let foreign = json!({"sub": ADMIN, "exp": exp, "aud": "11111111-1111-4111-8111-111111111111", "iss": "x"});
    vec![
        ("expired", signed(&head, &json!({"sub": ADMIN, "exp": past}), SECRET)),
        ("without an end", signed(&head, &json!({"sub": ADMIN}), SECRET)),
        ("signed by another", signed(&head, &claims, &SECRET.replace('0', "1"))),
        ("signed with the public keys", signed(&head, &claims, jwks)),
        ("for a controller", signed(&head, &foreign, &SECRET.replace('0', "1"))),
        ("alg none", unsigned),
        ("alg none, signed", signed(&json!({"alg": "none"}), &claims, SECRET)),
        ("another algorithm", signed(&json!({"alg": "HS512"}), &claims, SECRET)),
        ("RS256", signed(&json!({"alg": "RS256"}), &claims, SECRET)),
        (
            "its own key",
            signed(&json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}, "kid": "../../etc"}), &claims, "x"),
        ),
        ("nobody", signed(&head, &json!({"sub": "", "exp": exp}), SECRET)),
        ("a local user", signed(&head, &json!({"sub": "admin", "exp": exp}), SECRET)),
        ("a name with a NUL", signed(&head, &json!({"sub": "a\u{0}@example.com", "exp": exp}), "y")),
        ("cut", good[..good.len() / 2].to_owned()),
        ("one letter off", format!("{}{}{}", &good[..60], if &good[60..61] == "A" { "B" } else { "A" }, &good[61..])),
        ("twice", format!("{good}{good}")),
        ("not base64", "§§§".to_owned()),
        ("a megabyte", "QUFB".repeat(1 << 16)),
    ]
}

#[tokio::test]
async fn tokens_that_are_wrong_are_one_answer_everywhere() {
    let world = World::with(&[("JIMM_SESSION_SECRET_KEY", SECRET)]).await;
    let app = &world.app;
    let (jwks, _) = https(app, b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let jwks = jwks.split("\r\n\r\n").nth(1).expect("a body");
    let charm = format!("/model-{}/charms/a-1234567", world.model);
    for (what, token) in wrong(&world.token, jwks) {
        for path in ["/api", &world.model_path()] {
            let mut ws = Ws::open(app, path, "").await;
            let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
            let text = if what == "expired" { "JIMM session token expired" } else { "invalid JWT" };
            assert_eq!(error, format!("{text} (session token invalid)"), "{what}");
            let line = line_of(app, ws.me).await;
            assert_eq!((&line["kind"], &line["requester"]), (&json!("session-token-invalid"), &json!("")), "{what}");
            // And nobody is logged in.
            let error = ws.error("ModelManager(9).ListModels", &json!({})).await;
            assert!(error.ends_with("(not implemented)"), "{what}: {error}");
        }
        // Headers have an end.
        if token.len() > 10_000 {
            continue;
        }
        let mut ws = Ws::open(app, &format!("/model/{}/log", world.model), &basic(&token)).await;
        let first = ws.answer().await;
        assert_eq!(first["error"]["code"], "unauthorized access", "{what}: {first}");
        assert!(first["error"]["message"].as_str().is_some_and(|text| text.starts_with("authentication failed")));
        line_of(app, ws.me).await;
        let head = format!("GET {charm} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n", basic(&token));
        let (answer, me) = https(app, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("authentication failed"), "{what}: {answer}");
        assert!(answer.to_lowercase().contains("www-authenticate: basic"), "{what}: {answer}");
        line_of(app, me).await;
        assert!(!app.broker_log().contains(&token[..token.len().min(40)]), "{what}: the token is in the log");
    }
    for headers in
        ["", "Authorization: Basic ???\r\n", "Authorization: Bearer abc\r\n", "Authorization: Basic OnE=\r\n"]
    {
        let (answer, _) =
            https(app, format!("GET {charm} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes())
                .await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{headers}: {answer}");
    }
    world.serves().await;
}

#[tokio::test]
async fn wrong_credentials_of_a_service_account_are_refused() {
    let app = crate::support::broker(&[]).await;
    for (id, secret) in [
        (SERVICE_ID, "wrong-s3cret"),
        ("nobody", "wrong-s3cret"),
        ("", "wrong-s3cret"),
        (SERVICE_ID, ""),
        ("a\u{0}b", "wrong-s3cret"),
        ("' OR 1=1 --", "wrong-s3cret"),
        ("x@y@z", "wrong-s3cret"),
        (&"x".repeat(100_000), "wrong-s3cret"),
    ] {
        let mut ws = Ws::open(&app, "/api", "").await;
        let params = json!({"client-id": id, "client-secret": secret});
        let error = ws.error("Admin(4).LoginWithClientCredentials", &params).await;
        let known = ["invalid client credentials (unauthorized access)", "invalid client ID (bad request)"];
        assert!(known.contains(&error.as_str()), "{id:.40}: {error:.300}");
        let line = line_of(&app, ws.me).await;
        assert!(line.to_string().len() < 2000, "{id:.40}");
    }
    // Secrets in the wrong place.
    let mut ws = Ws::open(&app, "/api", "").await;
    for params in [
        json!({"session-token": ["wrong-s3cret"]}),
        json!({"session-token": {"wrong-s3cret": 1}}),
        json!("wrong-s3cret"),
    ] {
        let error = ws.error("Admin(4).LoginWithSessionToken", &params).await;
        assert!(error.starts_with("cannot read the parameters") && !error.contains("s3cret"), "{error}");
    }
    assert!(!app.broker_log().contains("s3cret"), "the log holds a secret");
}

/// Tokens that were good once, or are good elsewhere.
#[tokio::test]
async fn tokens_that_are_shown_again_or_elsewhere_are_refused() {
    let (world, other) = (World::new().await, crate::support::broker(&[]).await);
    let app = &world.app;
    let soon = jimm::clock::Clock::now(&jimm::clock::SystemClock).timestamp() + 600;
    let claims = |audience: &str| {
        json!({"iss": app.idp.issuer(), "aud": audience, "sub": ADMIN, "email": ADMIN, "email_verified": true,
            "iat": soon - 600, "exp": soon})
    };
    let signed = |claims: &Value| app.idp.sign(claims).expect("a token");
    let (ours, theirs) = (signed(&claims("jimm")), signed(&claims("somebody-else")));
    let ended = app.token("bob@example.com").await.expect("a token");
    let mut open = Ws::logged_in(app, "/api", &ended).await;
    let said = app.jimmctl(&["revoke-sessions", "bob@example.com"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(matches!(open.end().await, crate::wire::Heard::Closed(..)), "what is open ends");
    for (what, token) in [
        ("of another broker", other.token(ADMIN).await.expect("a token")),
        ("of the identity provider", ours.clone()),
        ("of the identity provider, in base64", STANDARD.encode(&ours)),
        ("of the identity provider, for another audience", STANDARD.encode(&theirs)),
        ("of a session that was ended", ended),
    ] {
        for path in ["/api", &world.model_path()] {
            let mut ws = Ws::open(app, path, "").await;
            for _ in 0..2 {
                let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
                assert!(error.ends_with("(session token invalid)"), "{what}: {error}");
            }
            let error = ws.error("ModelManager(9).ListModels", &json!({})).await;
            assert!(error.ends_with("(not implemented)"), "{what}: nobody is logged in: {error}");
        }
        let mut ws = Ws::open(app, &format!("/model/{}/log", world.model), &basic(&token)).await;
        assert_eq!(ws.answer().await["error"]["code"], "unauthorized access", "{what}");
        assert!(!app.broker_log().contains(&token[..40]), "{what}: the token is in the log");
    }
    world.serves().await;
}
