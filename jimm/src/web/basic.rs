//! `Authorization: Basic` of clients: a session token with an empty user name, or client credentials.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use secrecy::SecretString;

use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::session::{Services, login};

/// Who sends these headers.
pub(super) async fn requester(services: &Services, headers: &HeaderMap, address: SocketAddr) -> Result<Requester> {
    let (user, password) = credentials(headers).ok_or_else(|| {
        Error::new(Kind::Unauthorized, "authentication missing: send the session token by basic auth")
    })?;
    let authn = &services.authn;
    let failed = |error: Error| match error.kind() {
        Kind::Internal => error,
        Kind::SessionTokenInvalid => {
            Error::new(Kind::Unauthorized, format!("authentication failed: {}", error.message())).with_source(error)
        }
        _ => Error::new(Kind::Unauthorized, "authentication failed: invalid session token or client credentials")
            .with_source(error),
    };
    let (identity, method) = if user.is_empty() {
        (authn.session_tokens.verify(&password), "session-token")
    } else {
        (authn.oidc.client_credentials(&user, &SecretString::from(password)).await, "client-credentials")
    };
    let member = login::member(services, identity.map_err(failed)?, address, method).await;
    let member = member.map_err(|error| if error.kind() == Kind::SessionTokenInvalid { failed(error) } else { error });
    Ok(member?.requester)
}

/// The same for the source of a model that comes in, which has a session token: as a password, whoever it says to be, or
/// as a bearer's.
pub(super) async fn migrating(services: &Services, headers: &HeaderMap, address: SocketAddr) -> Result<Requester> {
    let token = match credentials(headers) {
        Some((_, password)) => Some(password),
        None => bearer(headers),
    };
    let token = token.ok_or_else(|| {
        Error::new(Kind::Unauthorized, "authentication missing: send the token of the prepared migration")
    })?;
    let failed = |error: Error| match error.kind() {
        Kind::SessionTokenInvalid => {
            Error::new(Kind::Unauthorized, format!("authentication failed: {}", error.message())).with_source(error)
        }
        _ => error,
    };
    let identity = services.authn.session_tokens.verify(&token).map_err(failed)?;
    let who = login::member(services, identity, address, "session-token").await.map_err(failed)?.requester;
    services.broker.require_admin(&who).await?;
    Ok(who)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<(String, String)> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        credentials(&headers)
    }

    #[test]
    fn both_forms_are_read_and_others_are_not() {
        let token = format!("Basic {}", STANDARD.encode(":a-token=="));
        assert_eq!(read(&token), Some((String::new(), "a-token==".into())));
        let pair = format!("basic {}", STANDARD.encode("id:a:b"));
        assert_eq!(read(&pair), Some(("id".into(), "a:b".into())));
        assert_eq!(read("Bearer abc"), None);
        assert_eq!(read("Basic ???"), None);
    }
}
