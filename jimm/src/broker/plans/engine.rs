//! What plans have moved and upgraded: the one place that knows how a move is begun and looked up.

use jimm_store::jobs::{self, Job};
use jimm_store::migrations::{self, ABORTED};
use jimm_store::plan_models::PlanModel;
use jimm_store::plans::Plan;
use jimm_store::{controllers, models};

use crate::broker::Broker;
use crate::broker::migration::MoveOrder;
use crate::error::{Error, Result};

impl Broker {
    /// Begins the move of a model of a plan, or has one that failed before tried again; returns its job. Refused as a
    /// conflict when the plan does not run any more.
    pub(super) async fn begin_planned_move(&self, plan: &Plan, it: &PlanModel) -> Result<i64> {
        let known = migrations::in_plan(&mut *self.store.acquire().await?, plan.id, it.model_uuid).await?;
        if let Some(known) = known.filter(|known| known.state == ABORTED) {
            return Ok(self.retry_move(known.id, &plan.requested_by, Some(plan.id)).await?.job_id);
        }
        let order = MoveOrder {
            model: it.model_uuid,
            target: it.target_uuid,
            requested_by: plan.requested_by.clone(),
            plan: Some(plan.id),
        };
        Ok(self.start_move(&order).await?.job_id)
    }

    /// Stops the moves of a plan that is given up, as far as that goes, each of them once.
    pub(super) async fn stop_planned_moves(&self, plan: i64) -> Result<()> {
        for running in migrations::unstopped(&mut *self.store.acquire().await?, plan).await? {
            if let Err(error) = self.abort_move(running, &format!("plan {plan}")).await {
                tracing::debug!(plan.id = plan, migration.id = running, %error, "move of a plan is not stopped now");
            }
        }
        Ok(())
    }

    /// Begins the upgrade of the agents of a model that has arrived; returns its job.
    pub(super) async fn begin_planned_upgrade(&self, plan: &Plan, it: &PlanModel) -> Result<i64> {
        let mut conn = self.store.acquire().await?;
        let model = models::get(&mut conn, it.model_uuid).await?.ok_or_else(Error::model_not_found)?;
        let target = controllers::get(&mut conn, it.target_uuid).await?;
        drop(conn);
        let target = target.ok_or_else(|| Error::not_found(format!("controller {} is gone", it.target_name)))?;
        self.begin_upgrade_there(&plan.requested_by, &model, &target).await
    }

    /// The plan's own move of the model, when it began after the plan had begun the model: the one that a replica began
    /// before it was gone.
    pub(super) async fn move_of(&self, plan: &Plan, it: &PlanModel) -> Result<Option<Job>> {
        let mut conn = self.store.acquire().await?;
        let Some(known) = migrations::in_plan(&mut conn, plan.id, it.model_uuid).await? else { return Ok(None) };
        let job = jobs::get(&mut conn, known.job_id).await?;
        Ok(job.filter(|job| it.started_at.is_some_and(|started| job.created_at >= started)))
    }
}
