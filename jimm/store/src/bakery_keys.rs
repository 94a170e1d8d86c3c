//! The key pair that third-party caveats are sealed to, the private half sealed: one for all replicas.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// The only row's key.
pub const ID: &str = "discharger";

/// A key pair.
#[derive(Clone, Debug, PartialEq)]
pub struct BakeryKey {
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// The public half, in base64.
    pub public_key: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The pair, once there is one.
pub async fn get(conn: &mut PgConnection) -> Result<Option<BakeryKey>> {
    Ok(sqlx::query_as!(BakeryKey, "SELECT sealed, public_key, created_at FROM bakery_keys WHERE id = $1", ID)
        .fetch_optional(conn)
        .await?)
}

/// Keeps the pair, unless there is one; tells whether it did.
pub async fn insert(conn: &mut PgConnection, key: &BakeryKey) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO bakery_keys (id, sealed, public_key, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        ID,
        key.sealed,
        key.public_key,
        key.created_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
