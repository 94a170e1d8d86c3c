//! The summaries of models as lists show them, and how fresh they are: one replica at a time keeps those of a controller.
//!
//! What a controller told of a model lies in the model's own row (see [`crate::models::refresh`]); here is until when
//! that was true, and everything of a list in one statement.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::listen::notify;

/// Notified when the row of a model or a right to one changed: UUIDs with commas between them, or `*` for any.
pub const CHANNEL_CHANGED: &str = "jimm_summaries_changed";
/// Notified with the UUID of a controller whose models somebody wants to be looked at now.
pub const CHANNEL_WANTED: &str = "jimm_summaries_wanted";
/// Notified with the UUID of a controller whose models were looked at because that was wanted.
pub const CHANNEL_SEEN: &str = "jimm_summaries_seen";

/// A model as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// See [`crate::models::Model::uuid`].
    pub uuid: Uuid,
    /// See [`crate::models::Model::name`].
    pub name: String,
    /// See [`crate::models::Model::owner`].
    pub owner: String,
    /// See [`crate::models::Model::controller_uuid`].
    pub controller_uuid: Uuid,
    /// The broker's name for that controller.
    pub controller_name: String,
    /// See [`crate::models::Model::cloud`].
    pub cloud: String,
    /// See [`crate::models::Model::region`].
    pub region: String,
    /// See [`crate::models::Model::credential_owner`].
    pub credential_owner: Option<String>,
    /// See [`crate::models::Model::credential_name`].
    pub credential_name: Option<String>,
    /// See [`crate::models::Model::kind`].
    pub kind: String,
    /// See [`crate::models::Model::life`].
    pub life: String,
    /// See [`crate::models::Model::status`].
    pub status: String,
    /// See [`crate::models::Model::status_info`].
    pub status_info: String,
    /// See [`crate::models::Model::status_since`].
    pub status_since: Option<DateTime<Utc>>,
    /// See [`crate::models::Model::agent_version`].
    pub agent_version: String,
    /// See [`crate::models::Model::machines`].
    pub machines: i64,
    /// See [`crate::models::Model::cores`].
    pub cores: i64,
    /// See [`crate::models::Model::units`].
    pub units: i64,
    /// See [`crate::models::Model::applications`].
    pub applications: i64,
    /// See [`crate::models::Model::summary`].
    pub summary: Value,
    /// What a watched controller last told of it in short; an object.
    pub brief: Value,
    /// See [`crate::models::Model::refreshed_at`].
    pub refreshed_at: Option<DateTime<Utc>>,
    /// Since when its controller does not list it.
    pub unlisted_since: Option<DateTime<Utc>>,
    /// Whether its controller tells of changes by itself.
    pub watched: bool,
    /// Until when what is known of its controller's models was true.
    pub seen_at: Option<DateTime<Utc>>,
    /// How long that controller takes to list its models, in milliseconds.
    pub took: i64,
    /// Since when that controller does not answer.
    pub failed_since: Option<DateTime<Utc>>,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Summary,
            r#"SELECT m.uuid, m.name, m.owner, m.controller_uuid, c.name AS controller_name, m.cloud, m.region,
                    m.credential_owner, m.credential_name, m.type AS kind, m.life, m.status, m.status_info,
                    m.status_since, m.agent_version, m.machines, m.cores, m.units, m.applications, m.summary,
                    m.brief, m.refreshed_at, m.unlisted_since, coalesce(w.watched, false) AS "watched!",
                    w.seen_at AS "seen_at?", coalesce(w.took, 0) AS "took!", w.failed_since AS "failed_since?"
             FROM models m JOIN controllers c ON c.uuid = m.controller_uuid
             LEFT JOIN summary_watches w ON w.controller_uuid = m.controller_uuid
             WHERE m.mode <> 'creating' "# + $tail $(, $arg)*
        )
    };
}

/// Those of the given models that exist, but those being made, by owner and name.
pub async fn of(conn: &mut PgConnection, uuids: &[Uuid]) -> Result<Vec<Summary>> {
    Ok(select!("AND m.uuid = ANY($1) ORDER BY m.owner, m.name", uuids).fetch_all(conn).await?)
}

/// All models but those being made, by owner and name.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Summary>> {
    Ok(select!("ORDER BY m.owner, m.name").fetch_all(conn).await?)
}

/// How the summaries of a controller's models are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// The controller.
    pub controller_uuid: Uuid,
    /// See [`Summary::watched`].
    pub watched: bool,
    /// See [`Summary::seen_at`].
    pub seen_at: Option<DateTime<Utc>>,
    /// See [`Summary::failed_since`].
    pub failed_since: Option<DateTime<Utc>>,
    /// Why it does not answer.
    pub failure: String,
}

/// Of all controllers that were ever looked at.
pub async fn watches(conn: &mut PgConnection) -> Result<Vec<Watch>> {
    Ok(sqlx::query_as!(
        Watch,
        "SELECT controller_uuid, watched, seen_at, failed_since, failure FROM summary_watches ORDER BY controller_uuid"
    )
    .fetch_all(conn)
    .await?)
}

/// What is known of the controller's models was true at that time. `watched` is whether it tells of changes by itself,
/// where that was tried, and `took` how long it took to list them, where they were. Tells whether the controller had not answered before.
pub async fn seen(
    conn: &mut PgConnection,
    controller: Uuid,
    watched: Option<bool>,
    took: Option<i64>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let back = sqlx::query_scalar!(
        r#"WITH before AS (SELECT failed_since FROM summary_watches WHERE controller_uuid = $1)
           INSERT INTO summary_watches AS w (controller_uuid, watched, seen_at, took)
           SELECT uuid, coalesce($2::boolean, false), $4, coalesce($3::bigint, 0) FROM controllers WHERE uuid = $1
           ON CONFLICT (controller_uuid) DO UPDATE SET
               watched = coalesce($2::boolean, w.watched), seen_at = greatest(w.seen_at, $4), took = coalesce($3::bigint, w.took), failed_since = NULL,
               failure = ''
           RETURNING (SELECT failed_since IS NOT NULL FROM before) AS "back""#,
        controller,
        watched,
        took,
        at
    )
    .fetch_optional(&mut *conn)
    .await?
    .flatten()
    .unwrap_or_default();
    if back {
        notify(conn, CHANNEL_CHANGED, "*").await?;
    }
    Ok(back)
}

/// The controller does not answer since that time. Tells whether that is new.
pub async fn failed(conn: &mut PgConnection, controller: Uuid, why: &str, at: DateTime<Utc>) -> Result<bool> {
    let new = sqlx::query_scalar!(
        r#"WITH before AS (SELECT failed_since FROM summary_watches WHERE controller_uuid = $1)
           INSERT INTO summary_watches AS w (controller_uuid, failed_since, failure)
           SELECT uuid, $3, $2 FROM controllers WHERE uuid = $1
           ON CONFLICT (controller_uuid) DO UPDATE SET
               failed_since = coalesce(w.failed_since, $3), failure = $2
           RETURNING (SELECT count(failed_since) = 0 FROM before) AS "new""#,
        controller,
        why,
        at
    )
    .fetch_optional(&mut *conn)
    .await?
    .flatten()
    .unwrap_or_default();
    if new {
        notify(conn, CHANNEL_CHANGED, "*").await?;
    }
    Ok(new)
}

/// Asks whoever has charge of the controllers to look at their models now.
pub async fn want(conn: &mut PgConnection, controllers: &[Uuid]) -> Result<()> {
    tell(conn, CHANNEL_WANTED, controllers).await
}

/// Tells those who wanted it that the controller's models were looked at.
pub async fn tell_seen(conn: &mut PgConnection, controller: Uuid) -> Result<()> {
    tell(conn, CHANNEL_SEEN, &[controller]).await
}

async fn tell(conn: &mut PgConnection, channel: &str, controllers: &[Uuid]) -> Result<()> {
    sqlx::query!(
        r#"SELECT pg_notify($1, uuid::text)::text AS "sent" FROM unnest($2::uuid[]) uuid"#,
        channel,
        controllers
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Keeps what a watched controller told of its models in short; what it tells of others is not taken.
pub async fn keep_briefs(conn: &mut PgConnection, controller: Uuid, told: &[(Uuid, Value)]) -> Result<u64> {
    let (uuids, briefs): (Vec<Uuid>, Vec<Value>) = told.iter().cloned().unzip();
    let done = sqlx::query!(
        "UPDATE models SET brief = t.brief
         FROM unnest($2::uuid[], $3::jsonb[]) AS t (uuid, brief)
         WHERE models.uuid = t.uuid AND models.controller_uuid = $1 AND models.brief IS DISTINCT FROM t.brief",
        controller,
        &uuids,
        &briefs
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The controllers, by UUID.
pub async fn controllers(conn: &mut PgConnection) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("SELECT uuid FROM controllers ORDER BY uuid").fetch_all(conn).await?)
}

/// The direct administrators of the given models, by model and name.
pub async fn administrators(conn: &mut PgConnection, models: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let ids: Vec<String> = models.iter().map(Uuid::to_string).collect();
    let rows = sqlx::query!(
        "SELECT object_id, subject_id FROM relation_tuples
         WHERE object_kind = 'model' AND object_id = ANY($1) AND relation = 'administrator' AND subject_kind = 'user'
           AND subject_relation = ''
         ORDER BY object_id, subject_id",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.object_id.parse().ok()?, row.subject_id))).collect())
}

/// Those of the controller's settled models that are being destroyed and are not listed.
pub async fn gone(conn: &mut PgConnection, controller: Uuid, listed: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT uuid FROM models
         WHERE controller_uuid = $1 AND mode = '' AND life <> 'alive' AND uuid NOT IN (SELECT unnest($2::uuid[])) ORDER BY uuid",
        controller,
        listed
    )
    .fetch_all(conn)
    .await?)
}

/// Notes the settled models of the controller that it does not list; those that it lists again are
/// [`crate::models::refresh`]ed. Models that changed shortly before that time are spared: the list may have been made
/// before, and the clocks of Postgres and the broker may differ.
pub async fn note_unlisted(
    conn: &mut PgConnection,
    controller: Uuid,
    listed: &[Uuid],
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE models SET unlisted_since = $3
         WHERE controller_uuid = $1 AND unlisted_since IS NULL AND mode = '' AND uuid NOT IN (SELECT unnest($2::uuid[]))
           AND greatest(created_at, updated_at) < $3::timestamptz - interval '10 seconds'",
        controller,
        listed,
        at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
