//! Everything that is looked at before a model may come in, and what its rows will be.

use std::collections::BTreeMap;

use jimm_authz::Relation;
use jimm_proto::names::{ModelName, OfferUrl, UserName};
use jimm_store::incoming::Incoming;
use jimm_store::models::{self, NewModel};
use jimm_store::offers::{self, NewOffer};
use serde_json::json;
use uuid::Uuid;

use super::mapping::UserMapping;
use crate::broker::Broker;
use crate::broker::clouds::credentials::CredentialId;
use crate::description::{Facts, NewOwner, Offer};
use crate::error::{Error, Kind, Result};

/// A model that may come in.
pub(super) struct Plan {
    pub(super) model: NewModel,
    /// Who else may do what with it.
    pub(super) users: BTreeMap<String, Relation>,
    pub(super) offers: Vec<(NewOffer, BTreeMap<String, Relation>)>,
    pub(super) credential: Option<CredentialId>,
    pub(super) new: NewOwner,
}

impl Broker {
    /// Whose the model becomes.
    pub(super) fn new_owner(record: &Incoming, local: &str) -> Result<UserName> {
        let text = format!("no external user mapping found for local user {local:?}");
        UserMapping::of(&record.user_mapping)?.name(local).ok_or_else(|| Error::bad_request(text))
    }

    /// Refuses what would not work here, and says what the model's rows will be.
    pub(super) async fn plan_arrival(&self, record: &Incoming, facts: &Facts) -> Result<Plan> {
        let name = &facts.name;
        if name.parse::<ModelName>().is_err() {
            return Err(Error::bad_request(format!("{name:?} is not a valid model name")));
        }
        let mapping = UserMapping::of(&record.user_mapping)?;
        mapping.covers(facts)?;
        let owner = Self::new_owner(record, &facts.owner)?;
        let region = self.region_to_record(&facts.cloud, &facts.region).await?;
        let (credential, new) = self.credential_of(&mapping, facts, &owner).await?;
        let planned = facts.offers.iter().map(|offer| planned_offer(record.model_uuid, &owner, name, offer, &mapping));
        let offers = planned.collect::<Result<Vec<_>>>()?;
        self.not_in_the_way(record.model_uuid, &owner, name, &offers).await?;
        let model = NewModel {
            uuid: record.model_uuid,
            name: name.clone(),
            owner: owner.to_string(),
            controller_uuid: record.controller_uuid,
            cloud: facts.cloud.clone(),
            region,
            credential_owner: credential.as_ref().map(|id| id.owner.clone()),
            credential_name: credential.as_ref().map(|id| id.name.clone()),
            kind: facts.kind.clone(),
            is_controller: false,
            life: "alive".to_owned(),
            mode: models::MODE_IMPORTING.to_owned(),
        };
        Ok(Plan { model, users: mapping.rights(&facts.users, &owner), offers, credential, new })
    }

    /// The credential that the model uses from now on: of the same name, of whom its owner at the source becomes.
    async fn credential_of(
        &self,
        mapping: &UserMapping,
        facts: &Facts,
        owner: &UserName,
    ) -> Result<(Option<CredentialId>, NewOwner)> {
        let mut new = NewOwner {
            owner: owner.to_string(),
            credential_owner: owner.to_string(),
            auth_type: String::new(),
            attributes: BTreeMap::new(),
        };
        let Some(used) = facts.credential.as_ref().filter(|used| !used.name.is_empty()) else { return Ok((None, new)) };
        if let Some(other) = mapping.name(&used.owner) {
            new.credential_owner = other.into();
        }
        let id =
            CredentialId { cloud: facts.cloud.clone(), owner: new.credential_owner.clone(), name: used.name.clone() };
        let missing = |error: Error| match error.kind() {
            Kind::NotFound => Error::not_found(format!(
                "Failed to find cloud credential {:?} for user {} on cloud {}: upload one of that name with \"juju add-credential\" first",
                id.name, id.owner, id.cloud
            )),
            _ => error,
        };
        let stored = self.tagged_credential(&id).await.map_err(missing)?.credential;
        new.auth_type = stored.auth_type;
        new.attributes = stored.attrs;
        Ok((Some(id), new))
    }

    async fn not_in_the_way(
        &self,
        uuid: Uuid,
        owner: &UserName,
        name: &str,
        planned: &[(NewOffer, BTreeMap<String, Relation>)],
    ) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        let same = models::get_by_name(&mut conn, owner.as_str(), name).await?;
        if same.is_some_and(|row| row.uuid != uuid) {
            return Err(Error::new(Kind::AlreadyExists, format!("model {owner}/{name} already exists")));
        }
        for (offer, _) in planned {
            let same = offers::get_by_url(&mut conn, &offer.url).await?;
            if same.is_some_and(|row| row.model_uuid != uuid) {
                return Err(offer_exists(&offer.url));
            }
        }
        Ok(())
    }
}

/// An offer with this URL is another model's.
pub(super) fn offer_exists(url: &str) -> Error {
    Error::new(Kind::AlreadyExists, format!("offer with URL {url} already exists"))
}

fn planned_offer(
    model_uuid: Uuid,
    owner: &UserName,
    model: &str,
    offer: &Offer,
    mapping: &UserMapping,
) -> Result<(NewOffer, BTreeMap<String, Relation>)> {
    let uuid: Uuid =
        offer.uuid.parse().map_err(|_| Error::bad_request(format!("offer {:?} has no UUID", offer.name)))?;
    let url = format!("{owner}/{model}.{}", offer.name);
    url.parse::<OfferUrl>()
        .map_err(|e| Error::bad_request(format!("an offer has a name that breaks the rules: {e}")))?;
    let details = json!({
        "source-model-tag": format!("model-{model_uuid}"), "offer-uuid": uuid, "offer-url": url, "offer-name": offer.name,
        "application-name": offer.application, "application-description": offer.description,
    });
    let new =
        NewOffer { uuid, model_uuid, name: offer.name.clone(), url, application: offer.application.clone(), details };
    Ok((new, mapping.rights(&offer.users, owner)))
}
