//! What is on a controller, and what the broker knows: read only.

use std::collections::{BTreeMap, BTreeSet};

use jimm_proto::params::application_offers::{OfferFilter, OfferFilters};
use jimm_proto::params::cloud::{Cloud, CloudsResult, UserCloud, UserClouds};
use jimm_proto::params::common::{Entities, Entity, StringsResults};
use jimm_proto::params::controller::ControllerConfigResult;
use jimm_proto::params::jimm::{
    ControllerInfo, ListControllersResponse, ListModelsRequest, ListModelsResponse, ModelRow,
};
use jimm_proto::params::model_manager::{
    ModelInfo, ModelInfoResults, ModelSummariesRequest, ModelSummary, ModelSummaryResults,
};
use jimm_proto::params::user_manager::{UserInfo, UserInfoRequest, UserInfoResults};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plain::PlainController;
use crate::session::Session;

const MODEL_MANAGER: &[u32] = &[9, 10, 11];
/// Where a controller or the broker tells whose keys are trusted.
const KEYS: &str = "login-token-refresh-url";

/// A controller.
pub(super) struct Observed {
    pub(super) name: String,
    pub(super) uuid: String,
    pub(super) version: String,
    /// Where it fetches the keys of login tokens; empty when it takes none.
    pub(super) keys_at: String,
    pub(super) models: Vec<Model>,
    pub(super) users: Vec<UserInfo>,
    pub(super) clouds: BTreeMap<String, Cloud>,
}

/// A model there.
pub(super) struct Model {
    pub(super) summary: ModelSummary,
    /// Name and access of each user.
    pub(super) users: Vec<(String, String)>,
    pub(super) offers: Vec<Offer>,
}

/// An offer of a model.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Offer {
    pub(super) offer_name: String,
    pub(super) users: Vec<OfferUser>,
}

/// Who may do something with an offer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct OfferUser {
    pub(super) user: String,
    pub(super) access: String,
}

/// Without offers a 4.1 controller answers `null` (measured).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Offers {
    results: Option<Vec<Offer>>,
}

/// What the broker knows.
#[derive(Default)]
pub(super) struct Known {
    /// Where it publishes its keys.
    pub(super) keys_at: String,
    pub(super) controllers: Vec<ControllerInfo>,
    pub(super) models: Vec<ModelRow>,
    pub(super) clouds: BTreeMap<String, Cloud>,
    /// Credentials by owner and cloud.
    pub(super) credentials: BTreeMap<(String, String), Vec<String>>,
}

impl Model {
    /// Its owner on the controller, without `user-`.
    pub(super) fn owner(&self) -> &str {
        let tag = self.summary.owner_tag.as_deref().map(|tag| tag.strip_prefix("user-").unwrap_or(tag));
        tag.or(self.summary.qualifier.as_deref()).unwrap_or_default()
    }

    /// The name of the credential that it uses.
    pub(super) fn credential(&self) -> Option<&str> {
        self.summary.cloud_credential_tag.rsplit_once('_').map(|(_, name)| name)
    }

    pub(super) fn cloud(&self) -> &str {
        bare_cloud(&self.summary.cloud_tag)
    }
}

fn bare_cloud(tag: &str) -> &str {
    tag.strip_prefix("cloud-").unwrap_or(tag)
}

fn bare_clouds(clouds: CloudsResult) -> BTreeMap<String, Cloud> {
    clouds.clouds.into_iter().map(|(tag, cloud)| (bare_cloud(&tag).to_owned(), cloud)).collect()
}

/// Reads a controller, as its administrator.
pub(super) async fn controller(plain: &PlainController) -> Result<Observed> {
    let empty = serde_json::json!({});
    let config: ControllerConfigResult =
        plain.call("Controller", &[11, 12, 13, 14], "ControllerConfig", &empty).await?;
    let clouds: CloudsResult = plain.call("Cloud", &[7], "Clouds", &empty).await?;
    let asked = UserInfoRequest { entities: Vec::new(), include_disabled: true };
    let users: UserInfoResults = plain.call("UserManager", &[3], "UserInfo", &asked).await?;
    Ok(Observed {
        name: plain.known.name.clone(),
        uuid: plain.known.uuid.clone(),
        version: plain.login.server_version.clone(),
        keys_at: config.config.get(KEYS).and_then(|url| url.as_str()).unwrap_or_default().to_owned(),
        models: models(plain).await?,
        users: users.results.into_iter().filter_map(|user| user.result).collect(),
        clouds: bare_clouds(clouds),
    })
}

async fn models(plain: &PlainController) -> Result<Vec<Model>> {
    let asked = ModelSummariesRequest { user_tag: plain.user_tag(), all: true };
    let summaries: ModelSummaryResults =
        plain.call("ModelManager", MODEL_MANAGER, "ListModelSummaries", &asked).await?;
    let summaries: Vec<ModelSummary> = summaries.results.into_iter().filter_map(|entry| entry.result).collect();
    let entities = summaries.iter().map(|model| Entity { tag: format!("model-{}", model.uuid) }).collect();
    let infos: ModelInfoResults =
        plain.call("ModelManager", MODEL_MANAGER, "ModelInfo", &Entities { entities }).await?;
    let infos = infos.results.into_iter().filter_map(|entry| entry.result);
    let mut infos: BTreeMap<String, ModelInfo> = infos.map(|info| (info.uuid.clone(), info)).collect();
    let mut models = Vec::new();
    for mut summary in summaries {
        let info = infos.remove(&summary.uuid).unwrap_or_default();
        if summary.cloud_credential_tag.is_empty() {
            summary.cloud_credential_tag = info.cloud_credential_tag;
        }
        let users = info.users.into_iter().map(|user| (user.user, user.access)).collect();
        let mut model = Model { users, summary, offers: Vec::new() };
        if !model.summary.is_controller {
            model.offers = offers(plain, &model).await?;
        }
        models.push(model);
    }
    Ok(models)
}

async fn offers(plain: &PlainController, model: &Model) -> Result<Vec<Offer>> {
    let filter = OfferFilter {
        owner_name: Some(model.owner().to_owned()),
        model_qualifier: Some(model.owner().to_owned()),
        model_name: model.summary.name.clone(),
        ..OfferFilter::default()
    };
    let asked = OfferFilters { filters: vec![filter] };
    let offers: Offers = plain.call("ApplicationOffers", &[4, 5, 6], "ListApplicationOffers", &asked).await?;
    Ok(offers.results.unwrap_or_default())
}

/// Reads the broker, for what these owners would need there.
pub(super) async fn broker(session: &Session, owners: &BTreeSet<(String, String)>) -> Result<Known> {
    let empty = serde_json::json!({});
    let config: ControllerConfigResult = session.call_facade("Controller", 11, "ControllerConfig", &empty).await?;
    let controllers: ListControllersResponse = session.ask("ListControllers").await?;
    let all = ListModelsRequest { all: true, ..ListModelsRequest::default() };
    let models: ListModelsResponse = session.call("ListModels", &all).await?;
    let clouds: Result<CloudsResult> = session.call_facade("Cloud", 7, "Clouds", &empty).await;
    let clouds = match clouds {
        Ok(clouds) => bare_clouds(clouds),
        // A broker without controllers has no clouds.
        Err(failure) if failure.code() == "not found" => BTreeMap::new(),
        Err(failure) => return Err(failure),
    };
    let asked: Vec<&(String, String)> = owners.iter().filter(|(_, cloud)| clouds.contains_key(cloud)).collect();
    let user_clouds = asked
        .iter()
        .map(|(user, cloud)| UserCloud { user_tag: format!("user-{user}"), cloud_tag: format!("cloud-{cloud}") })
        .collect();
    let found: StringsResults = session.call_facade("Cloud", 7, "UserCredentials", &UserClouds { user_clouds }).await?;
    let found = found.results.into_iter().map(|entry| entry.result);
    Ok(Known {
        keys_at: config.config.get(KEYS).and_then(|url| url.as_str()).unwrap_or_default().to_owned(),
        controllers: controllers.controllers,
        models: models.models,
        credentials: asked.into_iter().cloned().zip(found).collect(),
        clouds,
    })
}
