//! Models that come in from outside: what was prepared for them, and how far they have come.
//!
//! The state changes only by [`set_state`], from an expected one to the next. A model may be prepared for again and again:
//! whoever has read a row changes that attempt (by its `prepared_at`), and never one that was prepared meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// It may come.
pub const PREPARED: &str = "prepared";
/// Its rows are here, and its controller has it or is about to.
pub const IMPORTING: &str = "importing";
/// The same, and its source is no longer listened to: it is being cleaned up.
pub const CLOSED: &str = "closed";
/// It is here.
pub const ACTIVE: &str = "active";
/// It did not come.
pub const ABORTED: &str = "aborted";

/// A model that comes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its UUID.
    pub model_uuid: Uuid,
    /// The controller that it comes to.
    pub controller_uuid: Uuid,
    /// Who its users are in the broker; an object of texts.
    pub user_mapping: Value,
    /// The administrator who prepared it.
    pub requested_by: String,
    /// How far it has come.
    pub state: String,
    /// Why it did not go on.
    pub message: String,
    /// When it was prepared.
    pub prepared_at: DateTime<Utc>,
    /// When it came that far.
    pub changed_at: DateTime<Utc>,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Incoming,
            "SELECT model_uuid, controller_uuid, user_mapping, requested_by, state, message, prepared_at, changed_at
             FROM incoming_models " + $tail $(, $arg)*
        )
    };
}

/// Prepares for a model, in place of what was prepared for it before; `false` when it is on its way or here already.
pub async fn prepare(
    conn: &mut PgConnection,
    model: Uuid,
    controller: Uuid,
    mapping: &Value,
    requested_by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO incoming_models (model_uuid, controller_uuid, user_mapping, requested_by, prepared_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (model_uuid) DO UPDATE
         SET controller_uuid = $2, user_mapping = $3, requested_by = $4, state = 'prepared', message = '',
             prepared_at = $5, changed_at = $5
         WHERE incoming_models.state NOT IN ('importing', 'closed')",
        model,
        controller,
        mapping,
        requested_by,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was prepared for the model.
pub async fn get(conn: &mut PgConnection, model: Uuid) -> Result<Option<Incoming>> {
    Ok(select!("WHERE model_uuid = $1", model).fetch_optional(conn).await?)
}

/// The same, its row held until the transaction ends.
pub async fn get_for_update(conn: &mut PgConnection, model: Uuid) -> Result<Option<Incoming>> {
    Ok(select!("WHERE model_uuid = $1 FOR UPDATE", model).fetch_optional(conn).await?)
}

/// Those that were prepared before that time, the oldest first.
pub async fn before(conn: &mut PgConnection, time: DateTime<Utc>, limit: i64) -> Result<Vec<Incoming>> {
    Ok(select!("WHERE prepared_at < $1 ORDER BY prepared_at, model_uuid LIMIT $2", time, limit).fetch_all(conn).await?)
}

/// Those that are here since before that time, with the controller that they came to. The attempts are forgotten after a day.
pub async fn arrived(conn: &mut PgConnection, time: DateTime<Utc>) -> Result<Vec<(Uuid, Uuid)>> {
    let rows = sqlx::query!(
        "SELECT model_uuid, controller_uuid FROM incoming_models WHERE state = 'active' AND changed_at < $1",
        time
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.model_uuid, row.controller_uuid)).collect())
}

/// Takes an attempt from one state to another, with a word on why; `false` when it is not (any longer) in the first.
pub async fn set_state(
    conn: &mut PgConnection,
    attempt: &Incoming,
    (from, to): (&str, &str),
    message: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE incoming_models SET state = $4, message = $5, changed_at = $6
         WHERE model_uuid = $1 AND prepared_at = $2 AND state = $3",
        attempt.model_uuid,
        attempt.prepared_at,
        from,
        to,
        message,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes why an attempt does not go on.
pub async fn set_message(conn: &mut PgConnection, attempt: &Incoming, message: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE incoming_models SET message = $3 WHERE model_uuid = $1 AND prepared_at = $2",
        attempt.model_uuid,
        attempt.prepared_at,
        message
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets an attempt, when it is in the same state still.
pub async fn forget(conn: &mut PgConnection, attempt: &Incoming) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM incoming_models WHERE model_uuid = $1 AND prepared_at = $2 AND state = $3",
        attempt.model_uuid,
        attempt.prepared_at,
        attempt.state
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps who local users of the model's former controller are.
pub async fn keep_users(conn: &mut PgConnection, model: Uuid, users: &BTreeMap<String, String>) -> Result<()> {
    let (local, external): (Vec<String>, Vec<String>) = users.clone().into_iter().unzip();
    sqlx::query!(
        "INSERT INTO user_mappings (model_uuid, local_user, external_user)
         SELECT $1, * FROM unnest($2::text[], $3::text[])
         ON CONFLICT (model_uuid, local_user) DO UPDATE SET external_user = excluded.external_user",
        model,
        &local,
        &external
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who a local user of the model's former controller is.
pub async fn user_of(conn: &mut PgConnection, model: Uuid, local: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "SELECT external_user FROM user_mappings WHERE model_uuid = $1 AND local_user = $2",
        model,
        local
    )
    .fetch_optional(conn)
    .await?)
}
