//! Starting moves: the mode of the model and the job that moves it begin in one transaction.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::controller::InitiateMigrationResult;
use jimm_proto::params::jimm::MigrateModelSpec;
use jimm_store::events::{self, Code, Subject};
use jimm_store::jobs::{self, Job, NewJob};
use jimm_store::migrations::{self, Migration, NewMigration};
use jimm_store::{Tx, controllers, models, plans};
use serde_json::json;
use uuid::Uuid;

use super::outlook::Outlook;
use super::state::{Data, FOLLOW, INITIATE, KIND};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// How long a caller waits for the source to answer that it begins. The move goes on whether anybody waits or not.
const WAIT: Duration = Duration::from_secs(100);
/// How often the job is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// A move that a part of the broker orders.
#[derive(Clone, Debug)]
pub struct MoveOrder {
    /// The model.
    pub model: Uuid,
    /// The controller that it is to move to.
    pub target: Uuid,
    /// Who wants it, for people and for the records.
    pub requested_by: String,
    /// The plan that it is part of.
    pub plan: Option<i64>,
}

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
        let outlook = match self.look_ahead(who, spec).await {
            Ok(outlook) => outlook,
            Err((tag, e)) => return (tag, Err(e)),
        };
        let tag = format!("model-{}", outlook.model.uuid);
        if let Some(refusal) = outlook.refusal() {
            return (tag, Err(refusal));
        }
        match self.enqueue_migration(&outlook, who.name.as_str(), None).await {
            Ok(row) => (tag, self.wait_for_start(row.job_id, outlook.model.uuid).await),
            Err(e) => (tag, Err(e)),
        }
    }

    /// Looks at a move, to be begun with [`Broker::enqueue_move`]; an error when it cannot be.
    pub(in crate::broker) async fn check_move(&self, who: &Requester, spec: &MigrateModelSpec) -> Result<Outlook> {
        let outlook = self.look_ahead(who, spec).await.map_err(|(_, error)| error)?;
        outlook.refusal().map_or(Ok(outlook), Err)
    }

    /// Starts a move, after all checks. Said again, it returns the one that there is: within a plan a model moves once, by
    /// however many attempts. Rights are the caller's affair.
    pub async fn start_move(&self, order: &MoveOrder) -> Result<Migration> {
        if let Some(known) = self.move_in_plan(order.plan, order.model).await? {
            return Ok(known);
        }
        let (model, target) = {
            let mut conn = self.store.acquire().await?;
            let model = models::get(&mut conn, order.model).await?.ok_or_else(Error::model_not_found)?;
            let target = controllers::get(&mut conn, order.target).await?;
            (model, target.ok_or_else(|| Error::not_found("controller not found"))?)
        };
        let outlook = self.look_at_move(model, target).await?;
        if let Some(refusal) = outlook.refusal() {
            // Somebody else may just have started the same.
            return match self.move_in_plan(order.plan, order.model).await? {
                Some(known) => Ok(known),
                None => Err(refusal),
            };
        }
        self.enqueue_migration(&outlook, &order.requested_by, order.plan).await
    }

    async fn move_in_plan(&self, plan: Option<i64>, model: Uuid) -> Result<Option<Migration>> {
        let Some(plan) = plan else { return Ok(None) };
        Ok(migrations::in_plan(&mut *self.store.acquire().await?, plan, model).await?)
    }

    async fn enqueue_migration(&self, outlook: &Outlook, by: &str, plan: Option<i64>) -> Result<Migration> {
        let mut tx = self.store.begin().await?;
        let row = self.enqueue_move(&mut tx, outlook, by, plan).await?;
        tx.commit().await?;
        tracing::info!(model.uuid = %row.model_uuid, model.name = %row.model_name, source = %row.source_name, target = %row.target_name, requester = by, job.id = row.job_id, migration.id = row.id, "move asked for");
        Ok(row)
    }

    /// The record of a move and its first attempt, in the caller's transaction.
    pub(in crate::broker) async fn enqueue_move(
        &self,
        tx: &mut Tx,
        outlook: &Outlook,
        by: &str,
        plan: Option<i64>,
    ) -> Result<Migration> {
        require_running(tx, plan).await?;
        let job = self.enqueue_attempt(tx, outlook, by).await?;
        let new = NewMigration {
            plan_id: plan,
            model_uuid: outlook.model.uuid,
            model_name: outlook.name(),
            source_uuid: outlook.source.uuid,
            source_name: outlook.source.name.clone(),
            target_uuid: outlook.target.uuid,
            target_name: outlook.target.name.clone(),
            machines: outlook.model.machines,
            units: outlook.model.units,
            requested_by: by.to_owned(),
            job_id: job.id,
        };
        migrations::insert(tx, &new)
            .await
            .map_err(|e| if e.conflict() == Some(migrations::RUNNING_KEY) { in_progress(outlook) } else { e.into() })
    }

    /// The mode of the model and the job of an attempt, in the caller's transaction.
    pub(super) async fn enqueue_attempt(&self, tx: &mut Tx, outlook: &Outlook, by: &str) -> Result<Job> {
        let data = Data {
            model: outlook.model.uuid,
            name: outlook.name(),
            source: outlook.source.uuid,
            source_name: outlook.source.name.clone(),
            target: outlook.target.uuid,
            target_name: outlook.target.name.clone(),
            earlier_start: outlook.earlier_start.clone(),
            asked: false,
            migration_id: String::new(),
            may_try_again: true,
        };
        let new = NewJob {
            kind: KIND.to_owned(),
            key: outlook.model.uuid.to_string(),
            step: INITIATE.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: by.to_owned(),
        };
        // The checks were made a moment ago: the record must still say what they saw.
        let row = models::get_for_update(tx, outlook.model.uuid).await?.ok_or_else(Error::model_not_found)?;
        if row.controller_uuid != outlook.source.uuid
            || !models::set_mode(tx, row.uuid, models::MODE_NONE, models::MODE_MIGRATING).await?
        {
            return Err(in_progress(outlook));
        }
        let (job, new) = jobs::enqueue(tx, &new).await?;
        if !new {
            return Err(in_progress(outlook));
        }
        let told = json!({"job": job.id, "source": data.source_name, "target": data.target_name, "by": by});
        events::note(tx, Code::MIGRATION_STARTED, Subject::new(row.uuid, &data.name), &told).await?;
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

/// A plan that was paused or given up while the model was looked at moves it no more. It stays so until the transaction
/// ends: whoever gives the plan up sees the move, or there is none.
pub(super) async fn require_running(tx: &mut Tx, plan: Option<i64>) -> Result<()> {
    let Some(plan) = plan else { return Ok(()) };
    if plans::hold_running(tx, plan).await? {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, format!("plan {plan} does not run any more")))
}

fn in_progress(outlook: &Outlook) -> Error {
    Error::new(Kind::MigrationInProgress, format!("model {} is being migrated already", outlook.name()))
}

/// The source's name for the migration; one that had begun before we could hear it has none.
pub(super) fn migration_id(job: &Job, model: Uuid) -> String {
    let told = job.data.get("migration_id").and_then(|id| id.as_str()).unwrap_or_default();
    if told.is_empty() { format!("{model}:job-{}", job.id) } else { told.to_owned() }
}
