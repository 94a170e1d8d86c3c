//! Forgetting: whole partitions, else the beginnings of chains, so that what is left is a chain still. Whoever purges
//! says so in a checkpoint of the same transaction.

use chrono::{DateTime, Months, NaiveDate, Utc};
use sqlx::PgConnection;

use super::chains::{at, class_named};
use super::codec::cut;
use super::{BatchId, Chain, Class};
use crate::Result;

/// What was forgotten of a chain: everything up to a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Gone {
    /// Of which chain.
    pub chain: Chain,
    /// The last batch that is gone.
    pub through: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// A batch that was forgotten in part.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Which one.
    pub batch: BatchId,
    /// Its hash, which stays.
    pub hash: Vec<u8>,
    /// What there is now.
    pub entries: Vec<u8>,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Purged {
    /// How many entries.
    pub entries: u64,
    /// Of which chains.
    pub gone: Vec<Gone>,
    /// What was forgotten in part.
    pub cut: Vec<Cut>,
    /// Whether there may be more: call again.
    pub more: bool,
}

/// The chains of these classes in which something is older than that: of the oldest day, so many at most.
pub async fn oldest_chains(
    conn: &mut PgConnection,
    classes: &[Class],
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Chain>> {
    let classes: Vec<String> = classes.iter().map(|class| class.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "SELECT class, day, chain FROM audit_log WHERE class = ANY($1) AND first_time < $2 AND day <= $3
         GROUP BY class, day, chain ORDER BY day, class, chain LIMIT $4",
        &classes,
        before,
        before.date_naive(),
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok(Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain })).collect()
}

/// Forgets what is older than that at the beginning of a chain, at most so many batches, and the older part of what stays.
pub async fn purge_chain(conn: &mut PgConnection, chain: Chain, before: DateTime<Utc>, limit: i64) -> Result<Purged> {
    let (class, day, writer) = (chain.class.as_str(), chain.day, chain.writer);
    let gone = sqlx::query!(
        r#"WITH kept AS (
             SELECT coalesce((SELECT min(seq) FROM audit_log WHERE class = $1 AND day = $2 AND chain = $3
                                                               AND last_time >= $4), 9223372036854775807) AS first),
           old AS (SELECT seq FROM audit_log WHERE class = $1 AND day = $2 AND chain = $3
                   AND seq < (SELECT first FROM kept) ORDER BY seq LIMIT $5),
           gone AS (DELETE FROM audit_log WHERE class = $1 AND day = $2 AND chain = $3
                    AND seq IN (SELECT seq FROM old) RETURNING seq, size, hash)
           SELECT count(*) AS "batches!", coalesce(sum(size), 0)::bigint AS "entries!", max(seq) AS through,
                  (SELECT hash FROM gone ORDER BY seq DESC LIMIT 1) AS hash FROM gone"#,
        class,
        day,
        writer,
        before,
        limit
    )
    .fetch_one(&mut *conn)
    .await?;
    let mut purged =
        Purged { entries: u64::try_from(gone.entries).unwrap_or(0), more: gone.batches >= limit, ..Purged::default() };
    if let (Some(through), Some(hash)) = (gone.through, gone.hash) {
        purged.gone.push(Gone { chain, through, hash });
    }
    if !purged.more {
        purge_part(conn, chain, before, &mut purged).await?;
    }
    Ok(purged)
}

async fn purge_part(conn: &mut PgConnection, chain: Chain, before: DateTime<Utc>, purged: &mut Purged) -> Result<()> {
    let (class, day, writer) = (chain.class.as_str(), chain.day, chain.writer);
    let rows = sqlx::query!(
        "SELECT seq, size, entries, hash FROM audit_log
         WHERE class = $1 AND day = $2 AND chain = $3 AND first_time < $4 ORDER BY seq",
        class,
        day,
        writer,
        before
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        let batch = BatchId { chain, seq: row.seq };
        let body = cut(batch, &row.entries, |entry| entry.time >= before)?;
        // Where another one purges at the same time, only one of them counts.
        let done = sqlx::query!(
            "UPDATE audit_log SET first_time = CASE WHEN $6 > 0 THEN $7 ELSE greatest(last_time, $9) END,
                                  last_time = greatest(last_time, CASE WHEN $6 > 0 THEN $7 ELSE $9 END),
                                  size = $6, entries = $8
             WHERE class = $1 AND day = $2 AND chain = $3 AND seq = $4 AND size = $5",
            class,
            day,
            writer,
            row.seq,
            row.size,
            body.size,
            at(body.first),
            &body.entries,
            before
        );
        if done.execute(&mut *conn).await?.rows_affected() == 1 {
            purged.entries += u64::try_from(row.size - body.size).unwrap_or(0);
            purged.cut.push(Cut { batch, hash: row.hash, entries: body.entries });
        }
    }
    Ok(())
}

/// The partitions of these classes that hold nothing but what is older than that, and the day after each.
pub async fn droppable(conn: &mut PgConnection, class: Class, before: DateTime<Utc>) -> Result<Vec<String>> {
    let names = sqlx::query_scalar!(
        r#"SELECT c.relname::text AS "name!" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = to_regclass('audit_log_' || $1) ORDER BY 1"#,
        class.as_str()
    )
    .fetch_all(conn)
    .await?;
    let is_old = |name: &String| {
        let Some((year, month)) = name.get(name.len().saturating_sub(7)..).and_then(|end| end.split_once('_')) else {
            return false;
        };
        let (Ok(year), Ok(month)) = (year.parse(), month.parse()) else { return false };
        // A batch is of the day of its first entry; its last one may be of the day after.
        let end = NaiveDate::from_ymd_opt(year, month, 2).and_then(|second| second.checked_add_months(Months::new(1)));
        end.is_some_and(|end| end <= before.date_naive())
    };
    Ok(names.into_iter().filter(is_old).collect())
}

/// Drops a partition that [`droppable`] named: what was in it.
pub async fn drop_partition(conn: &mut PgConnection, name: &str) -> Result<Purged> {
    let rows = sqlx::query!(
        r#"WITH chains AS (SELECT class, day, chain, max(seq) AS through, sum(size)::bigint AS entries FROM audit_log
                           WHERE tableoid = to_regclass($1) GROUP BY class, day, chain)
           SELECT c.class, c.day, c.chain, c.through AS "through!", c.entries AS "entries!", l.hash
           FROM chains c JOIN audit_log l ON (l.class, l.day, l.chain, l.seq) = (c.class, c.day, c.chain, c.through)"#,
        name
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut purged = Purged::default();
    for row in rows {
        purged.entries += u64::try_from(row.entries).unwrap_or(0);
        let chain = Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain };
        purged.gone.push(Gone { chain, through: row.through, hash: row.hash });
    }
    // Rather not now than in the way of those who write.
    sqlx::query!("SET LOCAL lock_timeout = '2s'").execute(&mut *conn).await?;
    sqlx::query!("SELECT audit_drop($1)", name).fetch_one(conn).await?;
    Ok(purged)
}
