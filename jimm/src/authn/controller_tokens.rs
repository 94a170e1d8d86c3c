//! Tokens that controllers take in place of a password: who, at which controller, with which rights.
//!
//! A controller looks at the signature, the times, the subject and the `access` claim, once, when a connection begins.
//! Tokens are kept for reuse until shortly before they expire, so that a signature is not paid per connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use jimm_proto::names::UserName;
use jsonwebtoken::Header;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::KeyRing;
use crate::clock::{Clock, delta};
use crate::error::{Error, Result};

/// How far `iat` lies back: controllers allow no skew at all.
const BACKDATED: TimeDelta = TimeDelta::seconds(30);

/// Tokens kept for reuse.
const KEPT: u64 = 50_000;

/// Mints tokens, or gives one that was minted for the same purpose.
pub struct ControllerTokens {
    keys: Arc<KeyRing>,
    issuer: String,
    expiry: Duration,
    clock: Arc<dyn Clock>,
    kept: Cache<Purpose, Kept>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Purpose {
    subject: UserName,
    controller: Uuid,
    access: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Kept {
    token: SecretString,
    kid: String,
    reusable_until: DateTime<Utc>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: [String; 1],
    iat: i64,
    exp: i64,
    jti: String,
    access: &'a BTreeMap<String, String>,
}

impl ControllerTokens {
    /// Tokens of `issuer` that live for `expiry`.
    pub fn new(keys: Arc<KeyRing>, issuer: &str, expiry: Duration, clock: Arc<dyn Clock>) -> Self {
        let kept = Cache::builder().max_capacity(KEPT).time_to_live(expiry).build();
        Self { keys, issuer: issuer.to_owned(), expiry, clock, kept }
    }

    /// A token for the user `subject`, who must have a domain, at a controller, in the form that `Admin.Login` and
    /// `Authorization: Bearer` take: the compact JWS, base64 once more. `access` maps tags to Juju's words.
    pub async fn token(
        &self,
        subject: &UserName,
        controller: Uuid,
        access: &BTreeMap<String, String>,
    ) -> Result<String> {
        let key = self.keys.current()?;
        let now = self.clock.now();
        let purpose = Purpose { subject: subject.clone(), controller, access: access.clone() };
        if let Some(kept) = self.kept.get(&purpose).await
            && kept.kid == key.kid()
            && now < kept.reusable_until
        {
            return Ok(kept.token.expose_secret().to_owned());
        }
        let expires = now + delta(self.expiry);
        let claims = Claims {
            iss: &self.issuer,
            sub: subject.tag(),
            aud: [controller.to_string()],
            iat: (now - BACKDATED).timestamp(),
            exp: expires.timestamp(),
            jti: Uuid::new_v4().to_string(),
            access,
        };
        let mut header = Header::new(key.algorithm());
        header.kid = Some(key.kid().to_owned());
        let compact = jsonwebtoken::encode(&header, &claims, key.encoding()).map_err(Error::internal)?;
        let token = STANDARD.encode(compact);
        let kept = Kept {
            token: token.clone().into(),
            kid: key.kid().to_owned(),
            reusable_until: expires - delta(self.margin()),
        };
        self.kept.insert(purpose, kept).await;
        Ok(token)
    }

    /// Forgets the tokens that are kept for this user, or all.
    pub async fn forget(&self, name: Option<&str>) {
        let Some(name) = name else { return self.kept.invalidate_all() };
        let theirs = self.kept.iter().filter(|(purpose, _)| purpose.subject.as_str() == name);
        for purpose in theirs.map(|(purpose, _)| purpose).collect::<Vec<_>>() {
            self.kept.invalidate(&*purpose).await;
        }
    }

    /// The key set that verifies the tokens.
    pub fn jwks_json(&self) -> String {
        self.keys.jwks_json()
    }

    /// How much of its life a token must have left to be given out again: enough for a slow dial.
    fn margin(&self) -> Duration {
        (self.expiry / 5).max(Duration::from_secs(30)).min(self.expiry / 2)
    }
}

impl std::fmt::Debug for ControllerTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControllerTokens")
            .field("issuer", &self.issuer)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::super::key_ring::{ALGORITHM, SigningKey, generate};
    use super::*;
    use crate::clock::ManualClock;

    const CONTROLLER: Uuid = Uuid::from_u128(0xc0de);

    fn key(kid: &str, from: DateTime<Utc>) -> Arc<SigningKey> {
        let (private, public) = generate(kid).unwrap();
        Arc::new(SigningKey::new(kid.to_owned(), ALGORITHM, &private, public, from, None))
    }

    fn setup() -> (Arc<ManualClock>, Arc<KeyRing>, ControllerTokens) {
        let clock = Arc::new(ManualClock::default());
        let ring = Arc::new(KeyRing::new(Arc::clone(&clock) as Arc<dyn Clock>));
        ring.replace(vec![key("k1", clock.now())]);
        let expiry = Duration::from_secs(300);
        let tokens = ControllerTokens::new(Arc::clone(&ring), "jimm.example.com", expiry, Arc::clone(&clock) as _);
        (clock, ring, tokens)
    }

    fn user(name: &str) -> UserName {
        format!("{name}@example.com").parse().unwrap()
    }

    fn access(words: &[(&str, &str)]) -> BTreeMap<String, String> {
        words.iter().map(|(tag, word)| ((*tag).to_owned(), (*word).to_owned())).collect()
    }

    /// What a controller does with a token: signature by the key set's key of that id, which must name its algorithm.
    fn verified(token: &str, jwks: &str) -> Value {
        let compact = STANDARD.decode(token).expect("standard base64 with padding");
        let header = jsonwebtoken::decode_header(&compact).unwrap();
        let set: JwkSet = serde_json::from_str(jwks).unwrap();
        let jwk = set.find(&header.kid.expect("a kid")).expect("the kid is published");
        assert!(jwk.common.key_algorithm.is_some(), "controllers skip keys without alg");
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(&compact, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap().claims
    }

    #[tokio::test]
    async fn a_token_is_what_controllers_take() {
        let (clock, _, tokens) = setup();
        let rights = access(&[("model-1", "write"), ("controller-2", "login")]);
        let token = tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap();
        assert_eq!(token.len() % 4, 0, "padded");
        let claims = verified(&token, &tokens.jwks_json());
        let now = clock.now().timestamp();
        assert_eq!(claims["sub"], "user-alice@example.com");
        assert_eq!(claims["iss"], "jimm.example.com");
        assert_eq!(claims["aud"], json!([CONTROLLER.to_string()]));
        assert_eq!(claims["access"], json!({"model-1": "write", "controller-2": "login"}));
        assert_eq!(claims["exp"], now + 300);
        assert!(claims["iat"].as_i64().unwrap() < now, "controllers allow no skew");
        assert!(claims["jti"].as_str().unwrap().parse::<Uuid>().is_ok());
    }

    #[tokio::test]
    async fn a_changed_token_does_not_verify() {
        let (_, _, tokens) = setup();
        let token = tokens.token(&user("alice"), CONTROLLER, &access(&[])).await.unwrap();
        let compact = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
        let parts: Vec<&str> = compact.split('.').collect();
        let body = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap().replace("alice", "admin");
        let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(body), parts[2]);
        let set: JwkSet = serde_json::from_str(&tokens.jwks_json()).unwrap();
        let key = DecodingKey::from_jwk(set.find("k1").unwrap()).unwrap();
        let mut validation = Validation::new(ALGORITHM);
        validation.validate_aud = false;
        assert!(jsonwebtoken::decode::<Value>(&forged, &key, &validation).is_err());
    }

    #[tokio::test]
    async fn tokens_are_reused_per_purpose_until_shortly_before_they_expire() {
        let (clock, _, tokens) = setup();
        let rights = access(&[("model-1", "read")]);
        let first = tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap();
        assert_eq!(tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap(), first);
        let more = access(&[("model-1", "admin")]);
        assert_ne!(tokens.token(&user("alice"), CONTROLLER, &more).await.unwrap(), first);
        assert_ne!(tokens.token(&user("bob"), CONTROLLER, &rights).await.unwrap(), first);
        assert_ne!(tokens.token(&user("alice"), Uuid::nil(), &rights).await.unwrap(), first);
        clock.advance(Duration::from_secs(239));
        assert_eq!(tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap(), first);
        clock.advance(Duration::from_secs(1));
        assert_ne!(tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap(), first);
    }

    #[tokio::test]
    async fn tokens_of_somebody_who_is_cut_off_are_forgotten() {
        let (_, _, tokens) = setup();
        let rights = access(&[]);
        let alices = tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap();
        let bobs = tokens.token(&user("bob"), CONTROLLER, &rights).await.unwrap();
        tokens.forget(Some("alice@example.com")).await;
        assert_ne!(tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap(), alices);
        assert_eq!(tokens.token(&user("bob"), CONTROLLER, &rights).await.unwrap(), bobs);
        tokens.forget(None).await;
        assert_ne!(tokens.token(&user("bob"), CONTROLLER, &rights).await.unwrap(), bobs);
    }

    #[tokio::test]
    async fn a_rotation_overlaps_and_the_new_key_takes_over_at_its_time() {
        let (clock, ring, tokens) = setup();
        let rights = access(&[]);
        let before = tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap();
        let (old, new) = (ring.current().unwrap(), key("k2", clock.now() + TimeDelta::seconds(60)));
        ring.replace(vec![new, old]);
        assert!(tokens.jwks_json().contains("k2"), "published ahead");
        assert_eq!(tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap(), before);
        clock.advance(Duration::from_secs(60));
        let after = tokens.token(&user("alice"), CONTROLLER, &rights).await.unwrap();
        assert_ne!(after, before, "no token of the former key is given out again");
        verified(&before, &tokens.jwks_json());
        verified(&after, &tokens.jwks_json());
    }

    #[tokio::test]
    async fn without_a_key_there_is_an_error_not_a_token() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let ring = Arc::new(KeyRing::new(Arc::clone(&clock)));
        let tokens = ControllerTokens::new(ring, "jimm", Duration::from_secs(60), clock);
        assert!(tokens.token(&user("alice"), CONTROLLER, &access(&[])).await.is_err());
        assert_eq!(tokens.jwks_json(), r#"{"keys":[]}"#);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let (_, ring, tokens) = setup();
        let shown = format!("{ring:?} {tokens:?}");
        assert!(shown.contains("k1") && !shown.contains("encoding"), "{shown}");
    }
}
