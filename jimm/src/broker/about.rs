//! The broker described as if it were one controller: configuration, version, users, access.

use std::collections::{BTreeMap, BTreeSet};

use jimm_authz::Relation;
use jimm_proto::params::controller::{ControllerAPIInfoResult, ControllerVersionResults, UserAccess};
use jimm_proto::params::model_config::{ConfigValue, ModelConfigResults};
use jimm_proto::params::user_manager::UserInfo;
use jimm_proto::time::GoTime;
use jimm_proto::version::AgentVersion;
use jimm_store::controllers;
use jimm_store::identities::{self, Identity};
use serde_json::{Value, json};

use super::{Broker, Requester};
use crate::broker::identity::users::{display_name, parse_model_tag, parse_user_tag};
use crate::broker::rights::access::EVERYONE;
use crate::error::{Error, Result};

/// How many users one answer lists at most.
const USERS_LISTED: i64 = 10_000;

impl Broker {
    /// What clients may know of the broker's configuration.
    pub fn controller_config(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("controller-uuid".to_owned(), json!(self.settings.uuid)),
            // What controllers behind the broker are bootstrapped with.
            ("login-token-refresh-url".to_owned(), json!(self.settings.keys_url())),
            ("public-dns-address".to_owned(), json!(self.settings.public_host_port())),
        ])
    }

    /// The lowest version among the controllers: what every one of them can do.
    pub async fn lowest_version(&self) -> Result<String> {
        let mut conn = self.store.acquire().await?;
        let versions = controllers::list(&mut conn).await?.into_iter().map(|row| row.agent_version);
        let lowest = versions.filter_map(|v| v.parse::<AgentVersion>().ok()).min();
        Ok(lowest.map_or_else(|| "0.0.0".to_owned(), |v| v.to_string()))
    }

    /// The version clients take the broker for, and the commit it was built from.
    pub async fn controller_version(&self) -> Result<ControllerVersionResults> {
        let git_commit = option_env!("JIMM_GIT_COMMIT").unwrap_or_default().to_owned();
        Ok(ControllerVersionResults { version: self.lowest_version().await?, git_commit })
    }

    /// The broker's own model configuration, as far as clients read it: `show-controller` its version, `upgrade-model`
    /// that the model to upgrade is not the controller's own.
    pub async fn controller_model_config(&self) -> Result<ModelConfigResults> {
        let value = |value: Value| ConfigValue { value, source: "jimm".to_owned() };
        let config = BTreeMap::from([
            ("agent-version".to_owned(), value(json!(self.lowest_version().await?))),
            ("name".to_owned(), value(json!("controller"))),
            ("type".to_owned(), value(json!("jimm"))),
            ("uuid".to_owned(), value(json!(self.settings.uuid))),
        ]);
        Ok(ModelConfigResults { config })
    }

    /// Users' levels on the broker; administrators may ask for anybody, others for themselves.
    pub async fn controller_accesses(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<UserAccess>>> {
        let names = self.askable_users(who, tags).await?;
        let admins = self.admins_among(who, names.iter().flatten()).await?;
        let access = |(name, tag): (Result<String>, &String)| {
            let access = level(admins.contains(&name?)).to_owned();
            Ok(UserAccess { user_tag: tag.clone(), access })
        };
        Ok(names.into_iter().zip(tags).map(access).collect())
    }

    /// The names in the tags: the caller's own, and any for administrators.
    async fn askable_users(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<String>>> {
        let me = who.name.as_str();
        let names: Vec<Result<String>> = tags.iter().map(|tag| Ok(parse_user_tag(tag)?.to_string())).collect();
        let any = names.iter().flatten().all(|name| name == me) || self.is_admin(who).await?;
        let ask = |name: String| if any || name == me { Ok(name) } else { Err(Error::unauthorized()) };
        Ok(names.into_iter().map(|name| name.and_then(ask)).collect())
    }

    /// Those of the users who administer the broker.
    async fn admins_among<'a>(
        &self,
        who: &Requester,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<BTreeSet<String>> {
        let mut among: BTreeSet<String> = names.cloned().collect();
        let me = among.take(who.name.as_str());
        if !among.is_empty() {
            let admins = self.users_by_relation(&[Relation::Administrator], &self.own_object()).await?;
            among.retain(|name| admins.contains_key(name) || admins.contains_key(EVERYONE));
        }
        if let Some(me) = me
            && self.is_admin(who).await?
        {
            among.insert(me);
        }
        Ok(among)
    }

    /// How to reach the controller of a model: its own addresses, for relations between controllers.
    pub async fn controller_api_info(&self, who: &Requester, tag: &str) -> Result<ControllerAPIInfoResult> {
        let model = self.model_for(who, Relation::Reader, parse_model_tag(tag)?).await?;
        let mut conn = self.store.acquire().await?;
        let row = controllers::get(&mut conn, model.controller_uuid).await?;
        let row = row.ok_or_else(|| Error::not_found("controller not found"))?;
        let addresses = if row.addresses.is_empty() { vec![row.public_address] } else { row.addresses };
        Ok(ControllerAPIInfoResult { addresses, cacert: row.ca_certificate, error: None })
    }

    /// Everybody the broker knows, for administrators; oneself for others.
    pub async fn known_users(&self, who: &Requester, include_disabled: bool) -> Result<Vec<UserInfo>> {
        let admins = self.users_by_relation(&[Relation::Administrator], &self.own_object()).await?;
        let mut conn = self.store.acquire().await?;
        let users = if self.is_admin(who).await? {
            identities::list(&mut conn, "", "", USERS_LISTED).await?
        } else {
            identities::get(&mut conn, who.name.as_str()).await?.into_iter().collect()
        };
        let shown = users.into_iter().filter(|user| include_disabled || !user.disabled);
        Ok(shown.map(|user| user_info(admins.contains_key(&user.name), user)).collect())
    }

    /// Users by their tags: oneself, or anybody for administrators.
    pub async fn user_infos(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<UserInfo>>> {
        let names = self.askable_users(who, tags).await?;
        let admins = self.admins_among(who, names.iter().flatten()).await?;
        let distinct: BTreeSet<&String> = names.iter().flatten().collect();
        let mut conn = self.store.acquire().await?;
        let known = identities::get_many(&mut conn, &distinct.into_iter().cloned().collect::<Vec<_>>()).await?;
        let known: BTreeMap<&str, &Identity> = known.iter().map(|user| (user.name.as_str(), user)).collect();
        let info = |name: String| match known.get(name.as_str()) {
            Some(user) => Ok(user_info(admins.contains(&name), (*user).clone())),
            None => Err(Error::not_found(format!("user \"{name}\" not found"))),
        };
        Ok(names.into_iter().map(|name| name.and_then(info)).collect())
    }
}

fn level(admin: bool) -> &'static str {
    if admin { "superuser" } else { "login" }
}

fn user_info(admin: bool, user: Identity) -> UserInfo {
    UserInfo {
        display_name: if user.display_name.is_empty() { display_name(&user.name) } else { user.display_name },
        username: user.name,
        access: level(admin).to_owned(),
        created_by: String::new(),
        date_created: GoTime(user.created_at),
        last_connection: user.last_login.map(GoTime),
        disabled: user.disabled,
    }
}
