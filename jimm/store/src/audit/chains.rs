//! Batches as they are written and read by their place, and the checkpoints.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::codec::Body;
use super::{Batch, BatchId, Chain, Class};
use crate::{Result, StoreError};

/// Adds a batch; one that is there already is left as it is.
pub async fn insert(conn: &mut PgConnection, batch: &Batch) -> Result<()> {
    let (chain, body) = (&batch.id.chain, &batch.body);
    sqlx::query!(
        "INSERT INTO audit_log (class, day, chain, seq, first_time, last_time, size, identities, models, methods,
                                entries, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        chain.class.as_str(),
        chain.day,
        chain.writer,
        batch.id.seq,
        at(body.first),
        at(body.last),
        body.size,
        &body.identities,
        &body.models,
        &body.methods,
        &body.entries,
        &batch.prev,
        &batch.hash
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Sees to it that batches of that day and of so many months after it find their partitions.
pub async fn make_partitions(conn: &mut PgConnection, day: NaiveDate, months: i32) -> Result<()> {
    for class in Class::WRITTEN {
        sqlx::query!(
            "SELECT audit_partition($1, ($2::date + make_interval(months => n))::date) FROM generate_series(0, $3) n",
            class.as_str(),
            day,
            months
        )
        .fetch_all(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The batches that come after that one in the order of their places, as many as that: what a check of the chains reads.
pub async fn batches_from(conn: &mut PgConnection, after: Option<BatchId>, limit: i64) -> Result<Vec<Batch>> {
    let after = after.unwrap_or(BatchId {
        chain: Chain { class: Class::Change, day: NaiveDate::MIN, writer: Uuid::nil() },
        seq: -1,
    });
    let rows = sqlx::query!(
        r#"SELECT class, day, chain, seq, first_time, last_time, size, identities, models, methods, entries, prev, hash
           FROM audit_log WHERE (class, day, chain, seq) > ($1, greatest($2::date, '0001-01-01'::date), $3, $4)
           ORDER BY class, day, chain, seq LIMIT $5"#,
        after.chain.class.as_str(),
        after.chain.day.max(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default()),
        after.chain.writer,
        after.seq,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let chain = Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain };
            let body = Body {
                first: row.first_time.timestamp_micros(),
                last: row.last_time.timestamp_micros(),
                size: row.size,
                identities: row.identities,
                models: row.models,
                methods: row.methods,
                entries: row.entries,
            };
            Ok(Batch { id: BatchId { chain, seq: row.seq }, body, prev: row.prev, hash: row.hash })
        })
        .collect()
}

pub(super) fn class_named(name: &str) -> Result<Class> {
    let wrong = || StoreError::from(sqlx::Error::Decode(format!("unknown class {name:?} in the audit log").into()));
    Class::named(name).ok_or_else(wrong)
}

/// A signed statement about the chains.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Its number, from 1 without gaps.
    pub no: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What it says, JSON.
    pub body: String,
    /// The key that signed it.
    pub kid: String,
    /// The signature of the body.
    pub signature: Vec<u8>,
}

/// Keeps everybody from adding checkpoints until the transaction ends.
pub async fn lock_checkpoints(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE audit_checkpoints IN SHARE ROW EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}

/// The checkpoint with the greatest number.
pub async fn last_checkpoint(conn: &mut PgConnection) -> Result<Option<Checkpoint>> {
    Ok(sqlx::query_as!(
        Checkpoint,
        "SELECT no, at, body, kid, signature FROM audit_checkpoints ORDER BY no DESC LIMIT 1"
    )
    .fetch_optional(conn)
    .await?)
}

/// The checkpoints that come after that number, as many as that.
pub async fn checkpoints(conn: &mut PgConnection, after: i64, limit: i64) -> Result<Vec<Checkpoint>> {
    Ok(sqlx::query_as!(
        Checkpoint,
        "SELECT no, at, body, kid, signature FROM audit_checkpoints WHERE no > $1 ORDER BY no LIMIT $2",
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// The checkpoints that were made at that time or later.
pub async fn checkpoints_since(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Checkpoint>> {
    Ok(sqlx::query_as!(
        Checkpoint,
        "SELECT no, at, body, kid, signature FROM audit_checkpoints WHERE at >= $1 ORDER BY no",
        since
    )
    .fetch_all(conn)
    .await?)
}

/// Adds a checkpoint.
pub async fn insert_checkpoint(conn: &mut PgConnection, checkpoint: &Checkpoint) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_checkpoints (no, at, body, kid, signature) VALUES ($1, $2, $3, $4, $5)",
        checkpoint.no,
        checkpoint.at,
        checkpoint.body,
        checkpoint.kid,
        checkpoint.signature
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far a chain goes.
pub type End = (Chain, i64, Vec<u8>);

/// The last batches of the chains of these days: for those whose writers did not say it themselves.
pub async fn open_chains(conn: &mut PgConnection, from: NaiveDate, until: NaiveDate) -> Result<Vec<End>> {
    let rows = sqlx::query!(
        r#"WITH RECURSIVE chains AS (
             (SELECT class, day, chain FROM audit_log WHERE class <> 'legacy' AND day >= $1 AND day <= $2
              ORDER BY class, day, chain LIMIT 1)
             UNION ALL
             SELECT n.class, n.day, n.chain FROM chains c CROSS JOIN LATERAL (
                 SELECT class, day, chain FROM audit_log
                 WHERE class <> 'legacy' AND day >= $1 AND day <= $2 AND (class, day, chain) > (c.class, c.day, c.chain)
                 ORDER BY class, day, chain LIMIT 1) n)
           SELECT c.class AS "class!", c.day AS "day!", c.chain AS "chain!", l.seq AS "seq!", l.hash AS "hash!"
           FROM chains c CROSS JOIN LATERAL (
               SELECT seq, hash FROM audit_log a WHERE (a.class, a.day, a.chain) = (c.class, c.day, c.chain)
               ORDER BY seq DESC LIMIT 1) l"#,
        from,
        until
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain }, row.seq, row.hash)))
        .collect()
}
