//! Signing keys of the tokens for controllers, the private half sealed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// A key pair.
#[derive(Clone, Debug, PartialEq)]
pub struct SigningKey {
    /// Its id in token headers and in the published set.
    pub kid: String,
    /// The signature algorithm, as JOSE names it.
    pub algorithm: String,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// The public half, as it is published.
    pub public_jwk: Value,
    /// Published since.
    pub created_at: DateTime<Utc>,
    /// Signs from then on.
    pub active_from: DateTime<Utc>,
    /// Published until then; `None` while no other key replaces it.
    pub retires_at: Option<DateTime<Utc>>,
}

/// Adds a key.
pub async fn insert(conn: &mut PgConnection, key: &SigningKey) -> Result<()> {
    sqlx::query!(
        "INSERT INTO signing_keys (kid, algorithm, sealed, public_jwk, created_at, active_from, retires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key.kid,
        key.algorithm,
        key.sealed,
        key.public_jwk,
        key.created_at,
        key.active_from,
        key.retires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The keys to publish, the one to become active last first.
pub async fn published(conn: &mut PgConnection, at: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    Ok(sqlx::query_as!(
        SigningKey,
        "SELECT kid, algorithm, sealed, public_jwk, created_at, active_from, retires_at FROM signing_keys
         WHERE retires_at IS NULL OR retires_at > $1 ORDER BY active_from DESC, kid",
        at
    )
    .fetch_all(conn)
    .await?)
}

/// Says until when to publish a key, unless that is settled; tells whether it was not.
pub async fn retire(conn: &mut PgConnection, kid: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!("UPDATE signing_keys SET retires_at = $2 WHERE kid = $1 AND retires_at IS NULL", kid, at)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets the keys that retired before then; returns how many.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM signing_keys WHERE retires_at < $1", before).execute(conn).await?;
    Ok(done.rows_affected())
}

/// Keeps every other replica from doing the same until the transaction ends, e.g. making the very first key.
pub async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}
