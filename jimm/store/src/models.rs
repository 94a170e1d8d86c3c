//! Models: what they are called, where they live, and what their controller last told about them.
//!
//! `mode` says what the broker is doing with a model; it changes only by [`set_mode`], from an expected value to the
//! next, so that of two racing moves one is refused. A model changes its home only by [`move_to`].

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Tx};

/// Nothing special is going on.
pub const MODE_NONE: &str = "";
/// The controller was asked to make it; the UUID is provisional until [`confirm_created`].
pub const MODE_CREATING: &str = "creating";
/// It is coming in from outside of the broker.
pub const MODE_IMPORTING: &str = "importing";
/// It is leaving the broker.
pub const MODE_EXPORTING: &str = "exporting";
/// It moves from one controller of the broker to another.
pub const MODE_MIGRATING: &str = "migrating-internal";

/// Notified with the UUID when a model changes its home or mode, is removed, or somebody loses rights on it.
pub const CHANNEL_CHANGED: &str = "jimm_models_changed";

/// The key that says that the owner has a model of that name already.
pub const NAME_KEY: &str = "models_owner_name_key";
/// The key that says that the model is known already.
pub const UUID_KEY: &str = "models_pkey";

/// A model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its UUID, which moves with it.
    pub uuid: Uuid,
    /// Its name, unique among its owner's.
    pub name: String,
    /// Its owner in the broker.
    pub owner: String,
    /// The controller it lives on.
    pub controller_uuid: Uuid,
    /// The cloud it runs in.
    pub cloud: String,
    /// The region it runs in.
    pub region: String,
    /// Owner of the credential it uses on its cloud.
    pub credential_owner: Option<String>,
    /// Name of the credential it uses on its cloud.
    pub credential_name: Option<String>,
    /// `iaas` or `caas`.
    pub kind: String,
    /// Whether it is its controller's own model.
    pub is_controller: bool,
    /// `alive`, `dying` or `dead`.
    pub life: String,
    /// One of the `MODE_*`.
    pub mode: String,
    /// The status its controller last told.
    pub status: String,
    /// Its text.
    pub status_info: String,
    /// Since when.
    pub status_since: Option<DateTime<Utc>>,
    /// What its agents run.
    pub agent_version: String,
    /// How many machines it has.
    pub machines: i64,
    /// How many cores they have.
    pub cores: i64,
    /// How many units it has.
    pub units: i64,
    /// How many applications it has.
    pub applications: i64,
    /// Anything else the controller last told; an object.
    pub summary: Value,
    /// When the controller last told.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// Since when its controller does not list it.
    pub unlisted_since: Option<DateTime<Utc>>,
    /// When the broker got it.
    pub created_at: DateTime<Utc>,
    /// When its row last changed, other than by a refresh.
    pub updated_at: DateTime<Utc>,
}

/// What a new model is made of; the rest has defaults.
#[derive(Clone, Debug, Default)]
pub struct NewModel {
    /// See [`Model::uuid`].
    pub uuid: Uuid,
    /// See [`Model::name`].
    pub name: String,
    /// See [`Model::owner`]; its identity is made when new.
    pub owner: String,
    /// See [`Model::controller_uuid`].
    pub controller_uuid: Uuid,
    /// See [`Model::cloud`].
    pub cloud: String,
    /// See [`Model::region`].
    pub region: String,
    /// See [`Model::credential_owner`].
    pub credential_owner: Option<String>,
    /// See [`Model::credential_name`].
    pub credential_name: Option<String>,
    /// See [`Model::kind`]; empty means `iaas`.
    pub kind: String,
    /// See [`Model::is_controller`].
    pub is_controller: bool,
    /// See [`Model::life`]; empty means `alive`.
    pub life: String,
    /// See [`Model::mode`].
    pub mode: String,
}

/// What a controller tells about a model, kept for the time when it cannot be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refresh {
    /// See [`Model::status`].
    pub status: String,
    /// See [`Model::status_info`].
    pub status_info: String,
    /// See [`Model::status_since`].
    pub status_since: Option<DateTime<Utc>>,
    /// See [`Model::agent_version`].
    pub agent_version: String,
    /// See [`Model::machines`].
    pub machines: i64,
    /// See [`Model::cores`].
    pub cores: i64,
    /// See [`Model::units`].
    pub units: i64,
    /// See [`Model::applications`].
    pub applications: i64,
    /// See [`Model::summary`].
    pub summary: Value,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Model,
            "SELECT uuid, name, owner, controller_uuid, cloud, region, credential_owner, credential_name, type AS kind,
                    is_controller, life, mode, status, status_info, status_since, agent_version, machines, cores, units,
                    applications, summary, refreshed_at, unlisted_since, created_at, updated_at
             FROM models " + $tail $(, $arg)*
        )
    };
}

/// Adds a model. A taken name or UUID is a conflict on [`NAME_KEY`] or [`UUID_KEY`].
pub async fn insert(conn: &mut PgConnection, model: &NewModel) -> Result<()> {
    crate::identities::ensure(conn, &model.owner).await?;
    sqlx::query!(
        "INSERT INTO models (uuid, name, owner, controller_uuid, cloud, region, credential_owner, credential_name, type,
                             is_controller, life, mode)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce(nullif($9, ''), 'iaas'), $10,
                 coalesce(nullif($11, ''), 'alive'), $12)",
        model.uuid,
        model.name,
        model.owner,
        model.controller_uuid,
        model.cloud,
        model.region,
        model.credential_owner,
        model.credential_name,
        model.kind,
        model.is_controller,
        model.life,
        model.mode
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The controller made the model reserved under a provisional UUID: it gets the true one and its mode ends. `false`
/// when the reservation is gone.
pub async fn confirm_created(conn: &mut PgConnection, provisional: Uuid, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE models SET uuid = $2, mode = '', updated_at = now() WHERE uuid = $1 AND mode = 'creating'",
        provisional,
        uuid
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The model of that UUID.
pub async fn get(conn: &mut PgConnection, uuid: Uuid) -> Result<Option<Model>> {
    Ok(select!("WHERE uuid = $1", uuid).fetch_optional(conn).await?)
}

/// The model of that UUID, its row held until the transaction ends.
pub async fn get_for_update(conn: &mut PgConnection, uuid: Uuid) -> Result<Option<Model>> {
    Ok(select!("WHERE uuid = $1 FOR UPDATE", uuid).fetch_optional(conn).await?)
}

/// The model of that owner and name.
pub async fn get_by_name(conn: &mut PgConnection, owner: &str, name: &str) -> Result<Option<Model>> {
    Ok(select!("WHERE owner = $1 AND name = $2", owner, name).fetch_optional(conn).await?)
}

/// Those of the given models that exist, by owner and name.
pub async fn get_many(conn: &mut PgConnection, uuids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(select!("WHERE uuid = ANY($1) ORDER BY owner, name", uuids).fetch_all(conn).await?)
}

/// A model as short lists name it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// See [`Model::uuid`].
    pub uuid: Uuid,
    /// See [`Model::name`].
    pub name: String,
    /// See [`Model::owner`].
    pub owner: String,
    /// See [`Model::kind`].
    pub kind: String,
}

/// Those of the given models that exist, but those being made, by owner and name.
pub async fn names_of(conn: &mut PgConnection, uuids: &[Uuid]) -> Result<Vec<Named>> {
    Ok(sqlx::query_as!(
        Named,
        "SELECT uuid, name, owner, type AS kind FROM models
         WHERE uuid = ANY($1) AND mode <> 'creating' ORDER BY owner, name",
        uuids
    )
    .fetch_all(conn)
    .await?)
}

/// A page of all models but those being made, by UUID, after the given one.
pub async fn list(conn: &mut PgConnection, after: Option<Uuid>, limit: i64) -> Result<Vec<Model>> {
    Ok(select!("WHERE ($1::uuid IS NULL OR uuid > $1) AND mode <> 'creating' ORDER BY uuid LIMIT $2", after, limit)
        .fetch_all(conn)
        .await?)
}

/// The models on the controller but those being made, by owner and name.
pub async fn of_controller(conn: &mut PgConnection, controller_uuid: Uuid) -> Result<Vec<Model>> {
    Ok(select!("WHERE controller_uuid = $1 AND mode <> 'creating' ORDER BY owner, name", controller_uuid)
        .fetch_all(conn)
        .await?)
}

/// The models in that mode, oldest change first.
pub async fn in_mode(conn: &mut PgConnection, mode: &str) -> Result<Vec<Model>> {
    Ok(select!("WHERE mode = $1 ORDER BY updated_at, uuid", mode).fetch_all(conn).await?)
}

/// The models that use the credential, by owner and name.
pub async fn using_credential(conn: &mut PgConnection, cloud: &str, owner: &str, name: &str) -> Result<Vec<Model>> {
    Ok(select!(
        "WHERE cloud = $1 AND credential_owner = $2 AND credential_name = $3 AND mode <> 'creating'
         ORDER BY owner, name",
        cloud,
        owner,
        name
    )
    .fetch_all(conn)
    .await?)
}

/// How many models each controller hosts or is making; controllers without any are left out.
pub async fn count_by_controller(conn: &mut PgConnection) -> Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT controller_uuid, count(*) AS "models!" FROM models GROUP BY controller_uuid ORDER BY controller_uuid"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.controller_uuid, row.models)).collect())
}

/// Takes the model from one mode to another; `false` when it is not (any longer) in the first.
pub async fn set_mode(conn: &mut PgConnection, uuid: Uuid, from: &str, to: &str) -> Result<bool> {
    let done =
        sqlx::query!("UPDATE models SET mode = $3, updated_at = now() WHERE uuid = $1 AND mode = $2", uuid, from, to)
            .execute(&mut *conn)
            .await?;
    changed(conn, uuid, done.rows_affected()).await
}

/// The model's move is over: it lives on `to` and no mode is set. `false` when it does not live on `from`.
pub async fn move_to(tx: &mut Tx, uuid: Uuid, from: Uuid, to: Uuid) -> Result<bool> {
    let conn = tx.changing();
    let done = sqlx::query!(
        "UPDATE models SET controller_uuid = $3, mode = '', life = 'alive', brief = '{}', unlisted_since = NULL, updated_at = now()
         WHERE uuid = $1 AND controller_uuid = $2",
        uuid,
        from,
        to
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, uuid, done.rows_affected()).await
}

/// Takes the model's life forward: a dying model never becomes alive again, nor a dead one dying. `false` when it is
/// gone or further already.
pub async fn set_life(conn: &mut PgConnection, uuid: Uuid, life: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE models SET life = $2, updated_at = now()
         WHERE uuid = $1
           AND array_position(ARRAY['alive', 'dying', 'dead'], life) < array_position(ARRAY['alive', 'dying', 'dead'], $2)",
        uuid,
        life
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes the credential the model uses; tells whether the model exists.
pub async fn set_credential(tx: &mut Tx, uuid: Uuid, owner: &str, name: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE models SET credential_owner = $2, credential_name = $3, updated_at = now() WHERE uuid = $1",
        uuid,
        owner,
        name
    )
    .execute(tx.changing())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps what the models' controller told, and returns for how many that was new: what a former home tells of a model
/// that lives elsewhere now is not taken, nor what is older than what is known.
pub async fn refresh(
    conn: &mut PgConnection,
    controller_uuid: Uuid,
    told: &[(Uuid, Refresh)],
    at: DateTime<Utc>,
) -> Result<u64> {
    fn column<'a, T>(told: &'a [(Uuid, Refresh)], get: impl Fn(&'a Refresh) -> T) -> Vec<T> {
        told.iter().map(|(_, refresh)| get(refresh)).collect()
    }
    let done = sqlx::query!(
        "UPDATE models SET status = t.status, status_info = t.status_info, status_since = t.status_since,
                           agent_version = t.agent_version, machines = t.machines, cores = t.cores, units = t.units,
                           applications = t.applications, summary = coalesce(nullif(t.summary, 'null'), '{}'),
                           refreshed_at = $12, unlisted_since = NULL
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::bigint[], $11::jsonb[])
              AS t (uuid, status, status_info, status_since, agent_version, machines, cores, units, applications, summary)
         WHERE models.uuid = t.uuid AND models.controller_uuid = $1
           AND (models.refreshed_at IS NULL OR models.refreshed_at <= $12)
           AND (models.refreshed_at IS NULL OR models.unlisted_since IS NOT NULL
                OR (models.status, models.status_info, models.status_since, models.agent_version, models.machines,
                    models.cores, models.units, models.applications, models.summary)
                   IS DISTINCT FROM
                   (t.status, t.status_info, t.status_since, t.agent_version, t.machines, t.cores, t.units,
                    t.applications, coalesce(nullif(t.summary, 'null'), '{}')))",
        controller_uuid,
        &told.iter().map(|(uuid, _)| *uuid).collect::<Vec<_>>(),
        &column(told, |it| it.status.clone()),
        &column(told, |it| it.status_info.clone()),
        &column(told, |it| it.status_since) as &[Option<DateTime<Utc>>],
        &column(told, |it| it.agent_version.clone()),
        &column(told, |it| it.machines),
        &column(told, |it| it.cores),
        &column(told, |it| it.units),
        &column(told, |it| it.applications),
        &column(told, |it| it.summary.clone()),
        at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Removes the model and its offers, whatever is going on with it; tells whether it existed.
pub async fn delete(conn: &mut PgConnection, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM models WHERE uuid = $1", uuid).execute(&mut *conn).await?;
    changed(conn, uuid, done.rows_affected()).await
}

/// Removes the model when it lives there and is in that mode; `false` when not: a model on the move stays.
pub async fn delete_settled(conn: &mut PgConnection, uuid: Uuid, controller_uuid: Uuid, mode: &str) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM models WHERE uuid = $1 AND controller_uuid = $2 AND mode = $3",
        uuid,
        controller_uuid,
        mode
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, uuid, done.rows_affected()).await
}

/// Removes all models of the controller and returns their UUIDs, reservations included.
pub async fn delete_of_controller(conn: &mut PgConnection, controller_uuid: Uuid) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("DELETE FROM models WHERE controller_uuid = $1 RETURNING uuid", controller_uuid)
        .fetch_all(conn)
        .await?)
}

/// Tells everybody that listens, when the transaction is committed, that the model changed its home or mode.
async fn changed(conn: &mut PgConnection, uuid: Uuid, rows: u64) -> Result<bool> {
    if rows > 0 {
        crate::listen::notify(conn, CHANNEL_CHANGED, &uuid.to_string()).await?;
    }
    Ok(rows > 0)
}
