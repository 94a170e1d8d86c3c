//! Sessions that can be ended before they expire: browser sessions, and session tokens.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

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
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Begins a session; the identity is made when new.
pub async fn insert(conn: &mut PgConnection, session: &Session) -> Result<()> {
    crate::identities::ensure(conn, &session.identity).await?;
    sqlx::query!(
        "INSERT INTO sessions (id, kind, identity, sealed, created_at, last_seen, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        session.id,
        session.kind,
        session.identity,
        session.sealed,
        session.created_at,
        session.last_seen,
        session.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session of that id, also when it has expired or was ended.
pub async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Session>> {
    Ok(sqlx::query_as!(
        Session,
        "SELECT id, kind, identity, sealed, created_at, last_seen, expires_at, revoked_at FROM sessions WHERE id = $1",
        id
    )
    .fetch_optional(conn)
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

/// Ends the session; tells whether it was not ended yet.
pub async fn revoke(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", id, at)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of the identity; returns how many.
pub async fn revoke_all(conn: &mut PgConnection, identity: &str, at: DateTime<Utc>) -> Result<u64> {
    let done =
        sqlx::query!("UPDATE sessions SET revoked_at = $2 WHERE identity = $1 AND revoked_at IS NULL", identity, at)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

/// Forgets the sessions that expired before then; returns how many.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM sessions WHERE expires_at < $1", before).execute(conn).await?;
    Ok(done.rows_affected())
}
