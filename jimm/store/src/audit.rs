//! The audit log: who asked for what, and what was answered.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// A request or a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub time: DateTime<Utc>,
    /// Which connection.
    pub conversation_id: String,
    /// The request id on it.
    pub message_id: i64,
    /// The facade asked.
    pub facade_name: String,
    /// The method asked.
    pub facade_method: String,
    /// The version of the facade.
    pub facade_version: i32,
    /// The object asked.
    pub object_id: String,
    /// The tag of who asked.
    pub identity: String,
    /// `controller/model`, on model connections.
    pub model: String,
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

/// Adds the entries in one statement.
pub async fn insert(conn: &mut PgConnection, entries: &[AuditEntry]) -> Result<()> {
    let column = |get: fn(&AuditEntry) -> &str| entries.iter().map(|e| storable(get(e))).collect::<Vec<_>>();
    sqlx::query!(
        "INSERT INTO audit_entries (time, conversation_id, message_id, facade_name, facade_method, facade_version,
                                    object_id, identity, model, is_response, params, errors)
         SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[],
                              $7::text[], $8::text[], $9::text[], $10::bool[], $11::jsonb[], $12::jsonb[])",
        &entries.iter().map(|e| e.time).collect::<Vec<_>>(),
        &column(|e| &e.conversation_id),
        &entries.iter().map(|e| e.message_id).collect::<Vec<_>>(),
        &column(|e| &e.facade_name),
        &column(|e| &e.facade_method),
        &entries.iter().map(|e| e.facade_version).collect::<Vec<_>>(),
        &column(|e| &e.object_id),
        &column(|e| &e.identity),
        &column(|e| &e.model),
        &entries.iter().map(|e| e.is_response).collect::<Vec<_>>(),
        &entries.iter().map(|e| e.params.clone().map(storable_value)).collect::<Vec<_>>() as &[Option<Value>],
        &entries.iter().map(|e| e.errors.clone().map(storable_value)).collect::<Vec<_>>() as &[Option<Value>]
    )
    .execute(conn)
    .await?;
    Ok(())
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

macro_rules! select {
    ($filter:expr, $offset:expr, $limit:expr, $order:tt) => {
        sqlx::query_as!(
            AuditEntry,
            "SELECT time, conversation_id, message_id, facade_name, facade_method, facade_version, object_id, identity,
                    model, is_response, params, errors
             FROM audit_entries
             WHERE ($1::timestamptz IS NULL OR time >= $1) AND ($2::timestamptz IS NULL OR time <= $2)
               AND ($3 = '' OR identity = $3) AND ($4 = '' OR model = $4) AND ($5 = '' OR facade_method = $5) "
                + $order
                + " OFFSET $6 LIMIT $7",
            $filter.after,
            $filter.before,
            $filter.identity,
            $filter.model,
            $filter.method,
            $offset,
            $limit
        )
    };
}

/// A page of the entries that pass the filter.
pub async fn list(conn: &mut PgConnection, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    // Two statements rather than one with a computed order, which no index could serve.
    if filter.newest_first {
        Ok(select!(filter, offset, limit, "ORDER BY time DESC, id DESC").fetch_all(conn).await?)
    } else {
        Ok(select!(filter, offset, limit, "ORDER BY time, id").fetch_all(conn).await?)
    }
}

/// Forgets at most `limit` entries from before then, oldest first; returns how many: call again while it is `limit`.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM audit_entries
         WHERE id IN (SELECT id FROM audit_entries WHERE time < $1 ORDER BY time LIMIT $2)",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
