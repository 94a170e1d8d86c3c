//! Application offers: which model offers what under which URL.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The key that says that the URL is taken.
pub const URL_KEY: &str = "offers_url_key";
/// The key that says that the offer is known already.
pub const UUID_KEY: &str = "offers_pkey";

/// An offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its UUID.
    pub uuid: Uuid,
    /// The model that offers.
    pub model_uuid: Uuid,
    /// Its name in that model.
    pub name: String,
    /// `owner/model.name`.
    pub url: String,
    /// The application that is offered.
    pub application: String,
    /// Anything else the controller told; an object.
    pub details: Value,
    /// When the broker got it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a new offer is made of.
#[derive(Clone, Debug, Default)]
pub struct NewOffer {
    /// See [`Offer::uuid`].
    pub uuid: Uuid,
    /// See [`Offer::model_uuid`].
    pub model_uuid: Uuid,
    /// See [`Offer::name`].
    pub name: String,
    /// See [`Offer::url`].
    pub url: String,
    /// See [`Offer::application`].
    pub application: String,
    /// See [`Offer::details`].
    pub details: Value,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Offer,
            "SELECT uuid, model_uuid, name, url, application, details, created_at, updated_at FROM offers "
                + $tail $(, $arg)*
        )
    };
}

/// Adds an offer. A taken URL or UUID is a conflict on [`URL_KEY`] or [`UUID_KEY`].
pub async fn insert(conn: &mut PgConnection, offer: &NewOffer) -> Result<()> {
    sqlx::query!(
        "INSERT INTO offers (uuid, model_uuid, name, url, application, details)
         VALUES ($1, $2, $3, $4, $5, coalesce(nullif($6::jsonb, 'null'), '{}'))",
        offer.uuid,
        offer.model_uuid,
        offer.name,
        offer.url,
        offer.application,
        offer.details
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the controller tells about the offer now; tells whether the offer exists.
pub async fn update(conn: &mut PgConnection, uuid: Uuid, application: &str, details: &Value) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE offers SET application = $2, details = $3, updated_at = now() WHERE uuid = $1",
        uuid,
        application,
        details
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The offer of that UUID.
pub async fn get(conn: &mut PgConnection, uuid: Uuid) -> Result<Option<Offer>> {
    Ok(select!("WHERE uuid = $1", uuid).fetch_optional(conn).await?)
}

/// The offer of that URL.
pub async fn get_by_url(conn: &mut PgConnection, url: &str) -> Result<Option<Offer>> {
    Ok(select!("WHERE url = $1", url).fetch_optional(conn).await?)
}

/// Those of the given offers that exist, by URL.
pub async fn get_many(conn: &mut PgConnection, uuids: &[Uuid]) -> Result<Vec<Offer>> {
    Ok(select!("WHERE uuid = ANY($1) ORDER BY url", uuids).fetch_all(conn).await?)
}

/// The offers of the model, by name.
pub async fn of_model(conn: &mut PgConnection, model_uuid: Uuid) -> Result<Vec<Offer>> {
    Ok(select!("WHERE model_uuid = $1 ORDER BY name", model_uuid).fetch_all(conn).await?)
}

/// The offers of the models, by URL.
pub async fn of_models(conn: &mut PgConnection, models: &[Uuid]) -> Result<Vec<Offer>> {
    Ok(select!("WHERE model_uuid = ANY($1) ORDER BY url", models).fetch_all(conn).await?)
}

/// A page of all offers, by UUID, after the given one.
pub async fn list(conn: &mut PgConnection, after: Option<Uuid>, limit: i64) -> Result<Vec<Offer>> {
    Ok(select!("WHERE ($1::uuid IS NULL OR uuid > $1) ORDER BY uuid LIMIT $2", after, limit).fetch_all(conn).await?)
}

/// Removes the offer; tells whether it existed.
pub async fn delete(conn: &mut PgConnection, uuid: Uuid) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM offers WHERE uuid = $1", uuid).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}
