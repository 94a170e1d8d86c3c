//! What an identity wants its new models to be configured with, per cloud and region.

use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// Defaults of one identity for one cloud (`region` empty) or one region of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudDefaults {
    /// Whose they are.
    pub identity: String,
    /// For which cloud.
    pub cloud: String,
    /// For which region; empty for the whole cloud.
    pub region: String,
    /// Key to value; an object.
    pub defaults: Value,
}

/// Sets the given keys and leaves the others; one statement, so that racing writers of different keys both win.
pub async fn set(conn: &mut PgConnection, identity: &str, cloud: &str, region: &str, values: &Value) -> Result<()> {
    crate::identities::ensure(conn, identity).await?;
    sqlx::query!(
        "INSERT INTO cloud_defaults (identity, cloud, region, defaults) VALUES ($1, $2, $3, $4)
         ON CONFLICT (identity, cloud, region) DO UPDATE SET
             defaults = cloud_defaults.defaults || excluded.defaults, updated_at = now()",
        identity,
        cloud,
        region,
        values
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the given keys; tells whether there was anything to forget them from.
pub async fn unset(
    conn: &mut PgConnection,
    identity: &str,
    cloud: &str,
    region: &str,
    keys: &[String],
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE cloud_defaults SET defaults = defaults - $4::text[], updated_at = now()
         WHERE identity = $1 AND cloud = $2 AND region = $3",
        identity,
        cloud,
        region,
        keys
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The defaults of the identity for one cloud: that of the whole cloud first, then by region.
pub async fn of_cloud(conn: &mut PgConnection, identity: &str, cloud: &str) -> Result<Vec<CloudDefaults>> {
    Ok(sqlx::query_as!(
        CloudDefaults,
        "SELECT identity, cloud, region, defaults FROM cloud_defaults WHERE identity = $1 AND cloud = $2 ORDER BY region",
        identity,
        cloud
    )
    .fetch_all(conn)
    .await?)
}

/// The same for several clouds, by cloud.
pub async fn of_clouds(conn: &mut PgConnection, identity: &str, clouds: &[String]) -> Result<Vec<CloudDefaults>> {
    Ok(sqlx::query_as!(
        CloudDefaults,
        "SELECT identity, cloud, region, defaults FROM cloud_defaults
         WHERE identity = $1 AND cloud = ANY($2) ORDER BY cloud, region",
        identity,
        clouds
    )
    .fetch_all(conn)
    .await?)
}
