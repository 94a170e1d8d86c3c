//! What a move means for relations across models: who consumes the model's offers, what it consumes itself, and how the
//! offers are spelled where it arrives.
//!
//! Relations run from controller to controller. A consumer's controller keeps the address of the offering one, follows
//! a redirect once, and keeps what it finds then; one that shared the controller has no address to begin with.

use jimm_authz::{Object, Relation};
use jimm_proto::params::application_offers::OfferConnection;
use jimm_proto::params::status::FullStatus;
use jimm_proto::tags::Tag;
use jimm_store::{controllers, models, offers};
use serde_json::Value;
use uuid::Uuid;

use super::outlook::Outlook;
use crate::broker::offers::life::{full_url, url_there};
use crate::broker::{Broker, Requester};
use crate::controllers::Facade;
use crate::error::Result;

pub(super) const CLIENT: Facade = ("Client", &[6, 7, 8]);
/// Lines about offers at most.
const NAMED: usize = 20;

/// What a consumer on a third controller has to expect.
const FOLLOWS: &str = "its controller is sent on to the new one and keeps that; if its relation does not go on, remove the SAAS \
                       and consume the offer again";

impl Broker {
    /// Names the offers of the model with their consumers, and what the model consumes. Nothing of this keeps a model from
    /// moving, so what cannot be found out is said and no more.
    pub(super) async fn check_offers(&self, who: &Requester, outlook: &mut Outlook, status: &FullStatus) {
        for (name, found) in
            [("offers", self.consumers(who, outlook).await), ("consumed-offers", self.consumed(outlook, status).await)]
        {
            let mut lines = found.unwrap_or_else(|e| vec![format!("could not be found out: {}", e.message())]);
            if lines.len() > NAMED {
                lines.truncate(NAMED);
                lines.push("and more".to_owned());
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
            for line in lines {
                outlook.note(name, Ok(line));
            }
        }
    }

    async fn consumers(&self, who: &Requester, outlook: &Outlook) -> Result<Vec<String>> {
        let rows = offers::of_model(&mut *self.store.acquire().await?, outlook.model.uuid).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let told = self.ask_offers(outlook.source.uuid, rows.iter().map(url_there).collect()).await?;
        let mut lines = Vec::new();
        for (row, told) in rows.iter().zip(told) {
            let connections = match told {
                Ok(told) => told.connections,
                Err(e) => {
                    lines.push(format!("offer {}: {}", row.url, e.message()));
                    continue;
                }
            };
            if connections.is_empty() {
                lines.push(format!("offer {} is consumed by nobody", row.url));
            }
            for connection in connections.iter().take(NAMED + 1) {
                let consumer = self.consumer(who, outlook, connection).await?;
                lines.push(format!("offer {} is consumed by {consumer}", row.url));
            }
        }
        Ok(lines)
    }

    /// The consuming model by its name where the caller may see it, and what the move means to it.
    async fn consumer(&self, who: &Requester, outlook: &Outlook, connection: &OfferConnection) -> Result<String> {
        let OfferConnection { source_model_tag: tag, relation_id, username, .. } = connection;
        let relation = format!("(relation {relation_id} of {username})");
        let Ok(uuid) = Tag::model(tag) else { return Ok(format!("a model that has no tag {relation}")) };
        let mut conn = self.store.acquire().await?;
        let Some(model) = models::get(&mut conn, uuid).await? else {
            return Ok(format!("model {uuid} {relation}, which the broker does not know: {FOLLOWS}"));
        };
        let home = controllers::get(&mut conn, model.controller_uuid).await?.map(|row| row.name).unwrap_or_default();
        drop(conn);
        let seen = self.allowed(who, Relation::Reader, &Object::model(uuid)).await?;
        let named = if seen {
            format!("model {}/{} on controller {home} {relation}", model.owner, model.name)
        } else {
            format!("model {uuid} {relation}")
        };
        let means = match model.controller_uuid {
            home if home == outlook.source.uuid => {
                "both are on one controller now, so its relation has to find the other one anew: if it does not, remove \
                 the SAAS and consume the offer again"
            }
            home if home == outlook.target.uuid => {
                "both will be on one controller: if its relation does not go on, remove the SAAS and consume the offer again"
            }
            _ => FOLLOWS,
        };
        Ok(format!("{named}: {means}"))
    }

    /// What the model itself consumes, by its own status.
    async fn consumed(&self, outlook: &Outlook, status: &FullStatus) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for (name, remote) in &status.remote_applications {
            let url = full_url(&outlook.model.owner, &remote.offer_url).unwrap_or_else(|_| remote.offer_url.clone());
            let home = self.home_of_offer(&url).await?;
            lines.push(match home {
                Some((uuid, _)) if uuid == outlook.source.uuid => format!(
                    "{name} consumes {url}, on the same controller now: if its relation does not find it from controller {}, \
                     remove the SAAS and consume the offer again",
                    outlook.target.name
                ),
                Some((_, home)) => format!("{name} consumes {url} on controller {home}, which stays where it is"),
                None => format!("{name} consumes {url}, which the broker does not know"),
            });
        }
        Ok(lines)
    }

    async fn home_of_offer(&self, url: &str) -> Result<Option<(Uuid, String)>> {
        let mut conn = self.store.acquire().await?;
        let Some(offer) = offers::get_by_url(&mut conn, url).await? else { return Ok(None) };
        let Some(model) = models::get(&mut conn, offer.model_uuid).await? else { return Ok(None) };
        let home = controllers::get(&mut conn, model.controller_uuid).await?;
        Ok(home.map(|row| (row.uuid, row.name)))
    }

    /// Learns how the controller that has the model now spells its offers. Clients know them by the broker's own URLs, which
    /// stay. That it cannot be learned is no failure of the move: it is tried again when somebody asks for an offer.
    pub(crate) async fn look_at_offers_of(&self, model: Uuid) {
        if let Err(error) = self.respell_offers(model).await {
            tracing::warn!(model.uuid = %model, %error, "offers of a model could not be looked at where it is now");
        }
    }

    /// Tells whether anything is spelled otherwise now.
    pub(crate) async fn respell_offers(&self, model: Uuid) -> Result<bool> {
        let (model, rows) = {
            let mut conn = self.store.acquire().await?;
            let rows = offers::of_model(&mut conn, model).await?;
            (models::get(&mut conn, model).await?, rows)
        };
        let Some(model) = model.filter(|_| !rows.is_empty()) else { return Ok(false) };
        let mut urls = Vec::with_capacity(rows.len());
        let prefix = self.url_on_controller(&model, "").await?;
        urls.extend(rows.iter().map(|row| format!("{prefix}{}", row.name)));
        let told = self.ask_offers(model.controller_uuid, urls).await?;
        let mut changed = false;
        for (row, told) in rows.iter().zip(told) {
            let Ok(told) = told else { continue };
            if told.offer_uuid != row.uuid.to_string() {
                tracing::warn!(offer.url = %row.url, offer.uuid = told.offer_uuid, "controller has another offer of that name");
                continue;
            }
            let details = serde_json::to_value(&told).unwrap_or(Value::Null);
            changed |= details.get("offer-url") != row.details.get("offer-url");
            let mut conn = self.store.acquire().await?;
            offers::update(&mut conn, row.uuid, &told.application_name, &details).await?;
        }
        Ok(changed)
    }
}
