//! How long logins last, as administrators have decided. What the words of a subject mean is not known here.
//!
//! Whatever changes one tells so on [`crate::identities::CHANNEL_CHANGED`], to everybody, in the same transaction.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;
use crate::identities::changed;

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whose logins it is about.
    pub subject: String,
    /// How many seconds they last.
    pub absolute_seconds: i64,
    /// How many seconds they may lie unused; 0 for as long as they live.
    pub idle_seconds: i64,
    /// Who decided so.
    pub updated_by: String,
    /// When.
    pub updated_at: DateTime<Utc>,
}

/// All of them, by subject.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Policy>> {
    Ok(sqlx::query_as!(
        Policy,
        "SELECT subject, absolute_seconds, idle_seconds, updated_by, updated_at FROM session_policies ORDER BY subject"
    )
    .fetch_all(conn)
    .await?)
}

/// Writes one, in the place of what there was for that subject. Call it in a transaction.
pub async fn set(conn: &mut PgConnection, policy: &Policy) -> Result<()> {
    sqlx::query!(
        "INSERT INTO session_policies (subject, absolute_seconds, idle_seconds, updated_by, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (subject) DO UPDATE SET
             absolute_seconds = excluded.absolute_seconds,
             idle_seconds = excluded.idle_seconds,
             updated_by = excluded.updated_by,
             updated_at = excluded.updated_at",
        policy.subject,
        policy.absolute_seconds,
        policy.idle_seconds,
        policy.updated_by,
        policy.updated_at
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, "").await
}

/// Removes that of a subject; tells whether there was one. Call it in a transaction.
pub async fn remove(conn: &mut PgConnection, subject: &str) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM session_policies WHERE subject = $1", subject).execute(&mut *conn).await?;
    changed(conn, "").await?;
    Ok(done.rows_affected() > 0)
}
