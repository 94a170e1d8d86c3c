//! The Juju controllers behind the broker.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The key that says that a controller's name is taken.
pub const NAME_KEY: &str = "controllers_name_key";
/// The key that says that a controller's UUID is taken.
pub const UUID_KEY: &str = "controllers_pkey";

/// A controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    /// Its own UUID.
    pub uuid: Uuid,
    /// The broker's name for it.
    pub name: String,
    /// Its API addresses, `host:port`.
    pub addresses: Vec<String>,
    /// Its address for everybody, `host:port`; empty for none.
    pub public_address: String,
    /// The certificate to trust, PEM; empty for the system's.
    pub ca_certificate: String,
    /// The name its certificate bears; empty for the usual.
    pub tls_hostname: String,
    /// What it runs.
    pub agent_version: String,
    /// The cloud it runs in.
    pub cloud: String,
    /// The region it runs in.
    pub region: String,
    /// The name of its own superuser; empty when not known.
    pub admin_username: String,
    /// The password of that superuser, sealed.
    pub admin_sealed: Option<Vec<u8>>,
    /// Facade name to served versions, as it last told.
    pub facades: Value,
    /// Gets no new models.
    pub deprecated: bool,
    /// Since when it cannot be reached.
    pub unavailable_since: Option<DateTime<Utc>>,
    /// Why it cannot be reached.
    pub unavailable_reason: String,
    /// What operators say of it; an object of strings.
    pub labels: Value,
    /// What keeps models away from it that were not meant for it; an object of strings.
    pub taints: Value,
    /// Since when it gets no models, by whatever way.
    pub cordoned_since: Option<DateTime<Utc>>,
    /// Who said so.
    pub cordoned_by: String,
    /// Why.
    pub cordon_reason: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a new controller is made of; the rest has defaults.
#[derive(Clone, Debug, Default)]
pub struct NewController {
    /// See [`Controller::uuid`].
    pub uuid: Uuid,
    /// See [`Controller::name`].
    pub name: String,
    /// See [`Controller::addresses`].
    pub addresses: Vec<String>,
    /// See [`Controller::public_address`].
    pub public_address: String,
    /// See [`Controller::ca_certificate`].
    pub ca_certificate: String,
    /// See [`Controller::tls_hostname`].
    pub tls_hostname: String,
    /// See [`Controller::agent_version`].
    pub agent_version: String,
    /// See [`Controller::cloud`].
    pub cloud: String,
    /// See [`Controller::region`].
    pub region: String,
    /// See [`Controller::admin_username`].
    pub admin_username: String,
    /// See [`Controller::admin_sealed`].
    pub admin_sealed: Option<Vec<u8>>,
    /// See [`Controller::facades`]; an object.
    pub facades: Value,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Controller,
            "SELECT uuid, name, addresses, public_address, ca_certificate, tls_hostname, agent_version, cloud, region,
                    admin_username, admin_sealed, facades, deprecated, unavailable_since, unavailable_reason,
                    labels, taints, cordoned_since, cordoned_by, cordon_reason, created_at, updated_at
             FROM controllers " + $tail $(, $arg)*
        )
    };
}

/// Adds a controller. Its cloud must exist. A taken name or UUID is a conflict on [`NAME_KEY`] or [`UUID_KEY`].
pub async fn insert(conn: &mut PgConnection, controller: &NewController) -> Result<()> {
    sqlx::query!(
        "INSERT INTO controllers (uuid, name, addresses, public_address, ca_certificate, tls_hostname, agent_version,
                                  cloud, region, admin_username, admin_sealed, facades)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, coalesce(nullif($12::jsonb, 'null'), '{}'))",
        controller.uuid,
        controller.name,
        &controller.addresses,
        controller.public_address,
        controller.ca_certificate,
        controller.tls_hostname,
        controller.agent_version,
        controller.cloud,
        controller.region,
        controller.admin_username,
        controller.admin_sealed,
        controller.facades
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The controller of that UUID.
pub async fn get(conn: &mut PgConnection, uuid: Uuid) -> Result<Option<Controller>> {
    Ok(select!("WHERE uuid = $1", uuid).fetch_optional(conn).await?)
}

/// The controller of that UUID, its row held until the transaction ends: it cannot be removed meanwhile.
pub async fn get_for_update(conn: &mut PgConnection, uuid: Uuid) -> Result<Option<Controller>> {
    Ok(select!("WHERE uuid = $1 FOR UPDATE", uuid).fetch_optional(conn).await?)
}

/// The controller of that name.
pub async fn get_by_name(conn: &mut PgConnection, name: &str) -> Result<Option<Controller>> {
    Ok(select!("WHERE name = $1", name).fetch_optional(conn).await?)
}

/// Those of the given controllers that exist, by name.
pub async fn get_many(conn: &mut PgConnection, uuids: &[Uuid]) -> Result<Vec<Controller>> {
    Ok(select!("WHERE uuid = ANY($1) ORDER BY name", uuids).fetch_all(conn).await?)
}

/// All controllers, by name.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Controller>> {
    Ok(select!("ORDER BY name").fetch_all(conn).await?)
}

/// What the controllers run, each version once.
pub async fn agent_versions(conn: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("SELECT DISTINCT agent_version FROM controllers").fetch_all(conn).await?)
}

/// Removes the controller and its priorities; models on it forbid that (`StoreError::Reference`). Tells whether it
/// existed.
pub async fn delete(conn: &mut PgConnection, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM controllers WHERE uuid = $1", uuid).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}

/// Says whether the controller gets new models; tells whether it exists.
pub async fn set_deprecated(conn: &mut PgConnection, uuid: Uuid, deprecated: bool) -> Result<bool> {
    let done =
        sqlx::query!("UPDATE controllers SET deprecated = $2, updated_at = now() WHERE uuid = $1", uuid, deprecated)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the controller cannot be reached; the first time stays. Tells whether that is news.
pub async fn set_unavailable(conn: &mut PgConnection, uuid: Uuid, since: DateTime<Utc>, reason: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET unavailable_since = $2, unavailable_reason = $3, updated_at = now()
         WHERE uuid = $1 AND unavailable_since IS NULL",
        uuid,
        since,
        reason
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the controller was reached; tells whether that is news.
pub async fn set_available(conn: &mut PgConnection, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET unavailable_since = NULL, unavailable_reason = '', updated_at = now()
         WHERE uuid = $1 AND unavailable_since IS NOT NULL",
        uuid
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What a login told: version and facades. Writes only when something changed, and tells whether it did.
pub async fn set_seen(conn: &mut PgConnection, uuid: Uuid, agent_version: &str, facades: &Value) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET agent_version = $2, facades = $3, updated_at = now()
         WHERE uuid = $1 AND (agent_version, facades) IS DISTINCT FROM ($2, $3)",
        uuid,
        agent_version,
        facades
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes where the controller is reached; tells whether it exists.
pub async fn set_addresses(
    conn: &mut PgConnection,
    uuid: Uuid,
    addresses: &[String],
    public_address: &str,
    ca_certificate: &str,
    tls_hostname: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE controllers SET addresses = $2, public_address = $3, ca_certificate = $4, tls_hostname = $5,
                                updated_at = now()
         WHERE uuid = $1",
        uuid,
        addresses,
        public_address,
        ca_certificate,
        tls_hostname
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
