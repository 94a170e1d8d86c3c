//! The controller that hosts the model now, as its own user.

use std::time::Duration;

use jimm_proto::params::application_offers::{OfferFilter, OfferFilters, QueryApplicationOffersResultsV5};
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::controller::{InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec};
use jimm_proto::params::model_manager::{
    ModelInfo, ModelInfoResults, ModelSummariesRequest, ModelSummary, ModelSummaryResults,
};

use super::super::user_mapping::Users;
use crate::error::{Failure, Result};
use crate::plain::PlainController;

/// How long an answer may take.
const CALL: Duration = Duration::from_secs(60);
/// It connects to the broker before it answers.
const INITIATE: Duration = Duration::from_secs(150);

/// A logged-in connection to it.
pub(super) struct Source {
    plain: PlainController,
}

/// A model there.
pub(super) struct Found {
    pub(super) uuid: String,
    name: String,
    owner: String,
}

impl Found {
    pub(super) fn tag(&self) -> String {
        format!("model-{}", self.uuid)
    }

    /// As people call it.
    pub(super) fn called(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl Source {
    /// Connects to a controller of the client store.
    pub(super) async fn open(name: &str) -> Result<Self> {
        Ok(Self { plain: PlainController::open(name, CALL).await? })
    }

    /// The model that is called so: by its UUID, its name, or OWNER/NAME.
    pub(super) async fn model(&self, called: &str) -> Result<Found> {
        let request = ModelSummariesRequest { user_tag: self.plain.user_tag(), all: true };
        let answer: ModelSummaryResults =
            self.plain.call("ModelManager", &[9, 10, 11], "ListModelSummaries", &request).await?;
        let (owner, name) = called.split_once('/').map_or((None, called), |(owner, name)| (Some(owner), name));
        let models = answer.results.into_iter().filter_map(|r| r.result).map(found);
        let mut found = models.filter(|model| {
            model.uuid == called || (model.name == name && owner.is_none_or(|owner| owner == model.owner))
        });
        match (found.next(), found.next()) {
            (Some(model), None) => Ok(model),
            (None, _) => {
                Err(Failure::failed(format!("model {called:?} not found on controller {}", self.plain.known.name)))
            }
            (Some(_), Some(_)) => Err(Failure::failed(format!(
                "several models are called {called:?} on controller {}",
                self.plain.known.name
            ))
            .with_hint("name it by its UUID or as OWNER/NAME")),
        }
    }

    /// Who may do what with the model and its offers.
    pub(super) async fn users(&self, model: &Found) -> Result<Users> {
        let mut users = Users::new();
        for user in self.info(model).await?.users {
            users.entry(user.user).or_default().push(format!("{} access to the model", user.access));
        }
        let filter = OfferFilter {
            owner_name: Some(model.owner.clone()),
            model_qualifier: Some(model.owner.clone()),
            model_name: model.name.clone(),
            ..OfferFilter::default()
        };
        let filters = OfferFilters { filters: vec![filter] };
        let offers: QueryApplicationOffersResultsV5 =
            self.plain.call("ApplicationOffers", &[4, 5, 6], "ListApplicationOffers", &filters).await?;
        for offer in offers.results {
            for user in offer.users {
                let right = format!("{} access to offer {:?}", user.access, offer.offer_name);
                users.entry(user.user).or_default().push(right);
            }
        }
        Ok(users)
    }

    /// What it tells of the model.
    pub(super) async fn info(&self, model: &Found) -> Result<ModelInfo> {
        let entities = Entities { entities: vec![Entity { tag: model.tag() }] };
        let answer: ModelInfoResults = self.plain.call("ModelManager", &[9, 10, 11], "ModelInfo", &entities).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        match (result.result, result.error) {
            (Some(info), _) => Ok(info),
            (None, error) => Err(refused(error)),
        }
    }

    /// Tells it to begin, and answers its name for the migration.
    pub(super) async fn initiate(&self, spec: MigrationSpec) -> Result<String> {
        let args = InitiateMigrationArgs { specs: vec![spec], dry_run: None };
        let answer: InitiateMigrationResults =
            self.plain.call_within("Controller", &[11, 12, 13, 14], "InitiateMigration", &args, INITIATE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        match result.error {
            None => Ok(result.migration_id),
            error => Err(refused(error)),
        }
    }
}

fn refused(error: Option<jimm_proto::params::common::Error>) -> Failure {
    Failure::from(jimm_rpc::CallError::Remote(error.unwrap_or_default()))
}

fn found(model: ModelSummary) -> Found {
    let tag = model.owner_tag.as_deref().map(|tag| tag.strip_prefix("user-").unwrap_or(tag));
    let owner = tag.or(model.qualifier.as_deref()).unwrap_or_default().to_owned();
    Found { uuid: model.uuid, name: model.name, owner }
}
