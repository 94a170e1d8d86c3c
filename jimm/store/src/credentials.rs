//! Cloud credentials: who owns them and whether they work. What they hold is sealed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A credential, by cloud, owner and name.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// The cloud it is for.
    pub cloud: String,
    /// Whose it is.
    pub owner: String,
    /// Its name among the owner's for that cloud.
    pub name: String,
    /// How it authenticates, e.g. `userpass`.
    pub auth_type: String,
    /// The attributes, sealed; `None` for a credential without any.
    pub sealed: Option<Vec<u8>>,
    /// Whether a controller found it working; `None` when none was asked.
    pub valid: Option<bool>,
    /// Why it does not work.
    pub invalid_reason: String,
    /// When it was first uploaded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What is uploaded.
#[derive(Clone, Debug, Default)]
pub struct NewCredential {
    /// See [`Credential::cloud`].
    pub cloud: String,
    /// See [`Credential::owner`].
    pub owner: String,
    /// See [`Credential::name`].
    pub name: String,
    /// See [`Credential::auth_type`].
    pub auth_type: String,
    /// See [`Credential::sealed`].
    pub sealed: Option<Vec<u8>>,
    /// See [`Credential::valid`].
    pub valid: Option<bool>,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Credential,
            "SELECT cloud, owner, name, auth_type, sealed, valid, invalid_reason, created_at, updated_at
             FROM credentials " + $tail $(, $arg)*
        )
    };
}

/// Adds the credential or replaces its content; the cloud must exist, the owner is made when new. Tells whether the
/// credential is new.
pub async fn put(conn: &mut PgConnection, credential: &NewCredential) -> Result<bool> {
    crate::identities::ensure(conn, &credential.owner).await?;
    let row = sqlx::query!(
        r#"INSERT INTO credentials (cloud, owner, name, auth_type, sealed, valid) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (cloud, owner, name) DO UPDATE SET
               auth_type = excluded.auth_type, sealed = excluded.sealed, valid = excluded.valid, invalid_reason = '',
               updated_at = now()
           RETURNING (xmax = 0) AS "inserted!""#,
        credential.cloud,
        credential.owner,
        credential.name,
        credential.auth_type,
        credential.sealed,
        credential.valid
    )
    .fetch_one(conn)
    .await?;
    Ok(row.inserted)
}

/// The credential of that name.
pub async fn get(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<Option<Credential>> {
    Ok(select!("WHERE cloud = $1 AND owner = $2 AND name = $3", cloud, owner, name).fetch_optional(conn).await?)
}

/// The same, its row held until the transaction ends: nobody changes it, and no model comes to use it.
pub async fn get_for_update(
    conn: &mut PgConnection,
    cloud: &str,
    owner: &str,
    name: &str,
) -> Result<Option<Credential>> {
    let row = select!("WHERE cloud = $1 AND owner = $2 AND name = $3 FOR UPDATE", cloud, owner, name);
    Ok(row.fetch_optional(conn).await?)
}

/// Keeps the credential from being removed until the transaction ends; tells whether it exists.
pub async fn hold(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<bool> {
    let row = sqlx::query_scalar!(
        "SELECT 1 FROM credentials WHERE cloud = $1 AND owner = $2 AND name = $3 FOR KEY SHARE",
        cloud,
        owner,
        name
    );
    Ok(row.fetch_optional(conn).await?.is_some())
}

/// How many models use the credential, those being made among them.
pub async fn uses(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM models
           WHERE cloud = $1 AND credential_owner = $2 AND credential_name = $3"#,
        cloud,
        owner,
        name
    );
    Ok(count.fetch_one(conn).await?)
}

/// The controllers that need the credential: of the models that use it, of those being made, and those to which such models
/// are moving.
pub async fn homes(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<Vec<Uuid>> {
    let homes = sqlx::query_scalar!(
        r#"WITH used AS (
               SELECT uuid, controller_uuid FROM models
               WHERE cloud = $1 AND credential_owner = $2 AND credential_name = $3
           )
           SELECT controller_uuid AS "home!" FROM used
           UNION
           SELECT target_uuid FROM migrations JOIN used ON uuid = model_uuid WHERE state = 'running'
           ORDER BY 1"#,
        cloud,
        owner,
        name
    );
    Ok(homes.fetch_all(conn).await?)
}

/// All of the owner's, by cloud and name.
pub async fn of_owner(conn: &mut PgConnection, owner: &str) -> Result<Vec<Credential>> {
    Ok(select!("WHERE owner = $1 ORDER BY cloud, name", owner).fetch_all(conn).await?)
}

/// The owner's for one cloud, by name.
pub async fn of_owner_and_cloud(conn: &mut PgConnection, owner: &str, cloud: &str) -> Result<Vec<Credential>> {
    Ok(select!("WHERE owner = $1 AND cloud = $2 ORDER BY name", owner, cloud).fetch_all(conn).await?)
}

/// Notes whether the credential works; tells whether it exists.
pub async fn set_valid(
    conn: &mut PgConnection,
    cloud: &str,
    owner: &str,
    name: &str,
    valid: bool,
    reason: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE credentials SET valid = $4, invalid_reason = $5, updated_at = now()
         WHERE cloud = $1 AND owner = $2 AND name = $3",
        cloud,
        owner,
        name,
        valid,
        reason
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes the credential; tells whether it existed.
pub async fn delete(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<bool> {
    let done =
        sqlx::query!("DELETE FROM credentials WHERE cloud = $1 AND owner = $2 AND name = $3", cloud, owner, name)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() > 0)
}
