//! Session tokens of clients, in the reference's form: a JWT signed with HS256, `sub` and `exp`, base64 once more. Ours
//! name their session too (`jti`); whether that still lives is for others to look up.
//!
//! Every way a token can be wrong is one answer, `session token invalid`: clients begin the device flow on that code,
//! and learn nothing else, but that a token of ours has expired.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chrono::{DateTime, Utc};
use jimm_proto::names::UserName;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Identity, TokenSession};
use crate::clock::{Clock, delta};
use crate::error::{Error, Kind, Result};
use crate::user_names;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// More groups than this are not put into a token.
pub(super) const MAX_GROUPS: usize = 20;

/// Mints and verifies session tokens.
pub struct SessionTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    expiry: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
}

impl SessionTokens {
    /// Tokens signed with `secret` that live for `expiry`.
    pub fn new(secret: &SecretString, expiry: Duration, clock: Arc<dyn Clock>) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        // The claims are judged below: by our clock, without leeway.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let (encoding, decoding) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { encoding, decoding, validation, expiry, clock }
    }

    /// A token that names no session, as JIMM makes them: its session begins when it is first shown.
    pub fn mint(&self, name: &UserName, groups: &[String]) -> Result<String> {
        self.encode(name, groups, self.clock.now() + delta(self.expiry), None)
    }

    /// A token of this session, which lives until then.
    pub fn mint_for(
        &self,
        name: &UserName,
        groups: &[String],
        session: Uuid,
        expires: DateTime<Utc>,
    ) -> Result<SecretString> {
        self.encode(name, groups, expires, Some(session)).map(SecretString::from)
    }

    fn encode(
        &self,
        name: &UserName,
        groups: &[String],
        expires: DateTime<Utc>,
        session: Option<Uuid>,
    ) -> Result<String> {
        let claims = Claims { sub: name.to_string(), exp: expires.timestamp(), jti: session, groups: groups.to_vec() };
        let compact =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)?;
        Ok(STANDARD.encode(compact))
    }

    /// Who the token speaks of, and of which session; that is not looked up here.
    pub fn verify(&self, token: &str) -> Result<Identity> {
        if token.is_empty() {
            return Err(Error::new(Kind::SessionTokenInvalid, "no token presented"));
        }
        let identity = self.identity(token).ok_or_else(|| Error::new(Kind::SessionTokenInvalid, "invalid JWT"))?;
        if identity.expires <= self.clock.now() {
            return Err(Error::new(Kind::SessionTokenInvalid, "JIMM session token expired"));
        }
        Ok(identity)
    }

    fn identity(&self, token: &str) -> Option<Identity> {
        let compact = LENIENT.decode(token.trim()).ok()?;
        let claims = jsonwebtoken::decode::<Claims>(&compact, &self.decoding, &self.validation).ok()?.claims;
        let expires = DateTime::from_timestamp(claims.exp, 0)?;
        if claims.groups.len() > MAX_GROUPS {
            return None;
        }
        let name = user_names::external(&claims.sub).or_else(|_| user_names::from_claim(&claims.sub)).ok()?;
        let session = match claims.jti {
            Some(id) => TokenSession { id, is_named: true },
            None => TokenSession { id: id_of(&compact), is_named: false },
        };
        Some(Identity { name, groups: claims.groups, expires, session: Some(session) })
    }
}

/// The session id of a token that names none: always the same for the same token.
fn id_of(compact: &[u8]) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(compact).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl std::fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionTokens").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;
    use crate::clock::ManualClock;

    const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn alice() -> UserName {
        "alice@example.com".parse().unwrap()
    }

    fn tokens(secret: &str, clock: &Arc<ManualClock>) -> SessionTokens {
        let secret: SecretString = secret.into();
        SessionTokens::new(&secret, Duration::from_secs(3600), Arc::clone(clock) as Arc<dyn Clock>)
    }

    fn assert_invalid(tokens: &SessionTokens, token: &str, why: &str) {
        let error = tokens.verify(token).expect_err(why);
        assert_eq!(error.kind(), Kind::SessionTokenInvalid, "{why}");
        assert_eq!(error.juju_code(), "session token invalid");
        assert_eq!(error.message(), "invalid JWT", "{why}");
    }

    #[test]
    fn a_minted_token_names_its_identity_and_groups_until_it_expires() {
        let clock = Arc::new(ManualClock::default());
        let tokens = tokens(SECRET, &clock);
        let token = tokens.mint(&alice(), &["staff".into()]).unwrap();
        let identity = tokens.verify(&token).unwrap();
        assert_eq!(identity.name.as_str(), "alice@example.com");
        assert_eq!(identity.groups, ["staff"]);
        clock.advance(Duration::from_secs(3599));
        assert!(tokens.verify(&token).is_ok());
        clock.advance(Duration::from_secs(1));
        let expired = tokens.verify(&token).unwrap_err();
        assert_eq!((expired.juju_code(), expired.message()), ("session token invalid", "JIMM session token expired"));
    }

    #[test]
    fn a_token_leads_to_its_session() {
        let clock = Arc::new(ManualClock::default());
        let tokens = tokens(SECRET, &clock);
        let (id, expires) = (Uuid::new_v4(), clock.now() + chrono::TimeDelta::seconds(5));
        let token = tokens.mint_for(&alice(), &[], id, expires).unwrap();
        let identity = tokens.verify(token.expose_secret()).unwrap();
        assert_eq!((identity.session, identity.expires), (Some(TokenSession { id, is_named: true }), expires));
        let (one, other) = (tokens.mint(&alice(), &[]).unwrap(), tokens.mint(&alice(), &["staff".into()]).unwrap());
        let session = |token: &str| tokens.verify(token).unwrap().session.unwrap();
        assert!(!session(&one).is_named);
        assert_eq!(session(&one), session(one.trim_end_matches('=')), "one token, one session");
        assert_ne!(session(&one).id, session(&other).id);
    }

    #[test]
    fn the_form_is_the_references() {
        let clock = Arc::new(ManualClock::default());
        let token = tokens(SECRET, &clock).mint(&alice(), &[]).unwrap();
        let compact = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
        let parts: Vec<Vec<u8>> = compact.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        let header: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
        assert_eq!(header["alg"], "HS256");
        assert_eq!(claims, json!({"sub": "alice@example.com", "exp": clock.now().timestamp() + 3600}));
    }

    #[test]
    fn a_token_made_by_the_reference_is_accepted() {
        let clock = Arc::new(ManualClock::default());
        let claims = json!({"exp": clock.now().timestamp() + 60, "sub": "a_b@example.com"});
        let compact = encode(&json!({"alg": "HS256", "typ": "JWT"}), &claims, SECRET);
        let identity = tokens(SECRET, &clock).verify(&STANDARD.encode(compact)).unwrap();
        assert!(
            identity.name.as_str().starts_with("a-b") && identity.name.domain() == Some("example.com"),
            "{}",
            identity.name
        );
    }

    fn encode(header: &serde_json::Value, claims: &serde_json::Value, secret: &str) -> String {
        let head = URL_SAFE_NO_PAD.encode(header.to_string());
        let body = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("{head}.{body}");
        let key = EncodingKey::from_secret(secret.as_bytes());
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{signed}.{signature}")
    }

    #[test]
    fn forged_and_broken_tokens_are_one_answer() {
        let clock = Arc::new(ManualClock::default());
        let ours = tokens(SECRET, &clock);
        let exp = clock.now().timestamp() + 60;
        let good = json!({"sub": "alice@example.com", "exp": exp});
        let hs256 = json!({"alg": "HS256", "typ": "JWT"});
        let wrap = |compact: String| STANDARD.encode(compact);

        let other_key = tokens("another key of at least sixty-four characters, to be sure of that..", &clock);
        assert_invalid(&ours, &other_key.mint(&alice(), &[]).unwrap(), "forged");
        let none = encode(&json!({"alg": "none"}), &good, SECRET);
        assert_invalid(&ours, &wrap(none.clone()), "alg none, signed");
        assert_invalid(&ours, &wrap(format!("{}.", none.rsplit_once('.').unwrap().0)), "alg none, unsigned");
        for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA"] {
            assert_invalid(&ours, &wrap(encode(&json!({"alg": alg}), &good, SECRET)), alg);
        }
        let token = ours.mint(&alice(), &[]).unwrap();
        for len in 1..token.len() - 2 {
            assert_invalid(&ours, &token[..len], "truncated");
        }
        for claims in [
            json!({"exp": exp}),
            json!({"sub": "alice@example.com"}),
            json!({"sub": "", "exp": exp}),
            json!({"sub": "alice", "exp": exp}),
            json!({"sub": "alice@example.com", "exp": "soon"}),
            json!({"sub": "alice@example.com", "exp": i64::MAX}),
            json!({"sub": "alice@example.com", "exp": exp, "groups": vec!["g"; 21]}),
        ] {
            assert_invalid(&ours, &wrap(encode(&hs256, &claims, SECRET)), &claims.to_string());
        }
        assert_invalid(&ours, &encode(&hs256, &good, SECRET), "without the second base64");
        assert_invalid(&ours, "not base64!", "garbage");
        assert_eq!(ours.verify("").unwrap_err().message(), "no token presented");
    }
}
