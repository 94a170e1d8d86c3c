//! Sessions of browsers: a session token like every other, which the browser keeps in a sealed cookie.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use jimm_proto::names::UserName;
use jimm_proto::params::jimm_accounts::RevokeSessionsRequest;
use secrecy::{ExposeSecret, SecretString};

use super::Services;
use super::cookies::SESSION;
use super::member::{self, Member};
use crate::authn::{Identity, LoggedIn, Vouching};
use crate::broker::LONGEST_SESSION;
use crate::clock::until;
use crate::error::{Error, Kind, Result};

/// How such a login is called in log and audit.
pub(crate) const METHOD: &str = "session-cookie";

/// Begins a session for somebody who has come back from the identity provider: the cookie to set. With `vouching` the
/// provider is asked again and again whether it still vouches for them.
pub(crate) async fn begin(
    services: &Services,
    told: &LoggedIn,
    vouching: Option<&Vouching>,
    address: SocketAddr,
) -> Result<HeaderValue> {
    let display_name = told.display_name.as_deref().unwrap_or_default();
    member::admit(services, told.identity.name.as_str(), display_name).await?;
    let broker = &services.broker;
    let (session, expires) = broker.begin_session(&told.identity, "browser", address, LONGEST_SESSION).await?;
    if let Some(vouching) = vouching {
        broker.keep_vouching(session, vouching).await?;
    }
    let token = services.authn.session_tokens.mint_for(&told.identity.name, &told.identity.groups, session, expires)?;
    cookie(services, &token)
}

/// Who has sent these headers, and the cookie to set so that the browser keeps it for longer.
pub(crate) async fn resume(
    services: &Services,
    headers: &HeaderMap,
    address: SocketAddr,
) -> Result<(Member, HeaderValue)> {
    let sent = SESSION.find(headers).ok_or_else(no_session)?;
    let token = open(services, &sent)?;
    let identity = services.authn.session_tokens.verify(token.expose_secret())?;
    let renewed = cookie(services, &token)?;
    Ok((member::member(services, identity, address, METHOD).await?, renewed))
}

/// Who a cookie speaks of that came with a websocket's handshake.
pub(crate) fn identity(services: &Services, sent: Option<&SecretString>) -> Result<Identity> {
    let sent = sent.ok_or_else(no_session)?;
    services.authn.session_tokens.verify(open(services, sent)?.expose_secret())
}

/// Ends the session of these headers: whose it was, if there was one.
pub(crate) async fn end(services: &Services, headers: &HeaderMap, address: SocketAddr) -> Result<Option<UserName>> {
    let (member, _) = match resume(services, headers, address).await {
        Ok(resumed) => resumed,
        Err(error) if error.kind() == Kind::Internal => return Err(error),
        Err(_) => return Ok(None),
    };
    let Some(session) = member.requester.pass.session else { return Ok(None) };
    let request = RevokeSessionsRequest { session_id: session.to_string(), ..RevokeSessionsRequest::default() };
    let ended = services.broker.revoke_sessions(&member.requester, &request).await? > 0;
    Ok(ended.then_some(member.requester.name))
}

fn open(services: &Services, sent: &SecretString) -> Result<SecretString> {
    let opened = SESSION.open(&services.broker.cookies, sent).ok_or_else(no_session)?;
    let token = std::str::from_utf8(opened.expose_secret()).map_err(|_| no_session())?;
    Ok(token.to_owned().into())
}

/// The cookie lives as long as a browser may keep it, and never longer than the session.
fn cookie(services: &Services, token: &SecretString) -> Result<HeaderValue> {
    let identity = services.authn.session_tokens.verify(token.expose_secret())?;
    let left: Duration = until(services.broker.clock.now(), identity.expires);
    let life = services.settings.session.cookie_max_age.min(left);
    Ok(SESSION.set(&services.broker.cookies, &services.settings, token.expose_secret().as_bytes(), life))
}

fn no_session() -> Error {
    Error::new(Kind::Unauthorized, "missing cookie identity")
}
