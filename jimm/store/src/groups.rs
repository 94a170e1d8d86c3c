//! Groups and roles: named sets of identities. Who belongs to them is told by relation tuples.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Tx};

/// The key that says that the name is taken.
pub const NAME_KEY: &str = "identity_sets_kind_name_key";

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetKind {
    /// A group, with members.
    Group,
    /// A role, with assignees.
    Role,
}

impl SetKind {
    /// Its word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

/// A group or role.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentitySet {
    /// Its UUID, by which tuples name it.
    pub uuid: Uuid,
    /// Its name, unique among its kind.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last renamed.
    pub updated_at: DateTime<Utc>,
}

/// Makes one. A taken name is a conflict on [`NAME_KEY`].
pub async fn insert(conn: &mut PgConnection, kind: SetKind, uuid: Uuid, name: &str) -> Result<IdentitySet> {
    Ok(sqlx::query_as!(
        IdentitySet,
        "INSERT INTO identity_sets (uuid, kind, name) VALUES ($1, $2, $3) RETURNING uuid, name, created_at, updated_at",
        uuid,
        kind.as_str(),
        name
    )
    .fetch_one(conn)
    .await?)
}

/// The one of that UUID.
pub async fn get(conn: &mut PgConnection, kind: SetKind, uuid: Uuid) -> Result<Option<IdentitySet>> {
    Ok(sqlx::query_as!(
        IdentitySet,
        "SELECT uuid, name, created_at, updated_at FROM identity_sets WHERE kind = $1 AND uuid = $2",
        kind.as_str(),
        uuid
    )
    .fetch_optional(conn)
    .await?)
}

/// The one of that name.
pub async fn get_by_name(conn: &mut PgConnection, kind: SetKind, name: &str) -> Result<Option<IdentitySet>> {
    Ok(sqlx::query_as!(
        IdentitySet,
        "SELECT uuid, name, created_at, updated_at FROM identity_sets WHERE kind = $1 AND name = $2",
        kind.as_str(),
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// Those of the given that exist.
pub async fn get_many(conn: &mut PgConnection, kind: SetKind, uuids: &[Uuid]) -> Result<Vec<IdentitySet>> {
    Ok(sqlx::query_as!(
        IdentitySet,
        "SELECT uuid, name, created_at, updated_at FROM identity_sets WHERE kind = $1 AND uuid = ANY($2)",
        kind.as_str(),
        uuids
    )
    .fetch_all(conn)
    .await?)
}

/// A page of those whose name contains `matching`, by name.
pub async fn list(
    conn: &mut PgConnection,
    kind: SetKind,
    matching: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<IdentitySet>> {
    Ok(sqlx::query_as!(
        IdentitySet,
        "SELECT uuid, name, created_at, updated_at FROM identity_sets
         WHERE kind = $1 AND ($2 = '' OR strpos(name, $2) > 0) ORDER BY name OFFSET $3 LIMIT $4",
        kind.as_str(),
        matching,
        offset,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many have a name that contains `matching`.
pub async fn count(conn: &mut PgConnection, kind: SetKind, matching: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM identity_sets WHERE kind = $1 AND ($2 = '' OR strpos(name, $2) > 0)"#,
        kind.as_str(),
        matching
    )
    .fetch_one(conn)
    .await?)
}

/// Renames one; tells whether it exists. A taken name is a conflict on [`NAME_KEY`].
pub async fn rename(conn: &mut PgConnection, kind: SetKind, uuid: Uuid, name: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE identity_sets SET name = $3, updated_at = now() WHERE kind = $1 AND uuid = $2",
        kind.as_str(),
        uuid,
        name
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes one, and every tuple on it and of it; tells whether it existed.
pub async fn delete(tx: &mut Tx, kind: SetKind, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM identity_sets WHERE kind = $1 AND uuid = $2", kind.as_str(), uuid)
        .execute(&mut **tx)
        .await?;
    let id = uuid.to_string();
    crate::tuples::delete_object(tx, kind.as_str(), &id).await?;
    crate::tuples::delete_subject(tx, kind.as_str(), &id).await?;
    Ok(done.rows_affected() > 0)
}
