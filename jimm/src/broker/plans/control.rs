//! What operators do with plans that go on: pause, resume, abort, skip and retry models.

use jimm_proto::params::jimm_plans::{ChangePlanRequest, PlanDetails, ShowPlanRequest};
use jimm_store::events::Code;
use jimm_store::plan_models::{self, PlanModel};
use jimm_store::plans::{self, Plan};
use jimm_store::{PgConnection, Tx};
use serde_json::json;
use uuid::Uuid;

use super::news::tell;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

impl Broker {
    /// Changes a plan, and answers how it stands then.
    pub async fn change_plan(&self, who: &Requester, request: &ChangePlanRequest) -> Result<PlanDetails> {
        let mut tx = self.store.begin().await?;
        let plan = plans::get_for_update(&mut tx, request.plan).await?;
        let plan = plan.ok_or_else(|| Error::not_found(format!("plan {} not found", request.plan)))?;
        if plan.is_over() {
            return Err(Error::bad_request(format!("plan {} has ended: it is {}", plan.id, plan.state)));
        }
        let models = named(&mut tx, &plan, &request.models).await?;
        let by = &who.name;
        match request.change.as_str() {
            "pause" => {
                let why = format!("paused by {by}");
                set(&mut tx, &plan, &[plans::RUNNING], plans::PAUSED, &why).await?;
                let told = json!({"by": by.as_str(), "reason": why});
                tell(&mut tx, Code::PLAN_PAUSED, plan.id, &told).await?;
            }
            "resume" => {
                plans::tolerate(&mut tx, plan.id).await?;
                set(&mut tx, &plan, &[plans::PAUSED, plans::STOPPED], plans::RUNNING, "").await?;
                tell(&mut tx, Code::PLAN_RESUMED, plan.id, &json!({"by": by.as_str()})).await?;
            }
            // Said again, it only looks once more for moves to stop.
            "abort" if plan.state == plans::ABORTING => {}
            "abort" => {
                let from = [plans::RUNNING, plans::PAUSED, plans::STOPPED, plans::PROVING];
                let why = format!("given up by {by}");
                set(&mut tx, &plan, &from, plans::ABORTING, &why).await?;
                let from = [plan_models::WAITING];
                plan_models::turn(&mut tx, plan.id, &[], &from, plan_models::CANCELLED, &why).await?;
                tell(&mut tx, Code::PLAN_STOPPED, plan.id, &json!({ "reason": why })).await?;
            }
            "skip" => {
                if models.is_empty() {
                    return Err(Error::bad_request("name the models that are to stay where they are"));
                }
                let from = [plan_models::WAITING, plan_models::FAILED];
                let why = format!("skipped by {by}");
                let turned =
                    plan_models::turn(&mut tx, plan.id, &uuids(&models), &from, plan_models::SKIPPED, &why).await?;
                all_of(&models, &turned, "skipped", "it waits or has failed")?;
                plans::tolerate(&mut tx, plan.id).await?;
            }
            "retry" if plan.state == plans::ABORTING => {
                let text = format!("plan {} is being given up: none of its models is tried again", plan.id);
                return Err(Error::bad_request(text));
            }
            "retry" => {
                let from = [plan_models::FAILED, plan_models::SKIPPED];
                let from = if models.is_empty() { &from[..1] } else { &from[..] };
                let turned =
                    plan_models::turn(&mut tx, plan.id, &uuids(&models), from, plan_models::WAITING, "").await?;
                all_of(&models, &turned, "tried again", "it has failed or was skipped")?;
                plans::tolerate(&mut tx, plan.id).await?;
                if !turned.is_empty() {
                    // There is something to do again: the sources are asked after that.
                    plans::set_state(&mut tx, plan.id, &[plans::PROVING], plans::RUNNING, "").await?;
                }
            }
            other => {
                let text = format!("{other:?} is no change of a plan: pause, resume, abort, skip or retry");
                return Err(Error::bad_request(text));
            }
        }
        tx.commit().await?;
        if request.change == "abort" {
            // At once, while sources were not asked yet; whoever carries the plan out does it as well.
            if let Err(error) = self.stop_planned_moves(plan.id).await {
                tracing::warn!(plan.id = plan.id, %error, "moves of a plan that is given up are stopped a little later");
            }
        }
        tracing::info!(plan.id = plan.id, change = %request.change, models = models.len(), requester = %who.name, "plan changed");
        let mut details = self.show_plan(&ShowPlanRequest { plan: plan.id, changed_after: None }).await?;
        details.models.clear();
        Ok(details)
    }
}

async fn set(tx: &mut Tx, plan: &Plan, from: &[&str], to: &str, why: &str) -> Result<()> {
    if plans::set_state(tx, plan.id, from, to, why).await? {
        return Ok(());
    }
    Err(Error::bad_request(format!("plan {} is {}, and cannot become {to}", plan.id, plan.state)))
}

/// The models of the plan that are called so.
async fn named(conn: &mut PgConnection, plan: &Plan, called: &[String]) -> Result<Vec<PlanModel>> {
    if called.is_empty() {
        return Ok(Vec::new());
    }
    let all = plan_models::list(conn, plan.id, None).await?;
    let find = |called: &String| {
        let found = all.iter().find(|it| it.name == *called || it.model_uuid.to_string() == *called).cloned();
        found.ok_or_else(|| Error::not_found(format!("model {called} is not in plan {}", plan.id)))
    };
    called.iter().map(find).collect()
}

fn uuids(models: &[PlanModel]) -> Vec<Uuid> {
    models.iter().map(|it| it.model_uuid).collect()
}

/// Nothing is done when one of the models cannot be turned.
fn all_of(models: &[PlanModel], turned: &[Uuid], done: &str, when: &str) -> Result<()> {
    match models.iter().find(|it| !turned.contains(&it.model_uuid)) {
        None => Ok(()),
        Some(it) => Err(Error::bad_request(format!("model {} is {}: it is {done} when {when}", it.name, it.state))),
    }
}
