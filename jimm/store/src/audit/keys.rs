//! The keys that sign checkpoints, the private half sealed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// A key pair.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditKey {
    /// Its id in checkpoints.
    pub kid: String,
    /// The public half.
    pub public: Vec<u8>,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
}

/// All keys, the newest first.
pub async fn keys(conn: &mut PgConnection) -> Result<Vec<AuditKey>> {
    Ok(sqlx::query_as!(
        AuditKey,
        "SELECT kid, public, sealed, created_at FROM audit_keys ORDER BY created_at DESC, kid"
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps every other replica from making a key until the transaction ends.
pub async fn lock_keys(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE audit_keys IN SHARE ROW EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}

/// Adds a key.
pub async fn insert_key(conn: &mut PgConnection, key: &AuditKey) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_keys (kid, public, sealed, created_at) VALUES ($1, $2, $3, $4)",
        key.kid,
        key.public,
        key.sealed,
        key.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
