//! Offers looked for and looked at.
//!
//! The broker knows which offers there are and who may see them; what is in them, their controllers tell. A controller
//! that does not answer leaves its offers as they were told last.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use jimm_authz::{Object, ObjectKind, Relation};
use jimm_proto::names::OfferUrl;
use jimm_proto::params::application_offers::{
    ApplicationOfferAdminDetailsV5, EndpointFilterAttributes, OfferFilter, OfferUserDetails,
};
use jimm_store::models::{self, Model};
use jimm_store::offers::{self, Offer as Row};
use regex::{Regex, RegexBuilder};
use uuid::Uuid;

use super::life::{not_found, url_there};
use crate::broker::identity::users::{display_name, parse_user_name};
use crate::broker::remote::is_gone;
use crate::broker::rights::access::EVERYONE;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// What a pattern may take in memory.
const LARGEST_PATTERN: usize = 64 << 10;

impl Broker {
    /// One offer; its connections are for its administrators.
    pub async fn offer_details(&self, who: &Requester, url: &str) -> Result<ApplicationOfferAdminDetailsV5> {
        let row = self.offer_for(who, Relation::Reader, url).await?;
        let model = self.model_row(row.model_uuid).await?;
        let mut told = self.ask_offer(model.controller_uuid, url_there(&row)).await;
        if told.as_ref().is_err_and(is_gone)
            && let Some(there) = self.respelled(&row).await?
        {
            told = self.ask_offer(model.controller_uuid, there).await;
        }
        self.shown_offer(who, &row, told?).await
    }

    async fn ask_offer(&self, controller: Uuid, there: String) -> Result<ApplicationOfferAdminDetailsV5> {
        let told = self.ask_offers(controller, vec![there]).await?.into_iter().next();
        told.unwrap_or_else(|| Err(not_found()))
    }

    /// The offers of models that the caller administers.
    pub async fn list_offers(
        &self,
        who: &Requester,
        filters: Vec<OfferFilter>,
    ) -> Result<Vec<ApplicationOfferAdminDetailsV5>> {
        if filters.is_empty() {
            return Err(Error::bad_request("at least one filter must be specified"));
        }
        let mut found = Vec::new();
        for filter in &filters {
            if filter.model_name.is_empty() {
                return Err(Error::bad_request("application offer filter must specify a model name"));
            }
            let owner = filter_owner(filter)?.unwrap_or_else(|| who.name.to_string());
            let name = offer_name(filter)?;
            let row = {
                let mut conn = self.store.acquire().await?;
                models::get_by_name(&mut conn, &owner, &filter.model_name).await?
            };
            let unknown = || Error::not_found(format!("model \"{owner}/{}\" not found", filter.model_name));
            let row = row.ok_or_else(unknown)?;
            if self.model_access(who, row.uuid).await?.is_none() {
                return Err(unknown());
            }
            let model = self.model_for(who, Relation::Administrator, row.uuid).await?;
            let offered = {
                let mut conn = self.store.acquire().await?;
                offers::of_model(&mut conn, model.uuid).await?
            };
            let wanted = |offer: &ApplicationOfferAdminDetailsV5| matches(filter, name.as_ref(), offer);
            found.extend(self.described(who, offered).await?.into_iter().filter(wanted));
        }
        Ok(unique(found))
    }

    /// The offers that the caller may see.
    pub async fn find_offers(
        &self,
        who: &Requester,
        filters: Vec<OfferFilter>,
    ) -> Result<Vec<ApplicationOfferAdminDetailsV5>> {
        if filters.is_empty() {
            return Err(Error::bad_request("at least one filter must be specified"));
        }
        let mut prefixes = Vec::with_capacity(filters.len());
        for filter in &filters {
            prefixes.push((filter_owner(filter)?, filter, offer_name(filter)?));
        }
        let visible = self.objects_with(who, Relation::Reader, ObjectKind::ApplicationOffer).await?;
        let uuids: Vec<Uuid> = visible.iter().filter_map(|id| id.parse().ok()).collect();
        let mut rows = {
            let mut conn = self.store.acquire().await?;
            offers::get_many(&mut conn, &uuids).await?
        };
        rows.retain(|row| prefixes.iter().any(|(owner, filter, _)| placed(row, owner.as_deref(), &filter.model_name)));
        let found = self.described(who, rows).await?;
        let wanted = |offer: &ApplicationOfferAdminDetailsV5| {
            prefixes.iter().any(|(_, filter, name)| matches(filter, name.as_ref(), offer))
        };
        Ok(unique(found.into_iter().filter(wanted).collect()))
    }

    /// What the controllers tell about offers, all asked at once; what was told last where one does not answer.
    async fn described(&self, who: &Requester, rows: Vec<Row>) -> Result<Vec<ApplicationOfferAdminDetailsV5>> {
        let hosts: BTreeMap<Uuid, Model> = {
            let uuids: Vec<_> = rows.iter().map(|row| row.model_uuid).collect::<BTreeSet<_>>().into_iter().collect();
            let mut conn = self.store.acquire().await?;
            models::get_many(&mut conn, &uuids).await?.into_iter().map(|m| (m.uuid, m)).collect()
        };
        let mut by_controller: BTreeMap<Uuid, Vec<Row>> = BTreeMap::new();
        for row in rows {
            if let Some(model) = hosts.get(&row.model_uuid) {
                by_controller.entry(model.controller_uuid).or_default().push(row);
            }
        }
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
        for (controller, rows) in by_controller {
            asked.push(Box::pin(self.told_offers(controller, rows)));
        }
        let mut described = Vec::new();
        for (row, told) in join_all(asked).await.into_iter().flatten() {
            if let Ok(told) = told {
                described.push(self.shown_offer(who, &row, told).await?);
            }
        }
        described.sort_by(|a, b| a.offer_url.cmp(&b.offer_url));
        Ok(described)
    }

    /// What one controller tells about its offers, or told last.
    async fn told_offers(
        &self,
        controller: Uuid,
        rows: Vec<Row>,
    ) -> Vec<(Row, Result<ApplicationOfferAdminDetailsV5>)> {
        let told = self.ask_offers(controller, rows.iter().map(url_there).collect()).await;
        let told = told.unwrap_or_else(|e| {
            tracing::warn!(controller.uuid = %controller, error = %e, "listing offers as they were told last");
            rows.iter().map(|row| serde_json::from_value(row.details.clone()).map_err(Error::internal)).collect()
        });
        rows.into_iter().zip(told).collect()
    }

    /// The controller's words under the broker's URL and with the broker's users.
    async fn shown_offer(
        &self,
        who: &Requester,
        row: &Row,
        mut told: ApplicationOfferAdminDetailsV5,
    ) -> Result<ApplicationOfferAdminDetailsV5> {
        told.offer_url.clone_from(&row.url);
        told.offer_uuid = row.uuid.to_string();
        told.source_model_tag = format!("model-{}", row.model_uuid);
        told.users = self.offer_users(who, row.uuid).await?;
        if !self.allowed(who, Relation::Administrator, &Object::offer(row.uuid)).await? {
            told.connections = Vec::new();
        }
        Ok(told)
    }

    /// Who may use an offer: everybody for its administrators, oneself and everyone for the others.
    pub(in crate::broker) async fn offer_users(&self, who: &Requester, uuid: Uuid) -> Result<Vec<OfferUserDetails>> {
        let object = Object::offer(uuid);
        let ladder = [Relation::Administrator, Relation::Consumer, Relation::Reader];
        let mut users = self.users_by_relation(&ladder, &object).await?;
        if !self.allowed(who, Relation::Administrator, &object).await? {
            users.retain(|user, _| user == who.name.as_str() || user == EVERYONE);
        }
        let users = users.into_iter().map(|(user, relation)| OfferUserDetails {
            display_name: if user == EVERYONE { String::new() } else { display_name(&user) },
            user,
            access: word(relation).to_owned(),
        });
        Ok(users.collect())
    }
}

/// The owner a filter names, under either generation's field.
fn filter_owner(filter: &OfferFilter) -> Result<Option<String>> {
    let named = filter.model_qualifier.as_deref().or(filter.owner_name.as_deref()).unwrap_or_default();
    if named.is_empty() { Ok(None) } else { parse_user_name(named).map(|name| Some(name.to_string())) }
}

/// The name of a filter is a pattern: clients send `^name$` for one offer. It is looked for anywhere in a name.
fn offer_name(filter: &OfferFilter) -> Result<Option<Regex>> {
    if filter.offer_name.is_empty() {
        return Ok(None);
    }
    let pattern = RegexBuilder::new(&filter.offer_name).size_limit(LARGEST_PATTERN).build();
    pattern
        .map(Some)
        .map_err(|_| Error::bad_request("the offer name of a filter is no regular expression, or too large"))
}

/// Whether an offer belongs to the owner and model of a filter; what is not given matches all.
fn placed(row: &Row, owner: Option<&str>, model: &str) -> bool {
    let Ok(url) = row.url.parse::<OfferUrl>() else { return false };
    let owned = |owner: &str| url.owner.as_ref().is_some_and(|name| name.as_str() == owner);
    owner.is_none_or(owned) && (model.is_empty() || url.model.as_str() == model)
}

/// Whether an offer passes a filter's other conditions.
fn matches(filter: &OfferFilter, name: Option<&Regex>, offer: &ApplicationOfferAdminDetailsV5) -> bool {
    let text = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    let endpoint = |wanted: &EndpointFilterAttributes| {
        offer.endpoints.iter().any(|endpoint| {
            text(&wanted.name, &endpoint.name)
                && text(&wanted.role, &endpoint.role)
                && text(&wanted.interface, &endpoint.interface)
        })
    };
    let bare = |user: &str| user.strip_prefix("user-").unwrap_or(user).to_owned();
    name.is_none_or(|name| name.is_match(&offer.offer_name))
        && text(&filter.application_name, &offer.application_name)
        && offer.application_description.contains(&filter.application_description)
        && (filter.endpoints.is_empty() || filter.endpoints.iter().any(endpoint))
        && (filter.connected_users.is_empty()
            || filter.connected_users.iter().any(|user| offer.connections.iter().any(|c| c.username == bare(user))))
        && (filter.allowed_users.is_empty()
            || filter.allowed_users.iter().any(|user| offer.users.iter().any(|u| u.user == bare(user))))
}

/// Juju's word for a relation to an offer.
fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Administrator => "admin",
        Relation::Consumer => "consume",
        _ => "read",
    }
}

/// Without those that several filters found.
fn unique(mut offers: Vec<ApplicationOfferAdminDetailsV5>) -> Vec<ApplicationOfferAdminDetailsV5> {
    let mut seen = BTreeSet::new();
    offers.retain(|offer| seen.insert(offer.offer_uuid.clone()));
    offers
}

#[cfg(test)]
mod tests {
    use jimm_proto::params::application_offers::RemoteEndpoint;

    use super::*;

    fn offer() -> ApplicationOfferAdminDetailsV5 {
        ApplicationOfferAdminDetailsV5 {
            offer_name: "off".into(),
            application_name: "db".into(),
            application_description: "a database".into(),
            endpoints: vec![RemoteEndpoint { name: "db".into(), interface: "pgsql".into(), ..Default::default() }],
            ..Default::default()
        }
    }

    fn passes(filter: &OfferFilter) -> bool {
        matches(filter, offer_name(filter).expect("a pattern").as_ref(), &offer())
    }

    #[test]
    fn an_empty_filter_finds_everything() {
        assert!(passes(&OfferFilter::default()));
    }

    #[test]
    fn conditions_are_combined() {
        let interface = EndpointFilterAttributes { interface: "pgsql".into(), ..Default::default() };
        let mut filter = OfferFilter { endpoints: vec![interface], ..Default::default() };
        assert!(passes(&filter));
        filter.application_description = "base".into();
        assert!(passes(&filter));
        for (name, found) in [("other", false), ("off", true), ("^off$", true), ("^of$", false), ("o.f", true)] {
            filter.offer_name = name.into();
            assert_eq!(passes(&filter), found, "{name}");
        }
        for name in ["(", "a{99999}", "(?:a{100}){100}{100}"] {
            filter.offer_name = name.into();
            assert!(offer_name(&filter).is_err(), "{name}");
        }
    }

    #[test]
    fn both_generations_name_the_owner() {
        let older = OfferFilter { owner_name: Some("alice@example.com".into()), ..Default::default() };
        let newer = OfferFilter { model_qualifier: Some("alice@example.com".into()), ..Default::default() };
        assert_eq!(filter_owner(&older).expect("valid"), filter_owner(&newer).expect("valid"));
        assert_eq!(filter_owner(&OfferFilter::default()).expect("valid"), None);
    }
}
