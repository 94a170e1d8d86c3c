//! Models that are on their way to a controller which is none of the broker's.
//!
//! A model may be sent off again and again: whoever has read a row changes that departure (by its `asked_at`), and never
//! one that began meanwhile.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A departure that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// The model's UUID.
    pub model_uuid: Uuid,
    /// When its controller was asked.
    pub asked_at: DateTime<Utc>,
    /// When the migration began of which the controller told before.
    pub earlier_start: Option<String>,
    /// Since when the controller lets people work with the model as if there were no migration.
    pub usable_since: Option<DateTime<Utc>>,
}

/// Notes that a departure begins, in place of one that was noted before.
pub async fn begin(
    conn: &mut PgConnection,
    model: Uuid,
    earlier_start: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Departure> {
    Ok(sqlx::query_as!(
        Departure,
        "INSERT INTO departures (model_uuid, asked_at, earlier_start) VALUES ($1, $2, $3)
         ON CONFLICT (model_uuid) DO UPDATE SET asked_at = $2, earlier_start = $3, usable_since = NULL
         RETURNING model_uuid, asked_at, earlier_start, usable_since",
        model,
        now,
        earlier_start
    )
    .fetch_one(conn)
    .await?)
}

/// The departure of a model.
pub async fn get(conn: &mut PgConnection, model: Uuid) -> Result<Option<Departure>> {
    Ok(sqlx::query_as!(
        Departure,
        "SELECT model_uuid, asked_at, earlier_start, usable_since FROM departures WHERE model_uuid = $1",
        model
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes since when its controller lets people work with the model, if it does.
pub async fn set_usable(conn: &mut PgConnection, departure: &Departure, since: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "UPDATE departures SET usable_since = $3 WHERE model_uuid = $1 AND asked_at = $2",
        departure.model_uuid,
        departure.asked_at,
        since
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets a departure; `false` when it is another one by now, or none.
pub async fn end(conn: &mut PgConnection, departure: &Departure) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM departures WHERE model_uuid = $1 AND asked_at = $2",
        departure.model_uuid,
        departure.asked_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
