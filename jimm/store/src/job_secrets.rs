//! What jobs need that is secret, sealed by the caller. A row lives as long as its job.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Keeps a secret, in place of the one that is there.
pub async fn put(conn: &mut PgConnection, id: Uuid, sealed: &[u8]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO job_secrets (id, sealed) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed",
        id,
        sealed
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The secret.
pub async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("SELECT sealed FROM job_secrets WHERE id = $1", id).fetch_optional(conn).await?)
}

/// Forgets the secret and returns what it was.
pub async fn take(conn: &mut PgConnection, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("DELETE FROM job_secrets WHERE id = $1 RETURNING sealed", id).fetch_optional(conn).await?)
}
