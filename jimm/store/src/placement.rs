//! What placement looks at: the controllers that serve a region with what they carry, and the marks operators give them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A controller that serves a region, what it carries, and how it is marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// The controller.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it runs.
    pub agent_version: String,
    /// The region it would serve the model in.
    pub region: String,
    /// Its priority there.
    pub priority: i32,
    /// Gets no new models.
    pub deprecated: bool,
    /// Since when it cannot be reached.
    pub unavailable_since: Option<DateTime<Utc>>,
    /// Since when it gets no models at all.
    pub cordoned_since: Option<DateTime<Utc>>,
    /// Why.
    pub cordon_reason: String,
    /// What operators say of it; an object of strings.
    pub labels: Value,
    /// What keeps models away from it; an object of strings.
    pub taints: Value,
    /// Models it hosts or is making.
    pub models: i64,
    /// Their machines, as last told.
    pub machines: i64,
    /// Their units, as last told.
    pub units: i64,
    /// How many of the models are the owner's.
    pub owned: i64,
    /// How long it took to list its models, in milliseconds.
    pub took: i64,
}

/// The controllers that serve the cloud (in that region, unless it is empty), by name. Those that will get no models are
/// there too, for the caller to say why not them. `owner` is whose models are counted apart.
pub async fn hosts(conn: &mut PgConnection, cloud: &str, region: &str, owner: &str) -> Result<Vec<Host>> {
    Ok(sqlx::query_as!(
        Host,
        r#"SELECT c.uuid, c.name, c.agent_version, p.region, p.priority, c.deprecated, c.unavailable_since,
                  c.cordoned_since, c.cordon_reason, c.labels, c.taints, coalesce(l.models, 0) AS "models!",
                  coalesce(l.machines, 0) AS "machines!", coalesce(l.units, 0) AS "units!",
                  coalesce(l.owned, 0) AS "owned!", coalesce(w.took, 0) AS "took!"
           FROM cloud_region_priorities p JOIN controllers c ON c.uuid = p.controller_uuid
           LEFT JOIN (SELECT controller_uuid, count(*) AS models, sum(machines)::bigint AS machines,
                             sum(units)::bigint AS units, count(*) FILTER (WHERE owner = $3) AS owned
                      FROM models GROUP BY controller_uuid) l ON l.controller_uuid = c.uuid
           LEFT JOIN summary_watches w ON w.controller_uuid = c.uuid
           WHERE p.cloud = $1 AND ($2 = '' OR p.region = $2)
           ORDER BY c.name, p.region"#,
        cloud,
        region,
        owner
    )
    .fetch_all(conn)
    .await?)
}

/// Gives the controller these labels and taints instead of those it had; tells whether it exists.
pub async fn set_marks(conn: &mut PgConnection, uuid: Uuid, labels: &Value, taints: &Value) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET labels = $2, taints = $3, updated_at = now() WHERE uuid = $1",
        uuid,
        labels,
        taints
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// From now on the controller gets no models; who says so first and why stays. Tells whether that is news.
pub async fn cordon(conn: &mut PgConnection, uuid: Uuid, by: &str, why: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET cordoned_since = $4, cordoned_by = $2, cordon_reason = $3, updated_at = now()
         WHERE uuid = $1 AND cordoned_since IS NULL",
        uuid,
        by,
        why,
        at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The controller gets models again; tells whether that is news.
pub async fn uncordon(conn: &mut PgConnection, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET cordoned_since = NULL, cordoned_by = '', cordon_reason = '', updated_at = now()
         WHERE uuid = $1 AND cordoned_since IS NOT NULL",
        uuid
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How many models each owner has on each controller.
pub async fn owners(conn: &mut PgConnection) -> Result<Vec<(Uuid, String, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT controller_uuid, owner, count(*) AS "models!" FROM models GROUP BY controller_uuid, owner"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.controller_uuid, row.owner, row.models)).collect())
}
