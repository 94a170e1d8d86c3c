//! Sessions that can be ended before they expire: browser sessions, and session tokens.
//!
//! Whatever ends one tells so on [`crate::identities::CHANNEL_CHANGED`], in the same transaction.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::identities::{Identity, changed};

/// A session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id, known to the client.
    pub id: Uuid,
    /// What kind, e.g. `browser`.
    pub kind: String,
    /// Whose it is.
    pub identity: String,
    /// What belongs to it, sealed.
    pub sealed: Option<Vec<u8>>,
    /// Groups at the identity provider, when it began.
    pub groups: Vec<String>,
    /// How the identity was proven, e.g. `device`.
    pub auth_method: String,
    /// Where it was begun from.
    pub client_address: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// How many seconds it may lie unused; 0 for as long as it lives.
    pub idle_seconds: i64,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What a connection that is open, or wants to be, rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The identity's name.
    pub name: String,
    /// The name to show.
    pub display_name: String,
    /// When it last logged in.
    pub last_login: Option<DateTime<Utc>>,
    /// When the broker first heard of it.
    pub known_since: DateTime<Utc>,
    /// Whether the identity is refused.
    pub disabled: bool,
    /// How often all its sessions were ended.
    pub epoch: i64,
    /// Since when the session that was asked about lives; nothing, as all below, when there is none of that id and
    /// identity.
    pub created_at: Option<DateTime<Utc>>,
    /// Until when that lives.
    pub expires_at: Option<DateTime<Utc>>,
    /// When that was last used.
    pub last_seen: Option<DateTime<Utc>>,
    /// How many seconds that may lie unused.
    pub idle_seconds: Option<i64>,
    /// When that was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Whose it is.
    pub fn into_identity(self) -> Identity {
        let Self { name, display_name, disabled, epoch, last_login, known_since, .. } = self;
        Identity { name, display_name, disabled, epoch, last_login, created_at: known_since }
    }
}

/// Begins a session; the identity is made when new. Tells whether there was none of that id.
pub async fn insert(conn: &mut PgConnection, session: &Session) -> Result<bool> {
    crate::identities::ensure(conn, &session.identity).await?;
    let done = sqlx::query!(
        "INSERT INTO sessions (id, kind, identity, sealed, groups, auth_method, client_address, created_at, last_seen,
                               expires_at, idle_seconds)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
        session.id,
        session.kind,
        session.identity,
        session.sealed,
        &session.groups,
        session.auth_method,
        session.client_address,
        session.created_at,
        session.last_seen,
        session.expires_at,
        session.idle_seconds
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The session of that id, also when it has expired or was ended.
pub async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Session>> {
    Ok(sqlx::query_as!(
        Session,
        "SELECT id, kind, identity, sealed, groups, auth_method, client_address, created_at, last_seen, expires_at,
                idle_seconds, revoked_at
         FROM sessions WHERE id = $1",
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// How an identity stands, and that session of it; nothing when the identity is unknown.
pub async fn standing(conn: &mut PgConnection, identity: &str, id: Option<Uuid>) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"SELECT i.name, i.display_name, i.last_login, i.created_at AS known_since, i.disabled, i.epoch,
                  s.created_at AS "created_at?", s.expires_at AS "expires_at?", s.last_seen AS "last_seen?",
                  s.idle_seconds AS "idle_seconds?", s.revoked_at AS "revoked_at?"
           FROM identities i LEFT JOIN sessions s ON s.id = $2 AND s.identity = i.name
           WHERE i.name = $1"#,
        identity,
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// Sessions that live, of one identity or of all, by identity and age.
pub async fn live(
    conn: &mut PgConnection,
    identity: Option<&str>,
    at: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Session>> {
    Ok(sqlx::query_as!(
        Session,
        "SELECT id, kind, identity, sealed, groups, auth_method, client_address, created_at, last_seen, expires_at,
                idle_seconds, revoked_at
         FROM sessions
         WHERE ($1::text IS NULL OR identity = $1) AND revoked_at IS NULL AND expires_at > $2
           AND (idle_seconds = 0 OR last_seen + make_interval(secs => idle_seconds) > $2)
         ORDER BY identity, created_at, id LIMIT $3",
        identity,
        at,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// The groups of an identity by that of its living sessions that began last.
pub async fn groups_of(conn: &mut PgConnection, identity: &str, at: DateTime<Utc>) -> Result<Vec<String>> {
    let groups = sqlx::query_scalar!(
        "SELECT groups FROM sessions
         WHERE identity = $1 AND revoked_at IS NULL AND expires_at > $2
           AND (idle_seconds = 0 OR last_seen + make_interval(secs => idle_seconds) > $2)
         ORDER BY created_at DESC, id LIMIT 1",
        identity,
        at
    )
    .fetch_optional(conn)
    .await?;
    Ok(groups.unwrap_or_default())
}

/// A session whose identity the provider is to be asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub identity: String,
    /// What the provider is asked with, sealed.
    pub sealed: Option<Vec<u8>>,
}

/// Keeps what the provider is to be asked with about the session, and when; `false` when it was ended.
pub async fn set_refresh(
    conn: &mut PgConnection,
    id: Uuid,
    sealed: Option<&[u8]>,
    refresh_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE sessions SET sealed = $2, refresh_at = $3 WHERE id = $1 AND revoked_at IS NULL",
        id,
        sealed,
        refresh_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts the next question about the session off until then.
pub async fn put_refresh_off(conn: &mut PgConnection, id: Uuid, refresh_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE sessions SET refresh_at = $2 WHERE id = $1 AND refresh_at IS NOT NULL", id, refresh_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Living sessions that the provider is to be asked about by now, the longest overdue first.
pub async fn due(conn: &mut PgConnection, at: DateTime<Utc>, limit: i64) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        "SELECT id, identity, sealed FROM sessions
         WHERE refresh_at <= $1 AND revoked_at IS NULL AND expires_at > $1 ORDER BY refresh_at, id LIMIT $2",
        at,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Notes that the session is used and may go on until then; `false` when it was ended or has expired.
pub async fn touch(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE sessions SET last_seen = greatest(last_seen, $2), expires_at = greatest(expires_at, $3)
         WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        id,
        at,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Lets the session live until then at the longest.
pub async fn shorten(conn: &mut PgConnection, id: Uuid, expires_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE sessions SET expires_at = $2 WHERE id = $1 AND expires_at > $2", id, expires_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the session; tells whether it was not ended yet. Call it in a transaction.
pub async fn revoke(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<bool> {
    let identity = sqlx::query_scalar!(
        "UPDATE sessions SET revoked_at = $2, sealed = NULL, refresh_at = NULL
         WHERE id = $1 AND revoked_at IS NULL RETURNING identity",
        id,
        at
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(identity) = &identity {
        changed(conn, identity).await?;
    }
    Ok(identity.is_some())
}

/// Ends all sessions of the identity, and what it has open without one; returns how many sessions lived. Call it in a
/// transaction.
pub async fn revoke_all(conn: &mut PgConnection, identity: &str, at: DateTime<Utc>) -> Result<u64> {
    let lived = sqlx::query_scalar!(
        r#"WITH ended AS (
               UPDATE sessions SET revoked_at = $2, sealed = NULL, refresh_at = NULL
               WHERE identity = $1 AND revoked_at IS NULL RETURNING expires_at
           )
           SELECT count(*) FILTER (WHERE expires_at > $2) AS "lived!" FROM ended"#,
        identity,
        at
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("UPDATE identities SET epoch = epoch + 1 WHERE name = $1", identity).execute(&mut *conn).await?;
    changed(conn, identity).await?;
    Ok(u64::try_from(lived).unwrap_or_default())
}

/// Ends the sessions of everybody, and what they have open without one; returns how many sessions lived. Call it in a
/// transaction.
pub async fn revoke_everybody(conn: &mut PgConnection, at: DateTime<Utc>) -> Result<u64> {
    let lived = sqlx::query_scalar!(
        r#"WITH ended AS (
               UPDATE sessions SET revoked_at = $1, sealed = NULL, refresh_at = NULL
               WHERE revoked_at IS NULL RETURNING expires_at
           )
           SELECT count(*) FILTER (WHERE expires_at > $1) AS "lived!" FROM ended"#,
        at
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("UPDATE identities SET epoch = epoch + 1").execute(&mut *conn).await?;
    changed(conn, "").await?;
    Ok(u64::try_from(lived).unwrap_or_default())
}

/// Forgets the sessions that expired before then; returns how many.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM sessions WHERE expires_at < $1", before).execute(conn).await?;
    Ok(done.rows_affected())
}
