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

/// Takes those of the duties that nobody else has, or keeps them, for that long from now, and returns which.
pub async fn acquire_many(
    conn: &mut PgConnection,
    names: &[String],
    owner: &str,
    length: Duration,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO leases (name, owner, fence, lease_until)
         SELECT name, $2, 1, now() + make_interval(secs => $3) FROM unnest($1::text[]) name ORDER BY name
         ON CONFLICT (name) DO UPDATE SET
             owner = excluded.owner, lease_until = excluded.lease_until,
             fence = leases.fence + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END
         WHERE leases.owner = excluded.owner OR leases.lease_until < now()
         RETURNING name",
        names,
        owner,
        length.as_secs_f64()
    )
    .fetch_all(conn)
    .await?)
}

/// Forgets duties that are no more, those of somebody else as well.
pub async fn forget(conn: &mut PgConnection, names: &[String]) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM leases WHERE name = ANY($1)", names).execute(conn).await?.rows_affected())
}

/// Gives all duties up whose names begin so, and tells how many the owner had.
pub async fn release_all(conn: &mut PgConnection, prefix: &str, owner: &str) -> Result<u64> {
    Ok(sqlx::query!(
        "UPDATE leases SET owner = '', fence = fence + 1, lease_until = '-infinity'
         WHERE starts_with(name, $1) AND owner = $2",
        prefix,
        owner
    )
    .execute(conn)
    .await?
    .rows_affected())
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
