//! How far each export has come. A chain has one writer and no gaps, so a place in each chain is all there is to know:
//! nothing is passed over, whichever replica's batch was committed first.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::chains::class_named;
use super::codec::Body;
use super::{Batch, BatchId, Chain};
use crate::Result;

/// The chains from that day on in which there are batches that this export does not have, and the last one that it has.
/// Chains are found one after the other by the key, so that this costs as much as there are chains, not batches.
pub async fn chains_to_export(conn: &mut PgConnection, sink: &str, from: NaiveDate) -> Result<Vec<(Chain, i64)>> {
    let rows = sqlx::query!(
        r#"WITH RECURSIVE chains AS (
             (SELECT class, day, chain FROM audit_log WHERE class <> 'legacy' AND day >= $2
              ORDER BY class, day, chain LIMIT 1)
             UNION ALL
             SELECT n.class, n.day, n.chain FROM chains c CROSS JOIN LATERAL (
                 SELECT class, day, chain FROM audit_log
                 WHERE class <> 'legacy' AND day >= $2 AND (class, day, chain) > (c.class, c.day, c.chain)
                 ORDER BY class, day, chain LIMIT 1) n)
           SELECT c.class AS "class!", c.day AS "day!", c.chain AS "chain!", coalesce(e.seq, -1) AS "seq!"
           FROM chains c LEFT JOIN audit_exports e ON e.sink = $1 AND (e.class, e.day, e.chain) = (c.class, c.day, c.chain)
           WHERE EXISTS (SELECT FROM audit_log l WHERE (l.class, l.day, l.chain) = (c.class, c.day, c.chain)
                                                   AND l.seq > coalesce(e.seq, -1))
           ORDER BY c.day, c.class, c.chain"#,
        sink,
        from
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain }, row.seq)))
        .collect()
}

/// The batches of a chain after that one, in their order.
pub async fn exported(conn: &mut PgConnection, chain: Chain, after: i64, limit: i64) -> Result<Vec<Batch>> {
    let rows = sqlx::query!(
        "SELECT seq, first_time, last_time, size, entries FROM audit_log
         WHERE class = $1 AND day = $2 AND chain = $3 AND seq > $4 ORDER BY seq LIMIT $5",
        chain.class.as_str(),
        chain.day,
        chain.writer,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Batch {
            id: BatchId { chain, seq: row.seq },
            body: Body {
                first: row.first_time.timestamp_micros(),
                last: row.last_time.timestamp_micros(),
                size: row.size,
                entries: row.entries,
                ..Body::default()
            },
            prev: Vec::new(),
            hash: Vec::new(),
        })
        .collect())
}

/// Notes that an export has the batches of a chain up to that one.
pub async fn note_exported(conn: &mut PgConnection, sink: &str, batch: BatchId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_exports (sink, class, day, chain, seq) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (sink, class, day, chain) DO UPDATE SET seq = greatest(audit_exports.seq, excluded.seq)",
        sink,
        batch.chain.class.as_str(),
        batch.chain.day,
        batch.chain.writer,
        batch.seq
    )
    .execute(conn)
    .await?;
    Ok(())
}
