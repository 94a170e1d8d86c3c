//! Records of models that the broker no longer has. Postgres puts them here when their rows are deleted.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    /// Its number.
    pub id: i64,
    /// The model's UUID.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Where it was last.
    pub controller_uuid: Uuid,
    /// What that was called.
    pub controller_name: String,
    /// When the record went.
    pub archived_at: DateTime<Utc>,
}

/// A page of the records, the newest first.
pub async fn list(conn: &mut PgConnection, before: Option<i64>, limit: i64) -> Result<Vec<Archived>> {
    Ok(sqlx::query_as!(
        Archived,
        "SELECT id, uuid, name, owner, controller_uuid, controller_name, archived_at FROM archived_models
         WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit
    )
    .fetch_all(conn)
    .await?)
}
