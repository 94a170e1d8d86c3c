//! Everybody who ever logged in or was given a right.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;
use crate::listen::notify;

/// Told, with the identity's name, when it was refused or admitted again or sessions of it were ended; without a name
/// when that may be so of anybody.
pub const CHANNEL_CHANGED: &str = "jimm_identity_changed";
/// Longer names do not fit into a notification.
const LONGEST: usize = 4000;

/// A user or service account, by its full name.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The name, with its domain.
    pub name: String,
    /// The name to show.
    pub display_name: String,
    /// Whether it is refused at login.
    pub disabled: bool,
    /// How often all its sessions were ended.
    pub epoch: i64,
    /// When it last logged in.
    pub last_login: Option<DateTime<Utc>>,
    /// When the broker first heard of it.
    pub created_at: DateTime<Utc>,
}

/// Makes sure that the identity exists; tells whether it is new.
pub async fn ensure(conn: &mut PgConnection, name: &str) -> Result<bool> {
    let done = sqlx::query!("INSERT INTO identities (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", name)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Makes sure that these identities are there.
pub async fn ensure_many(conn: &mut PgConnection, names: &[String]) -> Result<()> {
    sqlx::query!("INSERT INTO identities (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING", names)
        .execute(conn)
        .await?;
    Ok(())
}

/// Records a login, with the display name when the provider told one, and returns the identity.
pub async fn record_login(
    conn: &mut PgConnection,
    name: &str,
    display_name: &str,
    at: DateTime<Utc>,
) -> Result<Identity> {
    Ok(sqlx::query_as!(
        Identity,
        "INSERT INTO identities (name, display_name, last_login) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET
             display_name = coalesce(nullif(excluded.display_name, ''), identities.display_name),
             last_login = greatest(identities.last_login, excluded.last_login),
             updated_at = now()
         RETURNING name, display_name, disabled, epoch, last_login, created_at",
        name,
        display_name,
        at
    )
    .fetch_one(conn)
    .await?)
}

/// The identity of that name.
pub async fn get(conn: &mut PgConnection, name: &str) -> Result<Option<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "SELECT name, display_name, disabled, epoch, last_login, created_at FROM identities WHERE name = $1",
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// Those of the named that exist, by name.
pub async fn get_many(conn: &mut PgConnection, names: &[String]) -> Result<Vec<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "SELECT name, display_name, disabled, epoch, last_login, created_at FROM identities WHERE name = ANY($1) ORDER BY name",
        names
    )
    .fetch_all(conn)
    .await?)
}

/// A page of identities whose name contains `matching`, by name, after the given one.
pub async fn list(conn: &mut PgConnection, matching: &str, after: &str, limit: i64) -> Result<Vec<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "SELECT name, display_name, disabled, epoch, last_login, created_at FROM identities
         WHERE name > $2 AND ($1 = '' OR strpos(name, $1) > 0) ORDER BY name LIMIT $3",
        matching,
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// A page of identities whose name contains `matching`, by name.
pub async fn page(conn: &mut PgConnection, matching: &str, offset: i64, limit: i64) -> Result<Vec<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "SELECT name, display_name, disabled, epoch, last_login, created_at FROM identities
         WHERE $1 = '' OR strpos(name, $1) > 0 ORDER BY name OFFSET $2 LIMIT $3",
        matching,
        offset,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many have a name that contains `matching`.
pub async fn count(conn: &mut PgConnection, matching: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM identities WHERE $1 = '' OR strpos(name, $1) > 0"#,
        matching
    )
    .fetch_one(conn)
    .await?)
}

/// Refuses or admits an identity; tells whether it exists. Call it in a transaction.
pub async fn set_disabled(conn: &mut PgConnection, name: &str, disabled: bool) -> Result<bool> {
    let done = sqlx::query!("UPDATE identities SET disabled = $2, updated_at = now() WHERE name = $1", name, disabled)
        .execute(&mut *conn)
        .await?;
    changed(conn, name).await?;
    Ok(done.rows_affected() > 0)
}

/// Tells everybody who listens to look at this identity.
pub(crate) async fn changed(conn: &mut PgConnection, name: &str) -> Result<()> {
    notify(conn, CHANNEL_CHANGED, if name.len() > LONGEST { "" } else { name }).await
}

/// The identity of that name, which nobody else may lock before this transaction ends.
pub async fn lock(conn: &mut PgConnection, name: &str) -> Result<Option<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "SELECT name, display_name, disabled, epoch, last_login, created_at FROM identities WHERE name = $1 FOR UPDATE",
        name
    )
    .fetch_optional(conn)
    .await?)
}
