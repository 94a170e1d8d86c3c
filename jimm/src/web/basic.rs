//! `Authorization: Basic` of clients: a session token with an empty user name, client credentials, or the tag of a user with
//! what is their password (`session::login`).

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::broker::Requester;
use crate::error::{Error, Kind, Result};
use crate::session::{Peer, Services, browser, login, member};
use crate::user_names;

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
    let password = SecretString::from(password);
    let (identity, method) = match user.strip_prefix("user-") {
        Some(name) if user_names::is_person(name) => {
            (login::by_password(services, name, &password).await, "session-token")
        }
        Some(name) => {
            // An account may be called so, too.
            let tagged = login::by_password(services, name, &password).await;
            let either = match tagged {
                Err(error) if error.kind() != Kind::Internal => authn.oidc.client_credentials(&user, &password).await,
                known => known,
            };
            (either, "client-credentials")
        }
        None if user.is_empty() => (authn.session_tokens.verify(password.expose_secret()), "session-token"),
        None => (authn.oidc.client_credentials(&user, &password).await, "client-credentials"),
    };
    let member = member::member(services, identity.map_err(failed)?, address, method).await;
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
    let who = member::member(services, identity, address, "session-token").await.map_err(failed)?.requester;
    services.broker.require_admin(&who).await?;
    Ok(who)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Who opens a stream with these headers: browsers have a cookie and cannot send anything else.
pub(super) async fn of_stream(services: &Services, headers: &HeaderMap, peer: &Peer) -> Result<Requester> {
    if peer.cookie.is_none() || headers.contains_key(header::AUTHORIZATION) {
        return requester(services, headers, peer.address).await;
    }
    let identity = browser::identity(services, peer.cookie.as_ref())?;
    Ok(member::member(services, identity, peer.address, browser::METHOD).await?.requester)
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
