//! Clouds and their regions, and which controller serves which region with what priority.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A cloud as the controllers that serve it described it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cloud {
    /// Its name, one for all controllers.
    pub name: String,
    /// Its provider type, e.g. `openstack`.
    pub kind: String,
    /// Ways to authenticate, in the cloud's order.
    pub auth_types: Vec<String>,
    /// Default endpoint of the regions.
    pub endpoint: String,
    /// Default identity endpoint of the regions.
    pub identity_endpoint: String,
    /// Default storage endpoint of the regions.
    pub storage_endpoint: String,
    /// `cloud/region` a Kubernetes cloud runs in.
    pub host_cloud_region: String,
    /// Certificates to trust at its endpoints.
    pub ca_certificates: Vec<String>,
    /// Whether its certificates are not checked.
    pub skip_tls_verify: bool,
    /// Configuration of its own.
    pub config: Value,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a new cloud is made of, or an existing one changed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewCloud {
    /// See [`Cloud::name`].
    pub name: String,
    /// See [`Cloud::kind`].
    pub kind: String,
    /// See [`Cloud::auth_types`].
    pub auth_types: Vec<String>,
    /// See [`Cloud::endpoint`].
    pub endpoint: String,
    /// See [`Cloud::identity_endpoint`].
    pub identity_endpoint: String,
    /// See [`Cloud::storage_endpoint`].
    pub storage_endpoint: String,
    /// See [`Cloud::host_cloud_region`].
    pub host_cloud_region: String,
    /// See [`Cloud::ca_certificates`].
    pub ca_certificates: Vec<String>,
    /// See [`Cloud::skip_tls_verify`].
    pub skip_tls_verify: bool,
    /// See [`Cloud::config`]; an object.
    pub config: Value,
}

/// A region of a cloud.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// The cloud it belongs to.
    pub cloud: String,
    /// Its name in the cloud.
    pub name: String,
    /// Its place in the cloud's order; the first is the default.
    pub position: i32,
    /// Its endpoint.
    pub endpoint: String,
    /// Its identity endpoint.
    pub identity_endpoint: String,
    /// Its storage endpoint.
    pub storage_endpoint: String,
    /// Configuration of its own; an object.
    pub config: Value,
    /// Made up by the broker for a cloud without regions.
    pub is_virtual: bool,
}

/// A controller serves a region of a cloud.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Priority {
    /// The controller.
    pub controller_uuid: Uuid,
    /// The cloud.
    pub cloud: String,
    /// The region.
    pub region: String,
    /// The higher, the rather.
    pub priority: i32,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Cloud,
            "SELECT name, type AS kind, auth_types, endpoint, identity_endpoint, storage_endpoint, host_cloud_region,
                    ca_certificates, skip_tls_verify, config, created_at, updated_at
             FROM clouds " + $tail $(, $arg)*
        )
    };
}

macro_rules! select_regions {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Region,
            "SELECT cloud, name, position, endpoint, identity_endpoint, storage_endpoint, config, virtual AS is_virtual
             FROM cloud_regions " + $tail $(, $arg)*
        )
    };
}

/// Adds the cloud unless it exists; tells whether it is new. An existing one stays as it is.
pub async fn ensure(conn: &mut PgConnection, cloud: &NewCloud) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO clouds (name, type, auth_types, endpoint, identity_endpoint, storage_endpoint, host_cloud_region,
                             ca_certificates, skip_tls_verify, config)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(nullif($10::jsonb, 'null'), '{}'))
         ON CONFLICT (name) DO NOTHING",
        cloud.name,
        cloud.kind,
        &cloud.auth_types,
        cloud.endpoint,
        cloud.identity_endpoint,
        cloud.storage_endpoint,
        cloud.host_cloud_region,
        &cloud.ca_certificates,
        cloud.skip_tls_verify,
        cloud.config
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes the cloud to what is given; tells whether it exists.
pub async fn update(conn: &mut PgConnection, cloud: &NewCloud) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE clouds SET type = $2, auth_types = $3, endpoint = $4, identity_endpoint = $5, storage_endpoint = $6,
                           host_cloud_region = $7, ca_certificates = $8, skip_tls_verify = $9,
                           config = coalesce(nullif($10::jsonb, 'null'), '{}'), updated_at = now()
         WHERE name = $1",
        cloud.name,
        cloud.kind,
        &cloud.auth_types,
        cloud.endpoint,
        cloud.identity_endpoint,
        cloud.storage_endpoint,
        cloud.host_cloud_region,
        &cloud.ca_certificates,
        cloud.skip_tls_verify,
        cloud.config
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The cloud of that name.
pub async fn get(conn: &mut PgConnection, name: &str) -> Result<Option<Cloud>> {
    Ok(select!("WHERE name = $1", name).fetch_optional(conn).await?)
}

/// The clouds of these names that there are.
pub async fn get_many(conn: &mut PgConnection, names: &[String]) -> Result<Vec<Cloud>> {
    Ok(select!("WHERE name = ANY($1) ORDER BY name", names).fetch_all(conn).await?)
}

/// All clouds, by name.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Cloud>> {
    Ok(select!("ORDER BY name").fetch_all(conn).await?)
}

/// Removes the cloud with its regions, credentials and priorities; a cloud with models or that a controller runs in
/// cannot be removed (`StoreError::Reference`). Tells whether it existed.
pub async fn delete(conn: &mut PgConnection, name: &str) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM clouds WHERE name = $1", name).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}

/// Adds the region, or changes it to what is given.
pub async fn put_region(conn: &mut PgConnection, region: &Region) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cloud_regions (cloud, name, position, endpoint, identity_endpoint, storage_endpoint, config, virtual)
         VALUES ($1, $2, $3, $4, $5, $6, coalesce(nullif($7::jsonb, 'null'), '{}'), $8)
         ON CONFLICT (cloud, name) DO UPDATE SET
             position = excluded.position, endpoint = excluded.endpoint,
             identity_endpoint = excluded.identity_endpoint, storage_endpoint = excluded.storage_endpoint,
             config = excluded.config, virtual = excluded.virtual",
        region.cloud,
        region.name,
        region.position,
        region.endpoint,
        region.identity_endpoint,
        region.storage_endpoint,
        region.config,
        region.is_virtual
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The regions of the cloud, in its order.
pub async fn regions(conn: &mut PgConnection, cloud: &str) -> Result<Vec<Region>> {
    Ok(select_regions!("WHERE cloud = $1 ORDER BY position, name", cloud).fetch_all(conn).await?)
}

/// The regions of these clouds, by cloud and in its order.
pub async fn regions_of(conn: &mut PgConnection, clouds: &[String]) -> Result<Vec<Region>> {
    Ok(select_regions!("WHERE cloud = ANY($1) ORDER BY cloud, position, name", clouds).fetch_all(conn).await?)
}

/// The regions of all clouds, by cloud and in its order.
pub async fn all_regions(conn: &mut PgConnection) -> Result<Vec<Region>> {
    Ok(select_regions!("ORDER BY cloud, position, name").fetch_all(conn).await?)
}

/// The region of that name.
pub async fn region(conn: &mut PgConnection, cloud: &str, name: &str) -> Result<Option<Region>> {
    Ok(select_regions!("WHERE cloud = $1 AND name = $2", cloud, name).fetch_optional(conn).await?)
}

/// Says that the controller serves the region, with that priority.
pub async fn put_priority(conn: &mut PgConnection, priority: &Priority) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cloud_region_priorities (controller_uuid, cloud, region, priority) VALUES ($1, $2, $3, $4)
         ON CONFLICT (controller_uuid, cloud, region) DO UPDATE SET priority = excluded.priority",
        priority.controller_uuid,
        priority.cloud,
        priority.region,
        priority.priority
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which controllers serve the cloud, highest priority first within a region.
pub async fn priorities(conn: &mut PgConnection, cloud: &str) -> Result<Vec<Priority>> {
    Ok(sqlx::query_as!(
        Priority,
        "SELECT controller_uuid, cloud, region, priority FROM cloud_region_priorities WHERE cloud = $1
         ORDER BY region, priority DESC, controller_uuid",
        cloud
    )
    .fetch_all(conn)
    .await?)
}

/// Which regions the controller serves.
pub async fn priorities_of_controller(conn: &mut PgConnection, controller_uuid: Uuid) -> Result<Vec<Priority>> {
    Ok(sqlx::query_as!(
        Priority,
        "SELECT controller_uuid, cloud, region, priority FROM cloud_region_priorities WHERE controller_uuid = $1
         ORDER BY cloud, region",
        controller_uuid
    )
    .fetch_all(conn)
    .await?)
}

/// Says that the controller no longer serves the cloud; tells whether it did.
pub async fn delete_priorities(conn: &mut PgConnection, controller_uuid: Uuid, cloud: &str) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM cloud_region_priorities WHERE controller_uuid = $1 AND cloud = $2",
        controller_uuid,
        cloud
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
