//! What only controllers know, asked of the right one: what an upgrade would meet, the cloud of a model, commands that are
//! blocked, the schema of a model's configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jimm_authz::Relation;
use jimm_proto::params::application_offers::RemoteApplicationInfo;
use jimm_proto::params::cloud::{CloudSpec, CloudSpecResults};
use jimm_proto::params::controller::{ModelBlockInfo, ModelBlockInfoList};
use jimm_proto::params::model_upgrader::UpgradeModelParams;
use jimm_store::controllers;
use jimm_store::summaries;
use serde_json::json;
use serde_json::value::RawValue;

use crate::broker::identity::users::parse_model_tag;
use crate::broker::models::life::entities;
use crate::broker::models::visible::user_tag;
use crate::broker::remote::{CALL_DEADLINE, CONTROLLER};
use crate::broker::{Broker, Requester};
use crate::controllers::Facade;
use crate::error::{Error, Kind, Result};

/// The first version of `Cloud` that tells the schema of a model's configuration.
const SCHEMA: Facade = ("Cloud", &[8]);
/// How long one controller of several may take.
const EACH: Duration = Duration::from_secs(10);

impl Broker {
    /// Whether a model could be upgraded, as its controller sees it. Nothing is upgraded.
    pub async fn validate_model_upgrade(&self, who: &Requester, tag: &str, force: bool) -> Result<()> {
        let params = UpgradeModelParams {
            model_tag: tag.to_owned(),
            target_version: "0.0.0".to_owned(),
            ignore_agent_versions: force,
            dry_run: true,
            ..UpgradeModelParams::default()
        };
        let answer = self.upgrade_model(who, params).await?;
        answer.error.map_or(Ok(()), |e| Err(Error::from_controller(e)))
    }

    /// The cloud of a model as its controller reaches it. The credential is for its owner only.
    pub async fn cloud_spec(&self, who: &Requester, tag: &str) -> Result<CloudSpec> {
        let model = self.model_for(who, Relation::Administrator, parse_model_tag(tag)?).await?;
        let params = entities(&[&model]);
        let answer: CloudSpecResults =
            self.ask(model.controller_uuid, CONTROLLER, "CloudSpec", &params, CALL_DEADLINE).await?;
        let told = answer.results.into_iter().next().unwrap_or_default();
        if let Some(error) = told.error {
            return Err(Error::from_controller(error));
        }
        let text = "the controller did not tell the cloud of this model";
        let mut spec = told.result.ok_or_else(|| Error::new(Kind::Controller, text))?;
        if model.credential_owner.as_deref() != Some(who.name.as_str()) {
            spec.credential = None;
        }
        Ok(spec)
    }

    /// The models in which commands are blocked, asked of all controllers side by side. A controller that does not answer
    /// in time is left out.
    pub async fn blocked_models(&self, who: &Requester) -> Result<Vec<ModelBlockInfo>> {
        self.require_admin(who).await?;
        let mut conn = self.store.acquire().await?;
        let (hosts, rows) = (controllers::list(&mut conn).await?, summaries::all(&mut conn).await?);
        drop(conn);
        let nothing = serde_json::Map::new();
        let mut asked: Vec<BoxFuture<'_, Result<ModelBlockInfoList>>> = Vec::new();
        for host in &hosts {
            asked.push(Box::pin(self.ask(host.uuid, CONTROLLER, "ListBlockedModels", &nothing, EACH)));
        }
        let known: BTreeMap<String, _> = rows.iter().map(|row| (row.uuid.to_string(), row)).collect();
        let mut blocked = Vec::new();
        for (host, told) in hosts.iter().zip(join_all(asked).await) {
            let told = told.unwrap_or_else(|error| {
                tracing::warn!(controller.name = %host.name, %error, "blocked models are listed without those of a controller");
                ModelBlockInfoList::default()
            });
            for mut model in told.models {
                // What lives elsewhere now, or was never taken over, is not the broker's.
                let Some(row) = known.get(&model.model_uuid).filter(|row| row.controller_uuid == host.uuid) else {
                    continue;
                };
                model.name.clone_from(&row.name);
                model.owner_tag = Some(user_tag(&row.owner));
                blocked.push(model);
            }
        }
        Ok(blocked)
    }

    /// What may be configured in models on clouds of that type, in the words of the first controller that tells.
    pub async fn model_config_schema(&self, provider: &str) -> Result<Box<RawValue>> {
        let hosts = controllers::list(&mut *self.store.acquire().await?).await?;
        let tells = |facades: &serde_json::Value| {
            let versions = facades[SCHEMA.0].as_array().cloned().unwrap_or_default();
            versions.iter().any(|version| version.as_u64() == Some(u64::from(SCHEMA.1[0])))
        };
        let mut refusal = Error::new(
            Kind::NotSupported,
            "not supported: none of the controllers tells the schema of a model's configuration, which takes Juju 4.1 or newer",
        );
        let able = hosts.iter().filter(|host| host.unavailable_since.is_none() && tells(&host.facades));
        for host in able {
            match self.ask(host.uuid, SCHEMA, "ModelConfigSchema", &json!({"provider-type": provider}), EACH).await {
                Ok(schema) => return Ok(schema),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// An offer as an application of another model would see it.
    pub async fn remote_application(&self, who: &Requester, url: &str) -> Result<RemoteApplicationInfo> {
        let offer = self.offer_details(who, url).await?;
        let label = offer.offer_url.rsplit_once('.').map(|(model, _)| model.to_owned());
        Ok(RemoteApplicationInfo {
            model_tag: offer.source_model_tag,
            icon_url_path: format!("rest/1.0/remote-application/{}/icon", offer.offer_name),
            name: offer.offer_name,
            description: offer.application_description,
            source_model_label: label.unwrap_or_default(),
            offer_url: offer.offer_url,
            endpoints: offer.endpoints,
        })
    }
}
