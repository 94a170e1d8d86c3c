//! Saved settings for making controllers.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// A profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What controllers made with it run.
    pub juju_version: String,
    /// How often it was saved.
    pub version: i64,
    /// Where; as on the wire.
    pub cloud: Value,
    /// How; as on the wire.
    pub options: Value,
    /// When it was saved first.
    pub created_at: DateTime<Utc>,
    /// When it was saved last.
    pub updated_at: DateTime<Utc>,
}

/// Saves a profile: a new one for version 0, else the one that has this version. `None` when there is one already, or when
/// it has another version, or is gone.
pub async fn save(conn: &mut PgConnection, profile: &Profile) -> Result<Option<Profile>> {
    if profile.version == 0 {
        return Ok(sqlx::query_as!(
            Profile,
            "INSERT INTO controller_profiles (name, description, juju_version, cloud, options)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING
             RETURNING name, description, juju_version, version, cloud, options, created_at, updated_at",
            profile.name,
            profile.description,
            profile.juju_version,
            profile.cloud,
            profile.options
        )
        .fetch_optional(conn)
        .await?);
    }
    Ok(sqlx::query_as!(
        Profile,
        "UPDATE controller_profiles SET description = $2, juju_version = $3, cloud = $4, options = $5,
                version = version + 1, updated_at = now()
         WHERE name = $1 AND version = $6
         RETURNING name, description, juju_version, version, cloud, options, created_at, updated_at",
        profile.name,
        profile.description,
        profile.juju_version,
        profile.cloud,
        profile.options,
        profile.version
    )
    .fetch_optional(conn)
    .await?)
}

/// The profile of that name.
pub async fn get(conn: &mut PgConnection, name: &str) -> Result<Option<Profile>> {
    Ok(sqlx::query_as!(
        Profile,
        "SELECT name, description, juju_version, version, cloud, options, created_at, updated_at
         FROM controller_profiles WHERE name = $1",
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// The profiles for that version or one that begins with it, by name.
pub async fn list(conn: &mut PgConnection, juju_version: &str) -> Result<Vec<Profile>> {
    Ok(sqlx::query_as!(
        Profile,
        "SELECT name, description, juju_version, version, cloud, options, created_at, updated_at
         FROM controller_profiles WHERE starts_with(juju_version, $1) ORDER BY name",
        juju_version
    )
    .fetch_all(conn)
    .await?)
}

/// Forgets a profile; tells whether there was one.
pub async fn remove(conn: &mut PgConnection, name: &str) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM controller_profiles WHERE name = $1", name).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}
