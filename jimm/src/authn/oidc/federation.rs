//! Service accounts without a secret: a token of an issuer that the operator trusts, such as a CI's, is an identity.
//!
//! Nothing of a token is believed before its signature, but its issuer, to know whose keys to ask; an issuer that is not
//! trusted is asked nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::{Identity, TokenSession};
use super::id_token::{self, Claims};
use super::provider::Provider;
use crate::clock::Clock;
use crate::config::TrustRule;
use crate::error::{Error, Kind, Result};
use crate::http_client::http_client;
use crate::user_names;

/// Tokens that may be shown for longer are not taken.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(1);
/// Longer tokens are not read.
const LONGEST: usize = 64 << 10;

/// The issuers that are trusted, and the rules for what they say.
#[derive(Debug)]
pub struct Federation {
    issuers: BTreeMap<String, Issuer>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Issuer {
    provider: Provider,
    rules: Vec<TrustRule>,
}

impl Federation {
    /// Sets up the HTTP clients; asks nobody yet.
    pub fn new(rules: &[TrustRule], timeout: Duration, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut issuers: BTreeMap<String, Issuer> = BTreeMap::new();
        for rule in rules {
            if let Some(issuer) = issuers.get_mut(&rule.issuer) {
                issuer.rules.push(rule.clone());
                continue;
            }
            let root =
                rules.iter().filter(|other| other.issuer == rule.issuer).find_map(|other| other.ca_cert.as_deref());
            let http = http_client(root, timeout).map_err(Error::internal)?;
            let provider = Provider::new(http, &rule.issuer, Arc::clone(&clock));
            issuers.insert(rule.issuer.clone(), Issuer { provider, rules: vec![rule.clone()] });
        }
        Ok(Self { issuers, clock })
    }

    /// The service account that a token stands for. Its session is always the same, however often the token is shown.
    pub async fn identify(&self, token: &SecretString) -> Result<Identity> {
        let (claimed, signed) = look_at(token.expose_secret()).ok_or_else(|| refused("it is not a signed JWT"))?;
        let Some(issuer) = self.issuers.get(&claimed) else {
            return Err(refused(&format!(
                "its issuer {claimed:?} is not trusted here; an administrator of the broker names issuers in JIMM_TRUSTED_TOKENS_PATH"
            )));
        };
        let claims = id_token::signed_by(&issuer.provider, token.expose_secret()).await?;
        id_token::judge_times(&claims, self.clock.now())?;
        let expires = claims.get("exp").and_then(Value::as_i64).and_then(|exp| DateTime::from_timestamp(exp, 0));
        let expires = expires.filter(|expires| *expires - self.clock.now() <= LONGEST_LIFE);
        // The session of a token that was ended is remembered for a day: as long as the token may be shown.
        let expires =
            expires.ok_or_else(|| refused("it is good for more than a day: ask for one that lives shorter"))?;
        let rule = issuer.rule_for(&claims)?;
        let digest: [u8; 32] = Sha256::digest(signed.as_bytes()).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let session = TokenSession { id: uuid::Builder::from_custom_bytes(id).into_uuid(), is_named: true };
        Ok(Identity {
            name: user_names::service_account(&rule.service_account)?,
            groups: Vec::new(),
            expires,
            session: Some(session),
        })
    }
}

impl Issuer {
    /// The first rule that the claims keep.
    fn rule_for(&self, claims: &Claims) -> Result<&TrustRule> {
        let audience = match claims.get("aud") {
            Some(Value::String(audience)) => Some(audience.as_str()),
            Some(Value::Array(audiences)) if audiences.len() == 1 => audiences[0].as_str(),
            _ => None,
        };
        let mut wanted: Vec<&str> = self.rules.iter().map(|rule| rule.audience.as_str()).collect();
        wanted.dedup();
        let for_us = |rule: &&TrustRule| Some(rule.audience.as_str()) == audience;
        if !self.rules.iter().any(|rule| for_us(&rule)) {
            return Err(refused(&format!(
                "its audience is {}: ask for one with the audience {} and no other",
                claims.get("aud").unwrap_or(&Value::Null),
                wanted.join(" or ")
            )));
        }
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let keeps = |rule: &&TrustRule| {
            rule.claims.iter().all(|(name, text)| claims.get(name).and_then(Value::as_str) == Some(text))
        };
        let rule = self.rules.iter().filter(for_us).filter(|rule| rule.is_about(subject)).find(keeps);
        rule.ok_or_else(|| {
            refused(&format!("no service account is meant for the subject {subject:?} with its other claims"))
        })
    }
}

/// The issuer that a token claims, and what of it is signed.
fn look_at(token: &str) -> Option<(String, &str)> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, _) = token.rsplit_once('.')?;
    let (_, payload) = signed.split_once('.')?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some((claims.get("iss")?.as_str()?.to_owned(), signed))
}

fn refused(why: &str) -> Error {
    Error::new(Kind::Unauthorized, format!("token cannot be exchanged: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_issuer_is_read_before_the_signature() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://ci","sub":"x"}"#);
        let token = format!("e30.{payload}.c2ln");
        assert_eq!(look_at(&token), Some(("https://ci".to_owned(), &*format!("e30.{payload}"))));
        for token in ["", "a", "a.b", "a.b.c", &format!("{payload}.{payload}"), &"a".repeat(LONGEST + 1)] {
            assert_eq!(look_at(token), None, "{token}");
        }
    }
}
