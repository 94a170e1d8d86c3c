//! Events: what happened, noted in the transaction in which it happens, and then told in one order to all who follow.
//!
//! Rows get their places in that order under a lock, after the transactions that wrote them: numbers that are given when
//! rows are inserted would let a reader pass over one that is committed late.

mod codes;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub use codes::Code;

use crate::Result;

/// Notified when an event was noted.
pub const CHANNEL_NOTED: &str = "jimm_event_noted";
/// Notified when events have got their places, with that of the last one.
pub const CHANNEL_PLACED: &str = "jimm_event_placed";

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    uuid: Option<Uuid>,
    name: &'a str,
}

impl<'a> Subject<'a> {
    /// Something with a UUID and a name for people: a model's is `owner/name`.
    pub fn new(uuid: Uuid, name: &'a str) -> Self {
        Self { uuid: Some(uuid), name }
    }

    /// Something with a name only.
    pub fn named(name: &'a str) -> Self {
        Self { uuid: None, name }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the order in which events are told.
    pub position: i64,
    /// When.
    pub time: DateTime<Utc>,
    /// What: the name of a [`Code`].
    pub code: String,
    /// What kind of thing it is about.
    pub kind: String,
    /// Which one.
    pub uuid: Option<Uuid>,
    /// Which one, for people.
    pub name: String,
    /// What else there is to tell; an object, never with secrets.
    pub data: Value,
}

/// Notes that something happened. Call it in the transaction in which it happens: then it is told if, and only if, that
/// is committed.
pub async fn note(conn: &mut PgConnection, code: &Code, subject: Subject<'_>, data: &Value) -> Result<()> {
    sqlx::query!(
        r#"WITH noted AS (INSERT INTO events (code, kind, uuid, name, data) VALUES ($1, $2, $3, $4, $5) RETURNING id)
           SELECT pg_notify($6, '')::text AS "sent" FROM noted"#,
        code.name,
        code.kind,
        subject.uuid,
        subject.name,
        data,
        CHANNEL_NOTED
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Gives places to events that have none yet, and returns them in their order; to be called in a transaction.
pub async fn place(conn: &mut PgConnection, limit: i64) -> Result<Vec<Event>> {
    let waiting = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM events WHERE position IS NULL) AS "waiting!""#)
        .fetch_one(&mut *conn)
        .await?;
    if !waiting {
        return Ok(Vec::new());
    }
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(hashtext('jimm-events'))::text AS "locked""#)
        .fetch_one(&mut *conn)
        .await?;
    let mut placed = sqlx::query_as!(
        Event,
        r#"UPDATE events SET position = next.position
           FROM (SELECT id, nextval('events_position') AS position
                 FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT $1) waiting) next
           WHERE events.id = next.id
           RETURNING next.position AS "position!", time, code, kind, uuid, name, data"#,
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    placed.sort_unstable_by_key(|event| event.position);
    if let Some(last) = placed.last() {
        crate::listen::notify(conn, CHANNEL_PLACED, &last.position.to_string()).await?;
    }
    Ok(placed)
}

/// The events after that place, in their order.
pub async fn after(conn: &mut PgConnection, position: i64, limit: i64) -> Result<Vec<Event>> {
    Ok(sqlx::query_as!(
        Event,
        r#"SELECT position AS "position!", time, code, kind, uuid, name, data FROM events
           WHERE position > $1 ORDER BY position LIMIT $2"#,
        position,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// The place before which events are forgotten, and the last one that was given.
pub async fn range(conn: &mut PgConnection) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END AS "last!",
                  coalesce((SELECT min(position) FROM events), last_value + CASE WHEN is_called THEN 1 ELSE 0 END) AS "first!"
           FROM events_position"#
    )
    .fetch_one(conn)
    .await?;
    Ok((row.first, row.last))
}

/// Forgets some of the events of before then; returns how many. Those that nobody was told of yet stay.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM events WHERE id IN (
             SELECT id FROM events WHERE time < $1 AND position IS NOT NULL ORDER BY time LIMIT $2)",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// How far a reader has come; one that was never seen begins with what comes after now.
pub async fn cursor(conn: &mut PgConnection, reader: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"INSERT INTO event_cursors (reader, position)
           SELECT $1, last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM events_position
           ON CONFLICT (reader) DO UPDATE SET reader = excluded.reader RETURNING position"#,
        reader
    )
    .fetch_one(conn)
    .await?)
}

/// A reader has come that far.
pub async fn advance(conn: &mut PgConnection, reader: &str, position: i64) -> Result<()> {
    sqlx::query!("UPDATE event_cursors SET position = greatest(position, $2) WHERE reader = $1", reader, position)
        .execute(conn)
        .await?;
    Ok(())
}
