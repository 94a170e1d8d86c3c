//! Id tokens: issuer, audience, times and signature first, then the identity.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::super::Identity;
use super::super::session_tokens::MAX_GROUPS;
use super::error::OidcError;
use super::provider::Provider;
use crate::config::OauthSettings;
use crate::error::{Error, Kind, Result};
use crate::user_names;

/// What the provider's clock may differ from ours, in seconds.
const LEEWAY: i64 = 60;

/// Signatures by a private key. HMAC is left out on purpose: a client secret must not be able to sign identities.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

pub(super) type Claims = Map<String, Value>;

/// Somebody the identity provider vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedIn {
    /// Name and groups.
    pub identity: Identity,
    /// Whether the provider told groups at all.
    pub groups_told: bool,
    /// What the provider calls the person for ever.
    pub subject: String,
    /// What the provider calls the person, if it says.
    pub display_name: Option<String>,
}

pub(super) async fn verify(
    provider: &Provider,
    settings: &OauthSettings,
    now: DateTime<Utc>,
    id_token: &SecretString,
    nonce: Option<&str>,
) -> Result<Claims> {
    let claims = signed_by(provider, id_token.expose_secret()).await?;
    judge_audience(&claims, &settings.client_id)?;
    judge_times(&claims, now)?;
    judge_nonce(&claims, nonce)?;
    Ok(claims)
}

/// The claims of a token that this provider has signed, as its issuer. Audience and times are for the caller to judge.
pub(super) async fn signed_by(provider: &Provider, token: &str) -> Result<Claims> {
    let wrong = |what: &str| OidcError::IdToken(what.to_owned());
    let header = jsonwebtoken::decode_header(token).map_err(|_| wrong("it is not a signed JWT we know"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(wrong("its signature algorithm is not accepted").into());
    }
    let issuer = provider.metadata().await?.issuer.clone();
    let keys = provider.keys_for(header.kid.as_deref()).await?;
    let candidates = keys.candidates(header.kid.as_deref());
    let validation = validation(header.alg, &issuer);
    let claims = candidates
        .into_iter()
        .filter(|jwk| may_sign(jwk, header.alg))
        .find_map(|jwk| {
            let key = DecodingKey::from_jwk(jwk).ok()?;
            jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()
        })
        .ok_or_else(|| wrong("signature or issuer is not the expected one"))?
        .claims;
    Ok(claims)
}

fn validation(algorithm: Algorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[issuer]);
    // Below, by our clock.
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation
}

fn may_sign(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let same = jwk.common.key_algorithm.is_none_or(|alg| Algorithm::try_from(alg).is_ok_and(|alg| alg == algorithm));
    for_signatures && same
}

/// The token is for us, and was issued to us.
fn judge_audience(claims: &Claims, client_id: &str) -> Result<(), OidcError> {
    let wrong = |what: &str| Err(OidcError::IdToken(what.to_owned()));
    let is_for_us = match claims.get("aud") {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience.as_str() == Some(client_id)),
        _ => false,
    };
    if !is_for_us {
        return wrong(
            "its audience is another client: the administrator of the broker has to look at JIMM_OAUTH_CLIENT_ID",
        );
    }
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|audience| audience.len() > 1);
    match claims.get("azp").and_then(Value::as_str) {
        Some(party) if party != client_id => wrong("it was issued to somebody else"),
        None if several => wrong("it has several audiences and does not say to whom it was issued"),
        _ => Ok(()),
    }
}

/// The token is good now, give or take [`LEEWAY`].
pub(super) fn judge_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), OidcError> {
    let wrong = |what: &str| Err(OidcError::IdToken(what.to_owned()));
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age of the world are exact in a double")]
    let (earliest, latest) = ((now.timestamp() - LEEWAY) as f64, (now.timestamp() + LEEWAY) as f64);
    if time("exp").is_none_or(|exp| exp <= earliest) {
        return wrong("it has expired: get a new one, and look at the clocks if it was new");
    }
    if ["nbf", "iat"].iter().any(|name| time(name).is_some_and(|at| at > latest)) {
        return wrong("it is from the future: look at the clocks of the broker and of the identity provider");
    }
    Ok(())
}

fn judge_nonce(claims: &Claims, nonce: Option<&str>) -> Result<(), OidcError> {
    match nonce {
        Some(nonce) if claims.get("nonce").and_then(Value::as_str) != Some(nonce) => {
            Err(OidcError::IdToken("its nonce is another one".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The identity in verified claims.
pub(super) fn logged_in(claims: &Claims, settings: &OauthSettings) -> Result<LoggedIn> {
    let claim = settings.identity_claim.as_str();
    let Some(value) = claims.get(claim).and_then(Value::as_str) else {
        let text = format!("id token has no claim {claim:?}: ask the administrator of the identity provider for it");
        return Err(Error::new(Kind::Unauthorized, text));
    };
    if claim == "email" && settings.require_verified_email && is_unverified(claims.get("email_verified")) {
        let text =
            format!("e-mail address {value:?} is not verified: verify it at the identity provider, then log in again");
        return Err(Error::new(Kind::Unauthorized, text));
    }
    let name = user_names::from_claim(value)?;
    let groups = groups(claims, settings)?;
    let expires = claims.get("exp").and_then(Value::as_i64).and_then(|exp| DateTime::from_timestamp(exp, 0));
    let display_name = claims.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let identity = Identity { name, groups, expires: expires.unwrap_or_default(), session: None };
    let groups_told = settings.groups_claim.as_ref().is_some_and(|claim| claims.contains_key(claim));
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(LoggedIn { identity, groups_told, subject, display_name })
}

/// Some providers write the boolean as text.
fn is_unverified(claim: Option<&Value>) -> bool {
    match claim {
        Some(Value::Bool(verified)) => !verified,
        Some(Value::String(verified)) => verified != "true",
        _ => false,
    }
}

/// A list of texts, or one text with separators.
fn groups(claims: &Claims, settings: &OauthSettings) -> Result<Vec<String>> {
    let claim = settings.groups_claim.as_ref().and_then(|name| claims.get(name));
    let groups: Vec<String> = match claim {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => {
            text.split([' ', ',', ';']).filter(|group| !group.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    if groups.len() > MAX_GROUPS {
        let count = groups.len();
        let text =
            format!("authorization denied: IDP group claim contains {count} groups, maximum supported is {MAX_GROUPS}");
        return Err(Error::new(Kind::Unauthorized, text));
    }
    Ok(groups)
}
