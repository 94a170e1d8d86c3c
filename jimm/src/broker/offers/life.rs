//! Application offers: made, consumed and destroyed.
//!
//! An offer has the URL of the broker's owner and model name; its controller may know the model under another owner, and
//! then under another URL, which is kept with the details. Controllers name their own addresses to consumers: relations
//! run from controller to controller and never through the broker.

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::names::{OfferUrl, UserName};
use jimm_proto::params::application_offers::{
    AddApplicationOffer, AddApplicationOffers, ApplicationOfferAdminDetailsV5, ApplicationOffersResults,
    ConsumeOfferDetailsArg, ConsumeOfferDetailsResult, ConsumeOfferDetailsResults, DestroyApplicationOffers,
    ExternalControllerInfo, OfferURLs,
};
use jimm_proto::params::common::ErrorResults;
use jimm_proto::params::model_manager::ModelInfoResults;
use jimm_store::controllers;
use jimm_store::models::Model;
use jimm_store::offers::{self, NewOffer, Offer as Row};
use serde_json::Value;
use uuid::Uuid;

use crate::broker::identity::users::{parse_model_tag, parse_user_tag};
use crate::broker::models::life::entities;
use crate::broker::models::visible::{require_not_migrating, user_tag};
use crate::broker::remote::{APPLICATION_OFFERS, CALL_DEADLINE, MODEL_MANAGER, is_gone, model_claims, only_error};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// The offer of that URL; without an owner in it the caller's.
    pub(crate) async fn offer_row(&self, who: &Requester, url: &str) -> Result<Row> {
        let url = full_url(who.name.as_str(), url)?;
        let mut conn = self.store.acquire().await?;
        let row = offers::get_by_url(&mut conn, &url).await?;
        row.ok_or_else(|| unknown(&url))
    }

    /// The offer of that URL, when the caller has that relation to it. Who may not even see it is told that there is none.
    pub(in crate::broker) async fn offer_for(&self, who: &Requester, relation: Relation, url: &str) -> Result<Row> {
        let row = self.offer_row(who, url).await?;
        let object = Object::offer(row.uuid);
        if self.allowed(who, relation, &object).await? {
            return Ok(row);
        }
        let seen = relation != Relation::Reader && self.allowed(who, Relation::Reader, &object).await?;
        Err(if seen { Error::unauthorized() } else { unknown(&row.url) })
    }

    /// Offers endpoints of an application. The controller makes the offer, as the caller; row and rights follow in one
    /// transaction. An offer that the controller has and the broker does not know yet is taken over.
    pub async fn offer(&self, who: &Requester, new: AddApplicationOffer) -> Result<()> {
        let model = self.model_for(who, Relation::Administrator, parse_model_tag(&new.model_tag)?).await?;
        require_not_migrating(&model)?;
        let owner = self.offer_owner(who, &new.owner_tag).await?;
        let name = if new.offer_name.is_empty() { new.application_name.clone() } else { new.offer_name.clone() };
        let url = full_url(&model.owner, &format!("{}/{}.{name}", model.owner, model.name))?;
        {
            let mut conn = self.store.acquire().await?;
            if offers::get_by_url(&mut conn, &url).await?.is_some() {
                return Err(taken(&url));
            }
        }
        let params = AddApplicationOffers {
            offers: vec![AddApplicationOffer {
                owner_tag: user_tag(who.name.as_str()),
                offer_name: name.clone(),
                ..new
            }],
        };
        let claims = model_claims(model.controller_uuid, model.uuid, "admin");
        let answer: Result<ErrorResults> =
            self.ask_as(who.name.as_str(), model.controller_uuid, claims, APPLICATION_OFFERS, "Offer", &params).await;
        match answer.and_then(only_error) {
            Err(e) if e.kind() != Kind::AlreadyExists => return Err(e),
            _ => {}
        }
        let there = self.url_on_controller(&model, &name).await?;
        let details = self.ask_offers(model.controller_uuid, vec![there]).await?.into_iter().next();
        let details =
            details.ok_or_else(|| Error::new(Kind::Controller, "the controller does not show the new offer"))??;
        self.record_offer(&model, &owner, &url, &details).await?;
        tracing::info!(offer.url = %url, requester = %who.name, "offer made");
        Ok(())
    }

    async fn offer_owner(&self, who: &Requester, tag: &str) -> Result<String> {
        if tag.is_empty() {
            return Ok(who.name.to_string());
        }
        let owner = parse_user_tag(tag)?.to_string();
        self.require_self_or_admin(who, &owner).await?;
        Ok(owner)
    }

    /// How the model's controller spells the URL of an offer of the model.
    pub(in crate::broker) async fn url_on_controller(&self, model: &Model, offer: &str) -> Result<String> {
        let params = entities(&[model]);
        let answer: ModelInfoResults =
            self.ask(model.controller_uuid, MODEL_MANAGER, "ModelInfo", &params, CALL_DEADLINE).await?;
        let info = answer.results.into_iter().next().and_then(|r| r.result).ok_or_else(Error::model_not_found)?;
        let tag = info.owner_tag.unwrap_or_default();
        let owner = info.qualifier.unwrap_or_else(|| tag.strip_prefix("user-").unwrap_or(&tag).to_owned());
        Ok(format!("{owner}/{}.{offer}", info.name))
    }

    /// Row and rights of a new offer: its model's administrators and its owner administer it, everyone may see it.
    async fn record_offer(
        &self,
        model: &Model,
        owner: &str,
        url: &str,
        details: &ApplicationOfferAdminDetailsV5,
    ) -> Result<()> {
        let uuid: Uuid = details.offer_uuid.parse().map_err(|_| {
            Error::new(Kind::Controller, format!("the controller named the offer {:?}", details.offer_uuid))
        })?;
        let new = NewOffer {
            uuid,
            model_uuid: model.uuid,
            name: details.offer_name.clone(),
            url: url.to_owned(),
            application: details.application_name.clone(),
            details: serde_json::to_value(details).map_err(Error::internal)?,
        };
        let object = Object::offer(uuid);
        let mut tx = self.store.begin().await?;
        self.ensure_identity(&mut tx, owner).await?;
        offers::insert(&mut tx, &new).await.map_err(|e| if e.conflict().is_some() { taken(url) } else { e.into() })?;
        let of_model = Subject::object(Object::model(model.uuid));
        self.add_tuple(&mut tx, of_model, Relation::Model, &object).await?;
        self.add_tuple(&mut tx, Subject::user(owner), Relation::Administrator, &object).await?;
        self.add_tuple(&mut tx, Subject::Everyone, Relation::Reader, &object).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a consumer needs: the offer, a macaroon of the offering controller and that controller's own addresses.
    pub async fn consume_details(
        &self,
        who: &Requester,
        url: &str,
        for_user: &str,
        bakery_version: i64,
    ) -> Result<ConsumeOfferDetailsResult> {
        let user = if for_user.is_empty() {
            who.name.to_string()
        } else {
            let user = parse_user_tag(for_user)?.to_string();
            self.require_self_or_admin(who, &user).await?;
            user
        };
        let row = self.offer_row(who, url).await?;
        let object = Object::offer(row.uuid);
        if !self.holds(who, &user, Relation::Consumer, &object).await? {
            let seen = self.holds(who, &user, Relation::Reader, &object).await?;
            return Err(if seen { Error::unauthorized() } else { unknown(&row.url) });
        }
        let model = self.model_row(row.model_uuid).await?;
        let mut told = self.ask_consume_details(&model, url_there(&row), &user, bakery_version).await;
        if told.as_ref().is_err_and(is_gone)
            && let Some(there) = self.respelled(&row).await?
        {
            told = self.ask_consume_details(&model, there, &user, bakery_version).await;
        }
        let mut result = told?;
        if let Some(offer) = &mut result.offer {
            offer.offer_url.clone_from(&row.url);
            offer.users = self.offer_users(who, row.uuid).await?;
        }
        result.external_controller =
            Some(self.external_controller(model.controller_uuid, result.external_controller).await?);
        Ok(result)
    }

    /// What a model of that user needs to consume the offer again. Whether the user may is the caller's affair.
    pub(in crate::broker) async fn consume_details_for(
        &self,
        row: &Row,
        user: &str,
    ) -> Result<ConsumeOfferDetailsResult> {
        let model = self.model_row(row.model_uuid).await?;
        let mut result = self.ask_consume_details(&model, url_there(row), user, 3).await?;
        if let Some(offer) = &mut result.offer {
            offer.offer_url.clone_from(&row.url);
        }
        let home = model.controller_uuid;
        result.external_controller = Some(self.external_controller(home, result.external_controller).await?);
        Ok(result)
    }

    async fn ask_consume_details(
        &self,
        model: &Model,
        there: String,
        user: &str,
        bakery_version: i64,
    ) -> Result<ConsumeOfferDetailsResult> {
        let offer_urls = OfferURLs { offer_urls: vec![there], bakery_version };
        let params = ConsumeOfferDetailsArg { offer_urls, user_tag: user_tag(user) };
        let answer: ConsumeOfferDetailsResults =
            self.ask(model.controller_uuid, APPLICATION_OFFERS, "GetConsumeDetails", &params, CALL_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        match result.error {
            Some(e) => Err(Error::from_controller(e)),
            None => Ok(result),
        }
    }

    /// The offer's URL as its controller spells it now, when that is otherwise than it was known: after a move it may be.
    pub(in crate::broker) async fn respelled(&self, row: &Row) -> Result<Option<String>> {
        if !self.respell_offers(row.model_uuid).await? {
            return Ok(None);
        }
        let mut conn = self.store.acquire().await?;
        Ok(offers::get(&mut conn, row.uuid).await?.as_ref().map(url_there))
    }

    /// How a consumer reaches the offering controller: as it says itself, else as the broker does.
    async fn external_controller(
        &self,
        uuid: Uuid,
        told: Option<ExternalControllerInfo>,
    ) -> Result<ExternalControllerInfo> {
        let mut conn = self.store.acquire().await?;
        let row = controllers::get(&mut conn, uuid).await?.ok_or_else(|| Error::not_found("controller not found"))?;
        let mut info = told.unwrap_or_default();
        info.controller_tag = format!("controller-{uuid}");
        info.controller_alias = row.name;
        if info.addrs.is_empty() {
            info.addrs = if row.addresses.is_empty() { vec![row.public_address] } else { row.addresses };
            info.ca_cert = row.ca_certificate;
        }
        Ok(info)
    }

    /// Destroys an offer: the controller first, then row and rights.
    pub async fn destroy_offer(&self, who: &Requester, url: &str, force: bool) -> Result<()> {
        let row = self.offer_for(who, Relation::Administrator, url).await?;
        let model = self.model_row(row.model_uuid).await?;
        require_not_migrating(&model)?;
        let mut told = self.ask_to_destroy(&model, url_there(&row), force).await;
        // An offer that its controller spells otherwise now is not gone.
        if told.as_ref().is_err_and(is_gone)
            && let Some(there) = self.respelled(&row).await?
        {
            told = self.ask_to_destroy(&model, there, force).await;
        }
        match told {
            Ok(()) => {}
            Err(e) if is_gone(&e) => {}
            Err(e) => return Err(e),
        }
        let mut tx = self.store.begin().await?;
        offers::delete(&mut tx, row.uuid).await?;
        self.remove_tuples_on(&mut tx, &Object::offer(row.uuid)).await?;
        tx.commit().await?;
        tracing::info!(offer.url = %row.url, requester = %who.name, "offer destroyed");
        Ok(())
    }

    async fn ask_to_destroy(&self, model: &Model, there: String, force: bool) -> Result<()> {
        let params = DestroyApplicationOffers { offer_urls: vec![there], force };
        let answer: ErrorResults =
            self.ask(model.controller_uuid, APPLICATION_OFFERS, "DestroyOffers", &params, CALL_DEADLINE).await?;
        only_error(answer)
    }

    /// Offers as their controller describes them, in the order of the URLs it knows them by.
    pub(in crate::broker) async fn ask_offers(
        &self,
        controller: Uuid,
        urls: Vec<String>,
    ) -> Result<Vec<Result<ApplicationOfferAdminDetailsV5>>> {
        let params = OfferURLs { offer_urls: urls, bakery_version: 3 };
        let answer: ApplicationOffersResults =
            self.ask(controller, APPLICATION_OFFERS, "ApplicationOffers", &params, CALL_DEADLINE).await?;
        let results = answer.results.into_iter().map(|result| match (result.result, result.error) {
            (Some(details), None) => Ok(details),
            (_, Some(e)) => Err(Error::from_controller(e)),
            (None, None) => Err(not_found()),
        });
        Ok(results.collect())
    }
}

/// The offer's URL as its own controller spells it.
pub(in crate::broker) fn url_there(row: &Row) -> String {
    match row.details.get("offer-url") {
        Some(Value::String(url)) if !url.is_empty() => url.clone(),
        _ => row.url.clone(),
    }
}

pub(in crate::broker) fn not_found() -> Error {
    Error::not_found("application offer not found")
}

fn unknown(url: &str) -> Error {
    Error::not_found(format!("application offer \"{url}\" not found"))
}

fn taken(url: &str) -> Error {
    Error::new(Kind::AlreadyExists, format!("offer {url} already exists, please use a different name"))
}

/// The URL without the client's name of the controller, and with an owner.
pub(in crate::broker) fn full_url(caller: &str, url: &str) -> Result<String> {
    let parsed: OfferUrl = url.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    let caller: UserName = caller.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    Ok(parsed.owned_by(&caller).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_the_source_and_gain_an_owner() {
        let full = |url| full_url("alice@example.com", url).expect("valid");
        assert_eq!(full("m1.off"), "alice@example.com/m1.off");
        assert_eq!(full("jimm:bob@example.com/m1.off"), "bob@example.com/m1.off");
        assert!(full_url("alice@example.com", "nonsense").is_err());
    }
}
