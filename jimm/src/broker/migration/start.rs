//! Starting moves: the mode of the model and the job that moves it begin in one transaction.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::controller::InitiateMigrationResult;
use jimm_proto::params::jimm::MigrateModelSpec;
use jimm_store::jobs::{self, Job, NewJob};
use jimm_store::models;
use uuid::Uuid;

use super::check::Plan;
use super::state::{Data, FOLLOW, INITIATE, KIND};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// How long a caller waits for the source to answer that it begins. The move goes on whether anybody waits or not.
const WAIT: Duration = Duration::from_secs(100);
/// How often the job is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

impl Broker {
    /// Starts a move of each model and answers when each source has begun, or why it does not.
    pub async fn migrate_models(&self, who: &Requester, specs: &[MigrateModelSpec]) -> Vec<InitiateMigrationResult> {
        let mut started: Vec<BoxFuture<'_, InitiateMigrationResult>> = Vec::new();
        for spec in specs {
            started.push(Box::pin(async move {
                let (model_tag, outcome) = self.migrate_model(who, spec).await;
                let (migration_id, error) = match outcome {
                    Ok(id) => (id, None),
                    Err(e) => (String::new(), Some(e.to_wire())),
                };
                InitiateMigrationResult { model_tag, error, migration_id }
            }));
        }
        join_all(started).await
    }

    async fn migrate_model(&self, who: &Requester, spec: &MigrateModelSpec) -> (String, Result<String>) {
        let plan = match self.plan_migration(who, spec).await {
            Ok(plan) => plan,
            Err((tag, e)) => return (tag, Err(e)),
        };
        let tag = format!("model-{}", plan.model.uuid);
        if let Some(refusal) = plan.refusal() {
            return (tag, Err(refusal));
        }
        match self.enqueue_migration(who, &plan).await {
            Ok(job) => (tag, self.wait_for_start(job.id, plan.model.uuid).await),
            Err(e) => (tag, Err(e)),
        }
    }

    /// Starts a move and returns its job at once.
    pub(in crate::broker) async fn begin_move(&self, who: &Requester, spec: &MigrateModelSpec) -> Result<i64> {
        let plan = self.plan_migration(who, spec).await.map_err(|(_, error)| error)?;
        if let Some(refusal) = plan.refusal() {
            return Err(refusal);
        }
        Ok(self.enqueue_migration(who, &plan).await?.id)
    }

    async fn enqueue_migration(&self, who: &Requester, plan: &Plan) -> Result<Job> {
        let data = Data {
            model: plan.model.uuid,
            name: format!("{}/{}", plan.model.owner, plan.model.name),
            source: plan.source.uuid,
            source_name: plan.source.name.clone(),
            target: plan.target.uuid,
            target_name: plan.target.name.clone(),
            earlier_start: plan.earlier_start.clone(),
            asked: false,
            migration_id: String::new(),
        };
        let new = NewJob {
            kind: KIND.to_owned(),
            key: plan.model.uuid.to_string(),
            step: INITIATE.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: who.name.to_string(),
        };
        let in_progress =
            || Error::new(Kind::MigrationInProgress, format!("model {} is being migrated already", data.name));
        let mut tx = self.store.begin().await?;
        // The checks were made a moment ago: the record must still say what they saw.
        let row = models::get_for_update(&mut tx, plan.model.uuid).await?.ok_or_else(Error::model_not_found)?;
        if row.controller_uuid != plan.source.uuid
            || !models::set_mode(&mut tx, row.uuid, models::MODE_NONE, models::MODE_MIGRATING).await?
        {
            return Err(in_progress());
        }
        let (job, new) = jobs::enqueue(&mut tx, &new).await?;
        if !new {
            return Err(in_progress());
        }
        tx.commit().await?;
        tracing::info!(model.uuid = %plan.model.uuid, model.name = %data.name, source = %data.source_name, target = %data.target_name, requester = %who.name, job.id = job.id, "move asked for");
        Ok(job)
    }

    async fn wait_for_start(&self, job: i64, model: Uuid) -> Result<String> {
        let looking = async {
            loop {
                let row = jobs::get(&mut *self.store.acquire().await?, job).await?;
                let Some(row) = row else { return Err(Error::not_found("the move is not known any more")) };
                if row.state == jobs::FAILED {
                    return Err(Error::new(Kind::Controller, row.error));
                }
                if row.step == FOLLOW || row.is_over() {
                    return Ok(migration_id(&row, model));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        // Still starting is no failure: who wants to know asks for its status.
        tokio::time::timeout(WAIT, looking).await.unwrap_or_else(|_| Ok(format!("{model}:starting")))
    }
}

/// The source's name for the migration; one that had begun before we could hear it has none.
pub(super) fn migration_id(job: &Job, model: Uuid) -> String {
    let told = job.data.get("migration_id").and_then(|id| id.as_str()).unwrap_or_default();
    if told.is_empty() { format!("{model}:job-{}", job.id) } else { told.to_owned() }
}
