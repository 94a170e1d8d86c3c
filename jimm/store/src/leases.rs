//! Duties that one replica at a time has charge of: polling, rotation, purges. Time is that of Postgres, one for all.

use std::time::Duration;

use sqlx::PgConnection;

use crate::Result;

/// Takes the duty, or keeps it, for that long from now. Returns the fence, which grows whenever the duty changes
/// hands; `None` while somebody else has it.
pub async fn acquire(conn: &mut PgConnection, name: &str, owner: &str, length: Duration) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO leases (name, owner, fence, lease_until) VALUES ($1, $2, 1, now() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE SET
             owner = excluded.owner, lease_until = excluded.lease_until,
             fence = leases.fence + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END
         WHERE leases.owner = excluded.owner OR leases.lease_until < now()
         RETURNING fence",
        name,
        owner,
        length.as_secs_f64()
    )
    .fetch_optional(conn)
    .await?)
}

/// Keeps everybody from taking the duty until the transaction ends; `false` when the owner no longer has it.
pub async fn hold(conn: &mut PgConnection, name: &str, owner: &str) -> Result<bool> {
    let row = sqlx::query_scalar!(
        "SELECT name FROM leases WHERE name = $1 AND owner = $2 AND lease_until > now() FOR UPDATE",
        name,
        owner
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Gives the duty up, so that another need not wait; tells whether the owner had it.
pub async fn release(conn: &mut PgConnection, name: &str, owner: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE leases SET owner = '', fence = fence + 1, lease_until = '-infinity' WHERE name = $1 AND owner = $2",
        name,
        owner
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
