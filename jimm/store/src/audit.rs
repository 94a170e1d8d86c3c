//! The audit log: who asked for what, and what was answered. Kept in batches, a row each.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Result, StoreError};

/// Batches that are read at a time.
const READ: i64 = 16;
/// How JSON has a NUL.
const NUL: &str = "\\u0000";

/// A request or a reply.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub time: DateTime<Utc>,
    /// Which connection.
    pub conversation_id: Arc<str>,
    /// The request id on it.
    pub message_id: i64,
    /// The facade asked.
    pub facade_name: Arc<str>,
    /// The method asked.
    pub facade_method: Arc<str>,
    /// The version of the facade.
    pub facade_version: i32,
    /// The object asked.
    pub object_id: String,
    /// The tag of who asked.
    pub identity: Arc<str>,
    /// `controller/model`, on model connections.
    pub model: Arc<str>,
    /// Whether it is the reply.
    pub is_response: bool,
    /// What was asked, as far as it may be kept.
    pub params: Option<Value>,
    /// What went wrong.
    pub errors: Option<Value>,
}

/// Which entries to list; what is empty or `None` stands for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not earlier than.
    pub after: Option<DateTime<Utc>>,
    /// Not later than.
    pub before: Option<DateTime<Utc>>,
    /// The tag of who asked.
    pub identity: String,
    /// `controller/model`.
    pub model: String,
    /// The method asked.
    pub method: String,
    /// Newest first, rather than oldest.
    pub newest_first: bool,
}

impl Filter {
    fn wants(&self, entry: &AuditEntry) -> bool {
        self.after.is_none_or(|after| entry.time >= after)
            && self.before.is_none_or(|before| entry.time <= before)
            && (self.identity.is_empty() || *self.identity == *entry.identity)
            && (self.model.is_empty() || *self.model == *entry.model)
            && (self.method.is_empty() || *self.method == *entry.facade_method)
    }
}

/// A batch as it is written.
struct Row {
    first_time: DateTime<Utc>,
    last_time: DateTime<Utc>,
    identities: Vec<String>,
    models: Vec<String>,
    methods: Vec<String>,
    entries: String,
}

impl Row {
    /// Of some entries; `None` of none.
    fn of(entries: &[AuditEntry]) -> Result<Option<Self>> {
        let times = || entries.iter().map(|entry| entry.time);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(None) };
        let distinct = |get: fn(&AuditEntry) -> &str| -> Vec<String> {
            let found: BTreeSet<&str> = entries.iter().map(get).collect();
            found.into_iter().map(str::to_owned).collect()
        };
        Ok(Some(Self {
            // Postgres rounds to microseconds: the bounds must hold what it keeps of the entries.
            first_time: first.trunc_subsecs(6),
            last_time: last + chrono::TimeDelta::microseconds(1),
            identities: distinct(|e| &e.identity),
            models: distinct(|e| &e.model),
            methods: distinct(|e| &e.facade_method),
            entries: serde_json::to_string(entries).map_err(corrupt)?,
        }))
    }
}

/// Adds the entries as one batch.
pub async fn insert(conn: &mut PgConnection, entries: &[AuditEntry]) -> Result<()> {
    let Some(mut row) = Row::of(entries)? else { return Ok(()) };
    if row.entries.contains(NUL) {
        let entries: Vec<AuditEntry> = entries.iter().cloned().map(storable_entry).collect();
        row = Row::of(&entries)?.unwrap_or(row);
    }
    sqlx::query!(
        "INSERT INTO audit_batches (first_time, last_time, size, identities, models, methods, entries)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.first_time,
        row.last_time,
        size(entries),
        &row.identities,
        &row.models,
        &row.methods,
        row.entries.as_bytes()
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Batch {
    id: i64,
    first_time: DateTime<Utc>,
    last_time: DateTime<Utc>,
    entries: Vec<u8>,
}

/// Where an entry is among those of the same time.
type Place = (i64, usize);

macro_rules! select {
    ($filter:expr, $bound:expr, $tail:tt) => {
        sqlx::query_as!(
            Batch,
            "SELECT id, first_time, last_time, entries FROM audit_batches
             WHERE ($1::timestamptz IS NULL OR last_time >= $1) AND ($2::timestamptz IS NULL OR first_time <= $2)
               AND ($3 = '' OR $3 = ANY(identities)) AND ($4 = '' OR $4 = ANY(models))
               AND ($5 = '' OR $5 = ANY(methods)) "
                + $tail
                + " LIMIT $8",
            $filter.after,
            $filter.before,
            $filter.identity,
            $filter.model,
            $filter.method,
            $bound.map(|bound| bound.0),
            $bound.map(|bound| bound.1),
            READ
        )
    };
}

/// The next batches in which there may be something, in the order of their end that comes first.
async fn batches(conn: &mut PgConnection, filter: &Filter, bound: Option<(DateTime<Utc>, i64)>) -> Result<Vec<Batch>> {
    // Two statements rather than one with a computed order, which no index could serve.
    Ok(if filter.newest_first {
        select!(
            filter,
            bound,
            "AND ($6::timestamptz IS NULL OR (last_time, id) < ($6, $7::bigint)) ORDER BY last_time DESC, id DESC"
        )
        .fetch_all(conn)
        .await?
    } else {
        select!(
            filter,
            bound,
            "AND ($6::timestamptz IS NULL OR (first_time, id) > ($6, $7::bigint)) ORDER BY first_time, id"
        )
        .fetch_all(conn)
        .await?
    })
}

/// A page of the entries that pass the filter.
pub async fn list(conn: &mut PgConnection, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let wanted = count(offset).saturating_add(count(limit));
    let in_order = |a: &(AuditEntry, Place), b: &(AuditEntry, Place)| -> Ordering {
        let order = (a.0.time, a.1).cmp(&(b.0.time, b.1));
        if filter.newest_first { order.reverse() } else { order }
    };
    let mut found: Vec<(AuditEntry, Place)> = Vec::new();
    let mut bound = None;
    loop {
        let batches = batches(conn, filter, bound).await?;
        let Some(last) = batches.last() else { break };
        let edge = if filter.newest_first { last.last_time } else { last.first_time };
        bound = Some((edge, last.id));
        let were_all = batches.len() < count(READ);
        for batch in batches {
            let entries: Vec<AuditEntry> = serde_json::from_slice(&batch.entries).map_err(corrupt)?;
            let places = entries.into_iter().enumerate().map(|(n, entry)| (entry, (batch.id, n)));
            found.extend(places.filter(|(entry, _)| filter.wants(entry)));
        }
        found.sort_by(in_order);
        found.truncate(wanted);
        // What comes in further batches lies beyond the edge: nothing of it comes before what there is.
        let is_beyond = |time: DateTime<Utc>| if filter.newest_first { time > edge } else { time < edge };
        if were_all || (found.len() == wanted && found.last().is_none_or(|(entry, _)| is_beyond(entry.time))) {
            break;
        }
    }
    Ok(found.into_iter().map(|(entry, _)| entry).skip(count(offset)).collect())
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Purged {
    /// How many entries.
    pub entries: u64,
    /// Whether there may be more: call again.
    pub more: bool,
}

/// Forgets what is older than that: at most `limit` batches, oldest first.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<Purged> {
    let whole = sqlx::query!(
        r#"WITH gone AS (
             DELETE FROM audit_batches
             WHERE id IN (SELECT id FROM audit_batches WHERE last_time < $1 ORDER BY last_time, id LIMIT $2)
             RETURNING size)
           SELECT count(*) AS "batches!", coalesce(sum(size), 0)::bigint AS "entries!" FROM gone"#,
        before,
        limit
    )
    .fetch_one(&mut *conn)
    .await?;
    let entries = u64::try_from(whole.entries).unwrap_or(0);
    if whole.batches >= limit {
        return Ok(Purged { entries, more: true });
    }
    Ok(Purged { entries: entries + purge_parts(conn, before).await?, more: false })
}

/// The same within batches that are older in part: a few.
async fn purge_parts(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let parts = sqlx::query_as!(
        Batch,
        "SELECT id, first_time, last_time, entries FROM audit_batches WHERE first_time < $1 AND last_time >= $1",
        before
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut gone = 0;
    for batch in parts {
        let mut entries: Vec<AuditEntry> = serde_json::from_slice(&batch.entries).map_err(corrupt)?;
        let had = size(&entries);
        entries.retain(|entry| entry.time >= before);
        let kept = size(&entries);
        // Where another one purges at the same time, only one of them counts.
        let done = match Row::of(&entries)? {
            None => sqlx::query!("DELETE FROM audit_batches WHERE id = $1 AND size = $2", batch.id, had),
            Some(row) => sqlx::query!(
                "UPDATE audit_batches SET first_time = $3, size = $4, entries = $5 WHERE id = $1 AND size = $2",
                batch.id,
                had,
                row.first_time,
                kept,
                row.entries.as_bytes()
            ),
        };
        if done.execute(&mut *conn).await?.rows_affected() == 1 {
            gone += u64::try_from(had - kept).unwrap_or(0);
        }
    }
    Ok(gone)
}

fn size(entries: &[AuditEntry]) -> i32 {
    i32::try_from(entries.len()).unwrap_or(i32::MAX)
}

/// Postgres keeps no NUL; a client may send one, and what it did is to be kept all the same.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn storable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => items.into_iter().map(storable_value).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (storable(&name), storable_value(value))).collect()
        }
        other => other,
    }
}

fn storable_entry(mut entry: AuditEntry) -> AuditEntry {
    for text in [
        &mut entry.conversation_id,
        &mut entry.facade_name,
        &mut entry.facade_method,
        &mut entry.identity,
        &mut entry.model,
    ] {
        *text = storable(text).into();
    }
    entry.object_id = storable(&entry.object_id);
    entry.params = entry.params.map(storable_value);
    entry.errors = entry.errors.map(storable_value);
    entry
}

fn corrupt(error: serde_json::Error) -> StoreError {
    sqlx::Error::Decode(error.into()).into()
}
