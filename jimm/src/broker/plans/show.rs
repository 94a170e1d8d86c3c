//! Plans as operators see them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use jimm_proto::params::jimm_plans::{PlanDetails, PlanList, PlanModelStatus, PlanProof, PlanStatus, ShowPlanRequest};
use jimm_proto::time::GoTime;
use jimm_store::plan_models::{self, Count, PlanModel};
use jimm_store::plans::{self, Plan};

use super::carry::current_wave;
use crate::broker::Broker;
use crate::error::{Error, Result};

/// Plans in one answer.
const PLANS: i64 = 100;
/// What was written by a transaction that began earlier may come later than what was read: told twice, not never.
const OVERLAP: TimeDelta = TimeDelta::seconds(2);

impl Broker {
    /// The newest plans.
    pub async fn list_plans(&self) -> Result<PlanList> {
        let mut tx = self.store.snapshot().await?;
        let mut list = PlanList::default();
        for plan in plans::list(&mut tx, PLANS).await? {
            let counts = plan_models::counts(&mut tx, plan.id).await?;
            list.plans.push(status(&plan, &counts));
        }
        tx.commit().await?;
        Ok(list)
    }

    /// One plan with its models, or with those of them that changed: all of it as it is at one moment.
    pub async fn show_plan(&self, request: &ShowPlanRequest) -> Result<PlanDetails> {
        let mut tx = self.store.snapshot().await?;
        let plan = plans::get(&mut tx, request.plan).await?;
        let plan = plan.ok_or_else(|| Error::not_found(format!("plan {} not found", request.plan)))?;
        let counts = plan_models::counts(&mut tx, plan.id).await?;
        let after = request.changed_after.map(|at| at.0 - OVERLAP);
        let rows = plan_models::list(&mut tx, plan.id, after).await?;
        tx.commit().await?;
        let newest = rows.iter().map(|row| row.updated_at).max();
        let as_of = newest.into_iter().chain(request.changed_after.map(|at| at.0)).max();
        Ok(PlanDetails {
            status: status(&plan, &counts),
            as_of: GoTime(as_of.unwrap_or(plan.created_at)),
            models: rows.iter().map(|row| model(&plan, row)).collect(),
        })
    }
}

fn status(plan: &Plan, counts: &[Count]) -> PlanStatus {
    let mut models = BTreeMap::<String, i64>::new();
    for count in counts {
        *models.entry(count.state.clone()).or_default() += count.models;
    }
    let wave = current_wave(counts).and_then(|wave| plan.waves.get(usize::try_from(wave).ok()?).cloned());
    let proof: Vec<PlanProof> = serde_json::from_value(plan.proof.clone()).unwrap_or_default();
    PlanStatus {
        plan: plan.id,
        kind: plan.kind.clone(),
        state: plan.state.clone(),
        reason: plan.reason.clone(),
        sources: plan.source_names.clone(),
        requested_by: plan.requested_by.clone(),
        created: GoTime(plan.created_at),
        finished: plan.finished_at.map(GoTime),
        models,
        wave: wave.filter(|_| !plan.is_over()).unwrap_or_default(),
        waves: i64::try_from(plan.waves.len()).unwrap_or(i64::MAX),
        proof,
    }
}

fn model(plan: &Plan, row: &PlanModel) -> PlanModelStatus {
    let wave = usize::try_from(row.wave).ok().and_then(|wave| plan.waves.get(wave));
    PlanModelStatus {
        model: row.name.clone(),
        uuid: row.model_uuid.to_string(),
        wave: wave.cloned().unwrap_or_default(),
        from: row.source_name.clone(),
        to: row.target_name.clone(),
        state: row.state.clone(),
        reason: row.reason.clone(),
        attempts: i64::from(row.attempts),
        worse: serde_json::from_value(row.worse.clone()).unwrap_or_default(),
        job: row.job_id,
        started: row.started_at.map(GoTime),
        ended: row.ended_at.map(GoTime),
    }
}
