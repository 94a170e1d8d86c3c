//! Adopting a model that already lives on an attached controller.
//!
//! Everything is asked first; record, offers and rights are then written in one transaction, so that a failure leaves
//! nothing behind.

use std::str::FromStr as _;

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::names::{ModelName, OfferUrl, UserName};
use jimm_proto::params::application_offers::{
    ApplicationOfferAdminDetailsV5, OfferFilter, OfferFilters, QueryApplicationOffersResultsV5,
};
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::jimm::{ImportModelRequest, ImportModelResult};
use jimm_proto::params::model_manager::{ModelInfo, ModelInfoResults};
use jimm_proto::tags::Tag;
use jimm_store::controllers::Controller;
use jimm_store::models::{self, NewModel};
use jimm_store::offers::{self, NewOffer};
use jimm_store::{StoreError, clouds, credentials};
use serde_json::json;
use uuid::Uuid;

use super::info::about;
use crate::broker::remote::{APPLICATION_OFFERS, CALL_DEADLINE, MODEL_MANAGER};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// Adopts a model. The answer warns of what was not taken over.
    pub async fn import_model(&self, who: &Requester, request: &ImportModelRequest) -> Result<ImportModelResult> {
        let uuid = Tag::model(&request.model_tag).map_err(|_| Error::bad_request("invalid model uuid"))?;
        let given = match request.owner.as_str() {
            "" => None,
            owner => Some(given_owner(owner)?),
        };
        let controller = self.controller_named(&request.controller).await?;
        if models::get(&mut *self.store.acquire().await?, uuid).await?.is_some() {
            return Err(already_exists());
        }
        let info = self.model_to_import(&controller, uuid).await?;
        let owner_there = owner_there(&info)?;
        let owner = given.unwrap_or_else(|| owner_there.clone());
        if owner.is_local() {
            let text = "cannot import model from local user, try --owner to switch the model owner";
            return Err(Error::bad_request(text));
        }
        let offered = self.offers_to_import(&controller, &info, &owner_there).await?;
        let mut warnings = users_left_behind(&info, &owner, &owner_there);
        warnings.extend(consumers_left_behind(&offered, &owner, &owner_there));
        let cloud = info.cloud_tag.strip_prefix("cloud-").unwrap_or(&info.cloud_tag).to_owned();
        let region = self.region_to_record(&cloud, &info.cloud_region).await?;
        let credential = self.credential_to_record(&info, &cloud, &owner, &mut warnings).await?;
        let model = NewModel {
            uuid,
            name: info.name.clone(),
            owner: owner.to_string(),
            controller_uuid: controller.uuid,
            cloud,
            region,
            credential_owner: Some(owner.to_string()),
            credential_name: Some(credential),
            kind: info.r#type.clone(),
            is_controller: false,
            life: info.life.clone(),
            mode: models::MODE_NONE.to_owned(),
        };
        self.write_import(&model, &offered).await?;
        for warning in &warnings {
            tracing::warn!(model.uuid = %uuid, model.name = %info.name, "{warning}");
        }
        tracing::info!(model.uuid = %uuid, model.name = %info.name, owner = %owner, controller.name = %controller.name, requester = %who.name, "model adopted");
        Ok(ImportModelResult { model_name: info.name, owner: owner.into(), warnings })
    }

    async fn model_to_import(&self, controller: &Controller, uuid: Uuid) -> Result<ModelInfo> {
        let entities = Entities { entities: vec![Entity { tag: format!("model-{uuid}") }] };
        let answer: ModelInfoResults =
            self.ask(controller.uuid, MODEL_MANAGER, "ModelInfo", &entities, CALL_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        let info = match (result.result, result.error) {
            (Some(info), _) => info,
            (None, Some(error)) => return Err(Error::from_controller(error)),
            (None, None) => return Err(Error::model_not_found()),
        };
        about(&info, uuid)?;
        if ModelName::from_str(&info.name).is_err() {
            let text = format!("the controller gave the model a name that breaks the rules: {:?}", info.name);
            return Err(Error::new(Kind::Controller, text));
        }
        if info.is_controller {
            return Err(Error::bad_request("that is the controller's own model, which cannot be adopted"));
        }
        if info.life != "alive" {
            return Err(Error::bad_request(format!("model {} is {} and cannot be adopted", info.name, info.life)));
        }
        Ok(info)
    }

    async fn offers_to_import(
        &self,
        controller: &Controller,
        info: &ModelInfo,
        owner: &UserName,
    ) -> Result<Vec<ApplicationOfferAdminDetailsV5>> {
        let filter = OfferFilter {
            owner_name: Some(owner.to_string()),
            model_qualifier: Some(owner.to_string()),
            model_name: info.name.clone(),
            ..OfferFilter::default()
        };
        let filters = OfferFilters { filters: vec![filter] };
        let answer: QueryApplicationOffersResultsV5 =
            self.ask(controller.uuid, APPLICATION_OFFERS, "ListApplicationOffers", &filters, CALL_DEADLINE).await?;
        Ok(answer.results)
    }

    pub(in crate::broker) async fn region_to_record(&self, cloud: &str, region: &str) -> Result<String> {
        let mut conn = self.store.acquire().await?;
        if clouds::get(&mut conn, cloud).await?.is_none() {
            return Err(Error::not_found(format!("cloud {cloud:?} not found: attach a controller that serves it")));
        }
        let regions = clouds::regions(&mut conn, cloud).await?;
        if region.is_empty() {
            return match regions.as_slice() {
                [only] => Ok(only.name.clone()),
                several => Err(Error::bad_request(format!("expected one cloud region, found {}", several.len()))),
            };
        }
        if regions.iter().any(|r| r.name == region) {
            Ok(region.to_owned())
        } else {
            Err(Error::not_found("cloud region not found"))
        }
    }

    /// The credential that the model uses, by its name among the owner's; else one of the owner's with a warning,
    /// because what the model really uses stays on its controller.
    async fn credential_to_record(
        &self,
        info: &ModelInfo,
        cloud: &str,
        owner: &UserName,
        warnings: &mut Vec<String>,
    ) -> Result<String> {
        let used = Tag::credential(&info.cloud_credential_tag).map(|tag| tag.name.to_string()).unwrap_or_default();
        let of_owner =
            credentials::of_owner_and_cloud(&mut *self.store.acquire().await?, owner.as_str(), cloud).await?;
        if let Some(same) = of_owner.iter().find(|c| c.name == used) {
            return Ok(same.name.clone());
        }
        let Some(other) = of_owner.first() else {
            let text = format!("Failed to find cloud credential for user {owner} on cloud {cloud}");
            return Err(Error::not_found(text));
        };
        if !used.is_empty() {
            warnings.push(format!(
                "the model uses credential {used:?} on its controller, which {owner} does not have in the broker; recorded {:?}: \
                 make it true with \"juju set-credential\"",
                other.name
            ));
        }
        Ok(other.name.clone())
    }

    async fn write_import(&self, model: &NewModel, offered: &[ApplicationOfferAdminDetailsV5]) -> Result<()> {
        let mut tx = self.store.begin().await?;
        models::insert(&mut tx, model).await.map_err(taken)?;
        self.add_model_tuples(&mut tx, model.uuid, model.controller_uuid, &model.owner).await?;
        for offer in offered {
            let uuid: Uuid = offer.offer_uuid.parse().map_err(|_| {
                Error::new(Kind::Controller, format!("the controller gave offer {:?} no UUID", offer.offer_name))
            })?;
            let url = format!("{}/{}.{}", model.owner, model.name, offer.offer_name);
            url.parse::<OfferUrl>().map_err(|e| {
                Error::new(Kind::Controller, format!("the controller gave an offer a name that breaks the rules: {e}"))
            })?;
            let new = NewOffer {
                uuid,
                model_uuid: model.uuid,
                name: offer.offer_name.clone(),
                url: url.clone(),
                application: offer.application_name.clone(),
                details: serde_json::to_value(offer).unwrap_or_else(|_| json!({})),
            };
            offers::insert(&mut tx, &new).await.map_err(|e| match e.conflict() {
                Some(offers::URL_KEY | offers::UUID_KEY) => {
                    Error::new(Kind::AlreadyExists, format!("offer with URL {url} already exists"))
                }
                _ => e.into(),
            })?;
            let host = Subject::object(Object::model(model.uuid));
            self.add_tuple(&mut tx, host, Relation::Model, &Object::offer(uuid)).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn given_owner(owner: &str) -> Result<UserName> {
    owner
        .strip_prefix("user-")
        .unwrap_or(owner)
        .parse()
        .map_err(|_| Error::bad_request("invalid new username for new model owner"))
}

fn owner_there(info: &ModelInfo) -> Result<UserName> {
    let tag = info.owner_tag.as_deref().map(|tag| tag.strip_prefix("user-").unwrap_or(tag));
    let name = tag.or(info.qualifier.as_deref()).unwrap_or_default();
    name.parse().map_err(|_| {
        Error::new(Kind::Controller, format!("the controller gave the model an owner without a valid name: {name:?}"))
    })
}

/// Rights that the controller knows and the broker does not take over: its users are not the broker's.
fn users_left_behind(info: &ModelInfo, owner: &UserName, owner_there: &UserName) -> Vec<String> {
    info.users
        .iter()
        .filter(|user| user.user != owner.as_str() && user.user != owner_there.as_str())
        .map(|user| {
            format!(
                "user {} has {} access on the controller, which was not taken over: grant it in the broker if it is meant to stay",
                user.user, user.access
            )
        })
        .collect()
}

/// The same of users of its offers: who consumes one now is refused a discharge until it is granted here.
fn consumers_left_behind(
    offered: &[ApplicationOfferAdminDetailsV5],
    owner: &UserName,
    owner_there: &UserName,
) -> Vec<String> {
    let users = offered.iter().flat_map(|offer| offer.users.iter().map(move |user| (offer, user)));
    users
        .filter(|(_, user)| matches!(user.access.as_str(), "consume" | "admin"))
        .filter(|(_, user)| user.user != owner.as_str() && user.user != owner_there.as_str())
        .map(|(offer, user)| {
            format!(
                "user {} has {} access to offer {} on the controller, which was not taken over: grant it in the broker if it is meant to stay",
                user.user, user.access, offer.offer_name
            )
        })
        .collect()
}

fn already_exists() -> Error {
    Error::new(Kind::AlreadyExists, "model already exists")
}

fn taken(error: StoreError) -> Error {
    match error.conflict() {
        Some(models::NAME_KEY | models::UUID_KEY) => already_exists(),
        _ => error.into(),
    }
}
