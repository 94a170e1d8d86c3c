//! Upgrading a model by moving it to a newer controller and then upgrading its agents: a job of two steps, of which the
//! first is a move as any other. It ends whatever happens: the move ends by itself, and the rest has a deadline.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jimm_authz::Relation;
use jimm_proto::params::jimm::MigrateModelSpec;
use jimm_proto::params::jimm_upgrades::{
    SupportedVersion, UpgradeToJobDetail, UpgradeToJobStatus, UpgradeToRequest, UpgradeToResult, UpgradeToResults,
};
use jimm_proto::params::model_upgrader::{UpgradeModelParams, UpgradeModelResult};
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::{self, Controller};
use jimm_store::jobs::{self, Job, NewJob};
use jimm_store::models::{self, Model};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broker::job_steps::end;
use crate::broker::remote::MODEL_UPGRADER;
use crate::broker::work::{Outcome, Work};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// The kind of job.
pub const KIND: &str = "upgrade-model";
/// Wait for the move.
const MOVE: &str = "move";
/// Upgrade the agents.
const UPGRADE: &str = "upgrade";
/// How long a worker does other things before it looks again.
const LATER: Duration = Duration::from_secs(1);
/// How long the agents' upgrade is tried for once the model has moved.
const PATIENCE: TimeDelta = TimeDelta::minutes(3);

/// What the steps need to know. Stored as JSON: fields may be added, with defaults, never renamed.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Data {
    model: Uuid,
    /// `owner/name`, for people.
    name: String,
    target: Uuid,
    target_name: String,
    /// The job that moves the model; nothing when it is there already.
    #[serde(default)]
    migration: Option<i64>,
    /// Until when the agents' upgrade is tried.
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

impl Broker {
    /// What the controllers run, the newest first: what a model can be upgraded to by moving it.
    pub async fn supported_versions(&self, least: &str) -> Result<Vec<SupportedVersion>> {
        let least: Option<AgentVersion> = match least {
            "" => None,
            text => Some(text.parse().map_err(|_| Error::bad_request(format!("invalid version {text:?}")))?),
        };
        let hosts = controllers::list(&mut *self.store.acquire().await?).await?;
        let running = hosts.iter().filter(|host| !host.deprecated).filter_map(|host| host.agent_version.parse().ok());
        let mut versions: Vec<AgentVersion> =
            running.filter(|version| least.as_ref().is_none_or(|least| version >= least)).collect();
        versions.sort();
        versions.dedup();
        let shown = |version: &AgentVersion| SupportedVersion { version: version.to_string(), ..Default::default() };
        Ok(versions.iter().rev().map(shown).collect())
    }

    /// Begins to upgrade each of the models.
    pub async fn upgrade_models_to(&self, who: &Requester, request: &UpgradeToRequest) -> UpgradeToResults {
        let mut called = request.model_uuids.clone();
        if !request.model_tag.is_empty() {
            called.push(request.model_tag.clone());
        }
        let mut results = Vec::with_capacity(called.len());
        for model in &called {
            results.push(match Box::pin(self.upgrade_model_to(who, model, &request.target_controller_name)).await {
                Ok(job) => UpgradeToResult { job_id: Some(job), error: None },
                Err(e) => UpgradeToResult { job_id: None, error: Some(e.to_wire()) },
            });
        }
        let success = !results.is_empty() && results.iter().all(|result| result.error.is_none());
        let job_id = if let [only] = results.as_slice() { only.job_id } else { None };
        UpgradeToResults { success, job_id, results }
    }

    async fn upgrade_model_to(&self, who: &Requester, called: &str, target: &str) -> Result<i64> {
        let model = self.find_model_for(who, Relation::Administrator, called).await?;
        let target = self.controller_named(target).await?;
        let key = model.uuid.to_string();
        if jobs::find_live(&mut *self.store.acquire().await?, KIND, &key).await?.is_some() {
            return Err(in_progress(&model));
        }
        require_newer(&model, &target.agent_version)?;
        let outlook = if model.controller_uuid == target.uuid {
            None
        } else {
            let spec = MigrateModelSpec { model_tag: key.clone(), target_controller: target.name.clone() };
            Some(self.check_move(who, &spec).await.map_err(|error| rejected(&error))?)
        };
        // Both or neither: a model that moves and is never upgraded nobody would be told of.
        let mut tx = self.store.begin().await?;
        let migration = match &outlook {
            None => None,
            Some(outlook) => {
                let begun = self.enqueue_move(&mut tx, outlook, who.name.as_str(), None).await;
                Some(begun.map_err(|error| rejected(&error))?.job_id)
            }
        };
        let data = Data {
            model: model.uuid,
            name: format!("{}/{}", model.owner, model.name),
            target: target.uuid,
            target_name: target.name,
            migration,
            until: None,
        };
        let new = NewJob {
            kind: KIND.to_owned(),
            key,
            step: MOVE.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: who.name.to_string(),
        };
        let (job, new) = jobs::enqueue(&mut tx, &new).await?;
        if !new {
            return Err(in_progress(&model));
        }
        tx.commit().await?;
        tracing::info!(model.uuid = %data.model, model.name = %data.name, target = %data.target_name, requester = %who.name, job.id = job.id, "upgrade asked for");
        Ok(job.id)
    }

    /// Begins to upgrade the agents of a model that has come to its controller already; one that is being upgraded is left
    /// to that.
    pub(in crate::broker) async fn begin_upgrade_there(
        &self,
        by: &str,
        model: &Model,
        host: &Controller,
    ) -> Result<i64> {
        let data = Data {
            model: model.uuid,
            name: format!("{}/{}", model.owner, model.name),
            target: host.uuid,
            target_name: host.name.clone(),
            migration: None,
            until: None,
        };
        let new = NewJob {
            kind: KIND.to_owned(),
            key: model.uuid.to_string(),
            step: MOVE.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: by.to_owned(),
        };
        Ok(jobs::enqueue(&mut *self.store.acquire().await?, &new).await?.0.id)
    }

    /// How the newest upgrade of a model stands, when there ever was one.
    pub(in crate::broker) async fn upgrade_status(&self, model: Uuid) -> Result<Option<UpgradeToJobStatus>> {
        let job = jobs::latest(&mut *self.store.acquire().await?, KIND, &model.to_string()).await?;
        Ok(job.map(|job| {
            let state = match job.state.as_str() {
                jobs::SUCCESSFUL => "completed",
                jobs::FAILED => "discarded",
                jobs::RUNNING => "running",
                _ => "available",
            };
            let message = if job.error.is_empty() { job.message } else { job.error };
            UpgradeToJobStatus { job_id: job.id, detail: UpgradeToJobDetail { state: state.to_owned(), message } }
        }))
    }
}

fn in_progress(model: &Model) -> Error {
    Error::new(Kind::MigrationInProgress, format!("model {}/{} is being upgraded already", model.owner, model.name))
}

/// The text that the dashboard shows, and why.
fn rejected(error: &Error) -> Error {
    Error::new(error.kind(), format!("migration request rejected: {}", error.message())).with_code(error.juju_code())
}

fn require_newer(model: &Model, target: &str) -> Result<()> {
    let versions: (Option<AgentVersion>, Option<AgentVersion>) =
        (model.agent_version.parse().ok(), target.parse().ok());
    match versions {
        (Some(here), Some(there)) if here > there => Err(Error::bad_request(format!(
            "migration request rejected: the model runs {here} and the controller {there}; choose one that runs no older version"
        ))),
        _ => Ok(()),
    }
}

/// Goes on with an upgrade from the step that it had come to.
pub async fn run(broker: &Arc<Broker>, work: &Work) -> Outcome {
    match step(broker, work).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Again(error),
    }
}

async fn step(broker: &Arc<Broker>, work: &Work) -> Result<Outcome> {
    let mut data: Data = serde_json::from_value(work.job.data.clone()).map_err(Error::internal)?;
    if work.job.step == MOVE {
        match moved(broker, &data).await? {
            Moved::Not => return Ok(Outcome::Later(LATER)),
            Moved::Never(why) => return end(broker, work, None, Err(format!("the model was not moved: {why}"))).await,
            Moved::There => {}
        }
        data.until = Some(broker.clock.now() + PATIENCE);
        let mut conn = broker.store.acquire().await?;
        let value = serde_json::to_value(&data).map_err(Error::internal)?;
        if !jobs::advance(&mut conn, work.lease, UPGRADE, &value).await? {
            return Ok(Outcome::Left);
        }
    }
    let Some(model) = models::get(&mut *broker.store.acquire().await?, data.model).await? else {
        return end(broker, work, None, Err("the model is gone".to_owned())).await;
    };
    if model.controller_uuid != data.target {
        return end(broker, work, None, Err(format!("the model is no longer on controller {}", data.target_name)))
            .await;
    }
    let host = controllers::get(&mut *broker.store.acquire().await?, data.target).await?;
    let Some(host) = host else { return end(broker, work, None, Err("the controller is gone".to_owned())).await };
    if model.agent_version == host.agent_version {
        return end(broker, work, None, Ok(format!("the model runs {}", host.agent_version))).await;
    }
    let params = UpgradeModelParams {
        model_tag: format!("model-{}", data.model),
        target_version: host.agent_version.clone(),
        ..UpgradeModelParams::default()
    };
    let asked: Result<UpgradeModelResult> = broker.ask_for_model(&model, MODEL_UPGRADER, "UpgradeModel", &params).await;
    let refusal = match asked {
        Ok(UpgradeModelResult { error: None, chosen_version }) => {
            let version = if chosen_version.is_empty() { host.agent_version } else { chosen_version };
            return end(broker, work, None, Ok(format!("the agents of the model are being upgraded to {version}")))
                .await;
        }
        Ok(UpgradeModelResult { error: Some(refusal), .. }) => Error::from_controller(refusal),
        Err(error) => error,
    };
    if data.until.is_some_and(|until| broker.clock.now() > until) {
        let why = format!(
            "the model is on controller {}, and its agents were not upgraded: {}",
            data.target_name,
            refusal.message()
        );
        return end(broker, work, None, Err(why)).await;
    }
    // Agents may still be on their way to their new controller.
    Ok(Outcome::Again(refusal))
}

enum Moved {
    Not,
    There,
    Never(String),
}

async fn moved(broker: &Broker, data: &Data) -> Result<Moved> {
    let Some(migration) = data.migration else { return Ok(Moved::There) };
    let job: Option<Job> = jobs::get(&mut *broker.store.acquire().await?, migration).await?;
    Ok(match job {
        None => Moved::Never("its move is not known any more".to_owned()),
        Some(job) if job.state == jobs::FAILED => Moved::Never(job.error),
        Some(job) if job.is_over() => Moved::There,
        Some(_) => Moved::Not,
    })
}
