//! Logins and their end: sessions behind tokens, how long they last, and who is cut off before that.
//!
//! Whatever ends a login is a row that says so, and an event to every replica; it never waits for a clock but its own.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jimm_proto::params::jimm_accounts::{RevokeSessionsRequest, SessionInfo};
use jimm_proto::time::GoTime;
use jimm_store::identities;
use jimm_store::sessions::{self, Session, Standing};
use uuid::Uuid;

use super::users::parse_user_tag;
use crate::authn::Identity;
use crate::broker::{Broker, Requester};
use crate::clock::{delta, until};
use crate::config::Lifetime;
use crate::error::{Error, Kind, Result};

/// The kind of a session behind a token.
const TOKEN: &str = "token";
/// How often at most the use of a session is written down.
const WRITTEN: Duration = Duration::from_secs(60);
/// How often to look at the session of an open connection when nothing is heard of it.
const LOOK: Duration = Duration::from_secs(120);
/// No login lasts longer, whatever the settings say.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
/// How many sessions one answer lists at most.
const LISTED: i64 = 10_000;

/// What a login rests on; it ends when that does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass {
    /// The session of its token; nothing when the client proved itself in another way.
    pub session: Option<Uuid>,
    /// How often all sessions of the identity had been ended.
    pub epoch: i64,
    /// How many events there had been before it was looked at.
    pub told: u64,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it ends by itself.
    pub ends: Option<DateTime<Utc>>,
    /// How long its session may lie unused; zero for as long as it lives.
    pub idle: Duration,
}

/// When a session ends, and how long it may lie unused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lease {
    ends: Option<DateTime<Utc>>,
    /// Zero for as long as it lives.
    pub idle: Duration,
}

/// What a look at an open connection's session says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Look {
    /// The connection has to end, for this reason.
    End(String),
    /// It may stay; look again after this time.
    Again(Duration),
}

// === logging in ===

impl Broker {
    /// Begins a session for somebody who has just proven who they are: its id, and when it ends. Without a rule it lasts
    /// no longer than `longest`. A proof that stands for one session leads to that one again, if it still lives.
    pub async fn begin_session(
        &self,
        identity: &Identity,
        auth_method: &str,
        client: SocketAddr,
        longest: Duration,
    ) -> Result<(Uuid, DateTime<Utc>)> {
        let rules = self.session_rules().await?;
        let lifetime = self.lifetime(&rules, &identity.name, &identity.groups).await?;
        let usual = Lifetime { absolute: rules.usual.absolute.min(longest), ..rules.usual };
        let lifetime = lifetime.unwrap_or(usual);
        let now = self.clock.now();
        let session = Session {
            id: identity.session.map_or_else(Uuid::new_v4, |session| session.id),
            kind: TOKEN.to_owned(),
            identity: identity.name.to_string(),
            sealed: None,
            groups: identity.groups.clone(),
            auth_method: auth_method.to_owned(),
            client_address: client.to_string(),
            created_at: now,
            last_seen: now,
            expires_at: now + delta(lifetime.absolute.min(LONGEST)),
            idle_seconds: seconds(lifetime.idle),
            revoked_at: None,
        };
        let mut tx = self.store.begin().await?;
        let is_new = sessions::insert(&mut tx, &session).await?;
        tx.commit().await?;
        if is_new {
            return Ok((session.id, session.expires_at));
        }
        let mut conn = self.store.acquire().await?;
        let standing = sessions::standing(&mut conn, identity.name.as_str(), Some(session.id)).await?;
        let standing = standing.ok_or_else(ended)?;
        let standing = self.limited(standing, session.id, &identity.name, &identity.groups).await?;
        judge(identity.name.as_str(), &standing, now)?;
        Ok((session.id, standing.expires_at.ok_or_else(ended)?))
    }

    /// Whether the session of a token that was shown still lives. One of JIMM's begins now, unless sessions of its user
    /// were ended before: nobody knows whether it was meant. Tells when it ends, how long it may lie unused, and whose it
    /// is, where that was told too.
    pub async fn check_session(
        &self,
        identity: &Identity,
        client: SocketAddr,
    ) -> Result<(Lease, Option<identities::Identity>)> {
        let Some(token) = identity.session else { return Ok((Lease::default(), None)) };
        let now = self.clock.now();
        let name = identity.name.as_str();
        let mut conn = self.store.reader().await?;
        let standing = sessions::standing(&mut conn, name, Some(token.id)).await?;
        conn.done();
        let standing = match standing {
            Some(standing) => Some(self.limited(standing, token.id, &identity.name, &identity.groups).await?),
            None => None,
        };
        if let Some(standing) = &standing
            && let Some(expires) = standing.expires_at
        {
            judge(name, standing, now)?;
            if is_due(standing, now) {
                sessions::touch(&mut *self.store.acquire().await?, token.id, now, now).await?;
            }
            let lease = Lease { ends: Some(expires.min(identity.expires)), idle: idle_of(standing) };
            return Ok((lease, Some(standing.clone().into_identity())));
        }
        if token.is_named || standing.is_some_and(|standing| standing.epoch > 0) {
            return Err(ended());
        }
        let rules = self.session_rules().await?;
        let idle = self.lifetime(&rules, &identity.name, &identity.groups).await?.unwrap_or(rules.usual).idle;
        let session = Session {
            id: token.id,
            kind: TOKEN.to_owned(),
            identity: name.to_owned(),
            sealed: None,
            groups: identity.groups.clone(),
            auth_method: "jimm".to_owned(),
            client_address: client.to_string(),
            created_at: now,
            last_seen: now,
            expires_at: identity.expires,
            idle_seconds: seconds(idle),
            revoked_at: None,
        };
        let mut tx = self.store.begin().await?;
        sessions::insert(&mut tx, &session).await?;
        tx.commit().await?;
        Ok((Lease { ends: Some(identity.expires), idle }, None))
    }

    /// What a login rests on that was let in. Without a token only a rule ends it.
    pub async fn pass(&self, identity: &Identity, epoch: i64, told: u64, lease: Lease) -> Result<Pass> {
        let ends = if identity.session.is_some() {
            lease.ends
        } else {
            let rules = self.session_rules().await?;
            let lifetime = self.lifetime(&rules, &identity.name, &identity.groups).await?;
            lifetime.map(|lifetime| self.clock.now() + delta(lifetime.absolute.min(LONGEST)))
        };
        let began = self.clock.now();
        Ok(Pass { session: identity.session.map(|session| session.id), epoch, told, began, ends, idle: lease.idle })
    }

    /// Whether an open connection of this requester has to end, and if not, when to look again at the latest. That it is
    /// open is a use of its session.
    pub async fn look(&self, who: &Requester) -> Result<Look> {
        let now = self.clock.now();
        let name = who.name.as_str();
        let mut conn = self.store.acquire().await?;
        let standing = sessions::standing(&mut conn, name, who.pass.session).await?;
        drop(conn);
        let Some(standing) = standing else { return Ok(Look::End(ended().message().to_owned())) };
        if !standing.disabled && standing.epoch != who.pass.epoch {
            return Ok(Look::End(ended().message().to_owned()));
        }
        if who.pass.ends.is_some_and(|ends| ends <= now) {
            return Ok(Look::End("session has expired: log in again".to_owned()));
        }
        let Some(session) = who.pass.session else { return self.look_without_session(who, &standing, now).await };
        let standing = self.limited(standing, session, &who.name, &who.groups).await?;
        // That of an open connection does not lie unused.
        let used = Standing { last_seen: Some(now), ..standing.clone() };
        if let Err(error) = judge(name, &used, now) {
            return Ok(Look::End(error.message().to_owned()));
        }
        if is_due(&standing, now) {
            sessions::touch(&mut *self.store.acquire().await?, session, now, now).await?;
        }
        // Looking is using: an idle time must not run out meanwhile.
        let idle = idle_of(&standing);
        let pause = if idle.is_zero() { LOOK } else { LOOK.min(idle / 3) };
        Ok(Look::Again(standing.expires_at.map_or(pause, |ends| until(now, ends).min(pause))))
    }

    /// The same for a login that has no session: a service account's with its secret.
    async fn look_without_session(&self, who: &Requester, standing: &Standing, now: DateTime<Utc>) -> Result<Look> {
        if standing.disabled {
            return Ok(Look::End(disabled(who.name.as_str()).message().to_owned()));
        }
        let rules = self.session_rules().await?;
        let lifetime = self.lifetime(&rules, &who.name, &who.groups).await?;
        let Some(lifetime) = lifetime else { return Ok(Look::Again(LOOK)) };
        let ends = who.pass.began + delta(lifetime.absolute.min(LONGEST));
        if ends <= now {
            return Ok(Look::End("session has expired: log in again".to_owned()));
        }
        Ok(Look::Again(until(now, ends).min(LOOK)))
    }
}

// === what users and administrators do ===

impl Broker {
    /// The sessions that live: one's own, or for administrators anybody's.
    pub async fn list_sessions(&self, who: &Requester, user_tag: &str, all: bool) -> Result<Vec<SessionInfo>> {
        let user = self.user_meant(who, user_tag, all).await?;
        let rows = sessions::live(&mut *self.store.acquire().await?, user.as_deref(), self.clock.now(), LISTED).await?;
        Ok(rows.into_iter().map(|row| shown(row, who.pass.session)).collect())
    }

    /// Ends sessions, and with them every open connection: one's own, or for administrators anybody's. Tells how many
    /// lived.
    pub async fn revoke_sessions(&self, who: &Requester, request: &RevokeSessionsRequest) -> Result<u64> {
        if !request.session_id.is_empty() {
            return self.revoke_session(who, &request.session_id).await;
        }
        if request.user_tag.is_empty() && !request.all {
            return Err(Error::bad_request("name a user, a session or all"));
        }
        let user = self.user_meant(who, &request.user_tag, request.all).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let count = match &user {
            Some(user) if identities::get(&mut tx, user).await?.is_none() => return Err(unknown(user)),
            Some(user) => sessions::revoke_all(&mut tx, user, now).await?,
            None => sessions::revoke_everybody(&mut tx, now).await?,
        };
        tx.commit().await?;
        tracing::info!(user = user.as_deref().unwrap_or("everybody"), count, requester = %who.name, "sessions ended");
        Ok(count)
    }

    async fn revoke_session(&self, who: &Requester, id: &str) -> Result<u64> {
        let none = || Error::not_found(format!("session {id} not found"));
        let uuid: Uuid = id.parse().map_err(|_| Error::bad_request(format!("{id:?} is not the id of a session")))?;
        let is_admin = self.is_admin(who).await?;
        let mut tx = self.store.begin().await?;
        let session = sessions::get(&mut tx, uuid).await?.ok_or_else(none)?;
        if session.identity != who.name.as_str() && !is_admin {
            return Err(none());
        }
        let was_live = sessions::revoke(&mut tx, uuid, self.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(user = session.identity, session = %uuid, requester = %who.name, "session ended");
        Ok(u64::from(was_live))
    }

    /// Refuses a user from now on, everywhere, or admits one again. For administrators, and not for oneself.
    pub async fn set_user_enabled(&self, who: &Requester, tag: &str, enabled: bool) -> Result<()> {
        self.require_admin(who).await?;
        let user = parse_user_tag(tag)?.to_string();
        if user == who.name.as_str() && !enabled {
            return Err(Error::bad_request("you cannot disable yourself: ask another administrator"));
        }
        let mut tx = self.store.begin().await?;
        if !identities::set_disabled(&mut tx, &user, !enabled).await? {
            return Err(unknown(&user));
        }
        if !enabled {
            sessions::revoke_all(&mut tx, &user, self.clock.now()).await?;
        }
        tx.commit().await?;
        tracing::info!(user, enabled, requester = %who.name, "user disabled or enabled");
        Ok(())
    }

    /// Forgets sessions that have ended by themselves.
    pub async fn forget_sessions(&self) -> Result<()> {
        let before = self.clock.now() - chrono::TimeDelta::days(1);
        let count = sessions::purge(&mut *self.store.acquire().await?, before).await?;
        if count > 0 {
            tracing::debug!(count, "sessions forgotten that had expired");
        }
        Ok(())
    }

    /// Whose sessions a request is about; nothing for everybody's.
    async fn user_meant(&self, who: &Requester, tag: &str, all: bool) -> Result<Option<String>> {
        if all {
            if !tag.is_empty() {
                return Err(Error::bad_request("name a user or ask for all, not both"));
            }
            self.require_admin(who).await?;
            return Ok(None);
        }
        if tag.is_empty() {
            return Ok(Some(who.name.to_string()));
        }
        let user = parse_user_tag(tag)?.to_string();
        self.require_self_or_admin(who, &user).await?;
        Ok(Some(user))
    }
}

/// What speaks against a session.
fn judge(name: &str, standing: &Standing, now: DateTime<Utc>) -> Result<()> {
    if standing.disabled {
        return Err(disabled(name));
    }
    if standing.revoked_at.is_some() || standing.expires_at.is_none() {
        return Err(ended());
    }
    if standing.expires_at.is_some_and(|expires| expires <= now) {
        return Err(Error::new(Kind::SessionTokenInvalid, "JIMM session token expired"));
    }
    let idle = idle_of(standing);
    if !idle.is_zero() && standing.last_seen.is_some_and(|seen| now - seen >= delta(idle)) {
        return Err(Error::new(Kind::SessionTokenInvalid, "session was not used for too long: log in again"));
    }
    Ok(())
}

pub(in crate::broker) fn idle_of(standing: &Standing) -> Duration {
    Duration::from_secs(standing.idle_seconds.and_then(|idle| u64::try_from(idle).ok()).unwrap_or_default())
}

/// Whether the use has to be written down: seldom, but often enough for a short idle time.
fn is_due(standing: &Standing, now: DateTime<Utc>) -> bool {
    let idle = idle_of(standing);
    let pause = if idle.is_zero() { WRITTEN } else { WRITTEN.min(idle / 4) };
    standing.last_seen.is_some_and(|seen| now - seen >= delta(pause))
}

/// What somebody is told whom the broker refuses.
pub(crate) fn disabled(name: &str) -> Error {
    Error::new(Kind::Unauthorized, format!("user {name} is disabled: ask an administrator"))
}

fn ended() -> Error {
    Error::new(Kind::SessionTokenInvalid, "session was ended: log in again")
}

fn unknown(user: &str) -> Error {
    Error::not_found(format!("user \"{user}\" not found"))
}

pub(in crate::broker) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn shown(row: Session, current: Option<Uuid>) -> SessionInfo {
    SessionInfo {
        current: current == Some(row.id),
        id: row.id.to_string(),
        user_tag: format!("user-{}", row.identity),
        created: GoTime(row.created_at),
        last_used: GoTime(row.last_seen),
        expires: GoTime(row.expires_at),
        idle_timeout: row.idle_seconds,
        auth_method: row.auth_method,
        client_address: row.client_address,
    }
}
