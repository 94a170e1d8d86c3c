//! The mirror of relation tuples outside of Postgres: which one is active, and what it has still to be told.
//!
//! Triggers write the outbox. Who mirrors what, and how, is for the caller to know.

use std::time::Duration;

use sqlx::PgConnection;

use crate::Result;
use crate::tuples::TupleRow;

/// How the mirror stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The active store that has been told everything there was when it became active.
    pub store_id: Option<String>,
    /// The newest change that has still to be told.
    pub newest: Option<i64>,
}

/// A change to be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Its place in the order.
    pub id: i64,
    /// Whether the tuple was added; removed otherwise.
    pub inserted: bool,
    /// The tuple.
    pub tuple: TupleRow,
}

/// How the mirror stands now: one read, for every decision.
pub async fn standing(conn: &mut PgConnection) -> Result<Standing> {
    Ok(sqlx::query_as!(
        Standing,
        "SELECT (SELECT store_id FROM relation_mirrors WHERE active AND synced_at IS NOT NULL) AS store_id,
                (SELECT max(id) FROM relation_outbox) AS newest"
    )
    .fetch_one(conn)
    .await?)
}

/// Whether nothing is left to be told up to this change.
pub async fn is_told(conn: &mut PgConnection, up_to: i64) -> Result<bool> {
    let left = sqlx::query_scalar!("SELECT id FROM relation_outbox WHERE id <= $1 LIMIT 1", up_to)
        .fetch_optional(conn)
        .await?;
    Ok(left.is_none())
}

/// The oldest changes that have to be told, in order.
pub async fn oldest(conn: &mut PgConnection, limit: i64) -> Result<Vec<Change>> {
    let rows = sqlx::query!(
        "SELECT id, inserted, subject_kind, subject_id, subject_relation, relation, object_kind, object_id
         FROM relation_outbox ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    let change = rows.into_iter().map(|row| Change {
        id: row.id,
        inserted: row.inserted,
        tuple: TupleRow {
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            subject_relation: row.subject_relation,
            relation: row.relation,
            object_kind: row.object_kind,
            object_id: row.object_id,
        },
    });
    Ok(change.collect())
}

/// Forgets changes that have been told.
pub async fn forget(conn: &mut PgConnection, ids: &[i64]) -> Result<()> {
    sqlx::query!("DELETE FROM relation_outbox WHERE id = ANY($1)", ids).execute(conn).await?;
    Ok(())
}

/// How many changes have to be told, and how long the oldest has waited.
pub async fn backlog(conn: &mut PgConnection) -> Result<(i64, Duration)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!",
                  coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "seconds!"
           FROM relation_outbox"#
    )
    .fetch_one(conn)
    .await?;
    Ok((row.count, Duration::from_secs_f64(row.seconds.max(0.0))))
}

/// The store that is or was active last.
pub async fn last_store(conn: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("SELECT store_id FROM relation_mirrors ORDER BY active DESC, created_at DESC LIMIT 1")
        .fetch_optional(conn)
        .await?)
}

/// Whether rights were ever mirrored to the store.
pub async fn is_known(conn: &mut PgConnection, store_id: &str) -> Result<bool> {
    let row = sqlx::query_scalar!("SELECT store_id FROM relation_mirrors WHERE store_id = $1", store_id)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Makes the store the active one; tells whether it has already been told what was there before. Waits for who is changing
/// tuples; whoever comes later writes the outbox. Only in a transaction.
pub async fn activate(tx: &mut PgConnection, store_id: &str) -> Result<bool> {
    let active = sqlx::query!("SELECT synced_at FROM relation_mirrors WHERE store_id = $1 AND active", store_id)
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = active {
        return Ok(row.synced_at.is_some());
    }
    sqlx::query!("LOCK TABLE relation_tuples IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    sqlx::query!("UPDATE relation_mirrors SET active = false, synced_at = NULL WHERE active").execute(&mut *tx).await?;
    sqlx::query!(
        "INSERT INTO relation_mirrors (store_id, active) VALUES ($1, true)
         ON CONFLICT (store_id) DO UPDATE SET active = true, synced_at = NULL",
        store_id
    )
    .execute(&mut *tx)
    .await?;
    // Everything is compared anyway before anybody decides by the store.
    sqlx::query!("DELETE FROM relation_outbox").execute(&mut *tx).await?;
    Ok(false)
}

/// Notes that the store has been told everything.
pub async fn set_synced(conn: &mut PgConnection, store_id: &str) -> Result<()> {
    sqlx::query!("UPDATE relation_mirrors SET synced_at = now() WHERE store_id = $1 AND active", store_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Mirrors no more; tells whether that was done until now.
pub async fn deactivate(conn: &mut PgConnection) -> Result<bool> {
    let done = sqlx::query!("UPDATE relation_mirrors SET active = false, synced_at = NULL WHERE active")
        .execute(&mut *conn)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("DELETE FROM relation_outbox").execute(conn).await?;
    Ok(true)
}

/// Those of the tuples that are not in Postgres and about which nothing is left to be told: they should not be elsewhere
/// either.
pub async fn unfounded(conn: &mut PgConnection, tuples: &[TupleRow]) -> Result<Vec<TupleRow>> {
    let column = columns(tuples);
    Ok(sqlx::query_as!(
        TupleRow,
        r#"SELECT t.subject_kind AS "subject_kind!", t.subject_id AS "subject_id!",
                  t.subject_relation AS "subject_relation!", t.relation AS "relation!",
                  t.object_kind AS "object_kind!", t.object_id AS "object_id!"
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                AS t (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
           WHERE NOT EXISTS (SELECT FROM relation_tuples r
                             WHERE (r.object_kind, r.object_id, r.relation, r.subject_kind, r.subject_id, r.subject_relation)
                                 = (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation))
             AND NOT EXISTS (SELECT FROM relation_outbox o
                             WHERE (o.object_kind, o.object_id, o.relation, o.subject_kind, o.subject_id, o.subject_relation)
                                 = (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation))"#,
        &column[0],
        &column[1],
        &column[2],
        &column[3],
        &column[4],
        &column[5]
    )
    .fetch_all(conn)
    .await?)
}

/// Those of the tuples that are in Postgres and about which nothing is left to be told: they should be elsewhere too.
pub async fn founded(conn: &mut PgConnection, tuples: &[TupleRow]) -> Result<Vec<TupleRow>> {
    let column = columns(tuples);
    Ok(sqlx::query_as!(
        TupleRow,
        r#"SELECT r.subject_kind, r.subject_id, r.subject_relation, r.relation, r.object_kind, r.object_id
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                AS t (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
           JOIN relation_tuples r
             ON (r.object_kind, r.object_id, r.relation, r.subject_kind, r.subject_id, r.subject_relation)
              = (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation)
           WHERE NOT EXISTS (SELECT FROM relation_outbox o
                             WHERE (o.object_kind, o.object_id, o.relation, o.subject_kind, o.subject_id, o.subject_relation)
                                 = (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation))"#,
        &column[0],
        &column[1],
        &column[2],
        &column[3],
        &column[4],
        &column[5]
    )
    .fetch_all(conn)
    .await?)
}

/// Has the tuples told as they are: those that are in Postgres as added, the others as removed. Nobody changes tuples
/// meanwhile. Only in a transaction.
pub async fn tell_again(tx: &mut PgConnection, tuples: &[TupleRow]) -> Result<u64> {
    sqlx::query!("LOCK TABLE relation_tuples IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    let column = columns(tuples);
    let done = sqlx::query!(
        "INSERT INTO relation_outbox
             (inserted, subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
         SELECT EXISTS (SELECT FROM relation_tuples r
                        WHERE (r.object_kind, r.object_id, r.relation, r.subject_kind, r.subject_id, r.subject_relation)
                            = (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation)),
                t.subject_kind, t.subject_id, t.subject_relation, t.relation, t.object_kind, t.object_id
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
              AS t (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)",
        &column[0],
        &column[1],
        &column[2],
        &column[3],
        &column[4],
        &column[5]
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

fn columns(tuples: &[TupleRow]) -> [Vec<String>; 6] {
    let all = |of: fn(&TupleRow) -> &String| tuples.iter().map(|tuple| of(tuple).clone()).collect();
    [
        all(|t| &t.subject_kind),
        all(|t| &t.subject_id),
        all(|t| &t.subject_relation),
        all(|t| &t.relation),
        all(|t| &t.object_kind),
        all(|t| &t.object_id),
    ]
}
