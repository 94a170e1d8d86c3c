//! One model of a plan: whether it can begin, beginning it, and what comes after each thing that has ended.

use chrono::TimeDelta;
use jimm_store::events::Code;
use jimm_store::models::{self, Model};
use jimm_store::plan_models::{self, EndedJob, PlanModel};
use jimm_store::plans::{self, Plan};
use jimm_store::{Tx, controllers, jobs};
use serde_json::{Value, json};

use super::carry::stop;
use super::health::Health;
use super::news::tell;
use crate::broker::Broker;
use crate::error::{Kind, Result};

/// What the reason begins with when a model has arrived and that is all.
const NOT_UPGRADED: &str = "the agents were not upgraded: ";
/// Seconds after which something is tried again that cannot be now.
const LATER: f64 = 5.0;

/// Whether a model can begin.
enum Ready {
    Yes(Box<Model>),
    /// It is where it was to go.
    There,
    /// Not now.
    Later(String),
    /// It cannot be, and why.
    Never(String),
}

impl Broker {
    /// Begins a model whose turn it is.
    pub(super) async fn begin_planned(&self, plan: &Plan, it: &PlanModel) -> Result<()> {
        let model = match self.ready(it).await? {
            Ready::Yes(model) => model,
            Ready::Later(why) => return self.wait_planned(plan, it, &why).await,
            Ready::Never(why) => return self.end_planned(plan, it, plan_models::FAILED, &why, &json!([])).await,
            Ready::There if plan.kind == "upgrade" => return self.upgrade_planned(plan, it).await,
            Ready::There => {
                let why = format!("it was on controller {} already", it.target_name);
                return self.end_planned(plan, it, plan_models::DONE, &why, &json!([])).await;
            }
        };
        let mut before = json!({});
        if plan.kind == "upgrade" {
            match self.health(&model).await {
                Ok(health) => before = json!(health),
                Err(error) => {
                    let why = format!("its status before could not be had: {}", error.message());
                    return self.wait_planned(plan, it, &why).await;
                }
            }
        }
        let begun = plan_models::begin(&mut *self.store.acquire().await?, plan.id, it.position, &before).await?;
        let Some(it) = begun else { return Ok(()) };
        match self.begin_planned_move(plan, &it).await {
            Ok(job) => self.go_on_planned(plan, &it, plan_models::MOVING, Some(job)).await,
            Err(error)
                if matches!(error.kind(), Kind::ControllerUnavailable | Kind::MigrationInProgress | Kind::Conflict) =>
            {
                self.wait_planned(plan, &it, error.message()).await
            }
            Err(error) if error.kind() == Kind::Internal => Err(error),
            Err(error) => self.end_planned(plan, &it, plan_models::FAILED, error.message(), &json!([])).await,
        }
    }

    /// A model that is where it was to go, and whose agents are still to be upgraded: somebody tries it again.
    async fn upgrade_planned(&self, plan: &Plan, it: &PlanModel) -> Result<()> {
        let begun = plan_models::begin(&mut *self.store.acquire().await?, plan.id, it.position, &it.before).await?;
        let Some(it) = begun else { return Ok(()) };
        self.go_on_to_upgrade(plan, &it).await
    }

    /// A model that has arrived: its agents are upgraded next. One that is gone meanwhile has failed.
    async fn go_on_to_upgrade(&self, plan: &Plan, it: &PlanModel) -> Result<()> {
        match self.begin_planned_upgrade(plan, it).await {
            Ok(job) => self.go_on_planned(plan, it, plan_models::UPGRADING, Some(job)).await,
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::ModelNotFound) => {
                let why = format!("{NOT_UPGRADED}{}", error.message());
                self.end_planned(plan, it, plan_models::FAILED, &why, &json!([])).await
            }
            Err(error) => Err(error),
        }
    }

    async fn ready(&self, it: &PlanModel) -> Result<Ready> {
        let mut conn = self.store.acquire().await?;
        let Some(model) = models::get(&mut conn, it.model_uuid).await? else {
            return Ok(Ready::Never("the model is gone: it was destroyed, or its controller was removed".to_owned()));
        };
        let target = controllers::get(&mut conn, it.target_uuid).await?;
        drop(conn);
        if model.controller_uuid == it.target_uuid {
            return Ok(Ready::There);
        }
        if model.controller_uuid != it.source_uuid {
            let why = format!("it is not on controller {} any more: somebody moved it", it.source_name);
            return Ok(Ready::Never(why));
        }
        if model.life != "alive" {
            return Ok(Ready::Never(format!("the model is {}", model.life)));
        }
        let Some(target) = target else {
            let why = format!("its target, controller {}, is gone: plan it anew", it.target_name);
            return Ok(Ready::Never(why));
        };
        if target.cordoned_since.is_some() {
            return Ok(Ready::Later(format!("its target, controller {}, is cordoned", target.name)));
        }
        if model.mode != models::MODE_NONE {
            return Ok(Ready::Later(format!("something is going on with it: {}", model.mode)));
        }
        for (what, controller) in [("source", it.source_uuid), ("target", it.target_uuid)] {
            let reached = match self.slot(controller).await {
                Ok(slot) => slot.service().await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = reached {
                return Ok(Ready::Later(format!("its {what} does not answer: {}", error.message())));
            }
        }
        Ok(Ready::Yes(Box::new(model)))
    }

    /// Goes on with a model that is under way and whose job has ended, or that has none.
    pub(super) async fn settle_planned(&self, plan: &Plan, it: &PlanModel, ended: Option<EndedJob>) -> Result<()> {
        if it.state == plan_models::VERIFYING {
            return self.verify_planned(plan, it).await;
        }
        let Some(ended) = ended else { return self.find_job(plan, it).await };
        if ended.state != jobs::SUCCESSFUL {
            let what = if it.state == plan_models::MOVING { "" } else { NOT_UPGRADED };
            return self.end_planned(plan, it, plan_models::FAILED, &format!("{what}{}", ended.text), &json!([])).await;
        }
        match (plan.kind.as_str(), it.state.as_str()) {
            ("upgrade", plan_models::MOVING) => self.go_on_to_upgrade(plan, it).await,
            ("upgrade", _) => self.go_on_planned(plan, it, plan_models::VERIFYING, it.job_id).await,
            _ => self.end_planned(plan, it, plan_models::DONE, &ended.text, &json!([])).await,
        }
    }

    /// A model that was begun by a replica that is gone: its move is found, or it begins anew.
    async fn find_job(&self, plan: &Plan, it: &PlanModel) -> Result<()> {
        if let Some(job) = self.move_of(plan, it).await? {
            return self.go_on_planned(plan, it, &it.state, Some(job.id)).await;
        }
        plan_models::wait(&mut *self.store.acquire().await?, plan.id, it, "", 0.0).await?;
        Ok(())
    }

    /// Looks whether an upgraded model is as well as before; when it is not in time, the plan stops.
    async fn verify_planned(&self, plan: &Plan, it: &PlanModel) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        let model = models::get(&mut conn, it.model_uuid).await?;
        let target = controllers::get(&mut conn, it.target_uuid).await?;
        drop(conn);
        let (Some(model), Some(target)) = (model, target) else {
            let why = "the model or its controller is gone since it was upgraded";
            return self.end_planned(plan, it, plan_models::FAILED, why, &json!([])).await;
        };
        let before: Health = serde_json::from_value(it.before.clone()).unwrap_or_default();
        let worse = match self.health(&model).await {
            Ok(now) => now.worse_than(&before, &target.agent_version),
            Err(error) => vec![format!("its status cannot be had: {}", error.message())],
        };
        if worse.is_empty() {
            let why = format!(
                "the model runs {} on controller {} and is as well as before",
                target.agent_version, target.name
            );
            return self.end_planned(plan, it, plan_models::DONE, &why, &json!([])).await;
        }
        if self.clock.now() - it.updated_at < TimeDelta::seconds(i64::from(plan.patience)) {
            return Ok(());
        }
        self.got_worse(plan, it, &worse).await
    }

    /// The model has failed and the plan stops, both or neither: nobody would know later that it is to stop.
    async fn got_worse(&self, plan: &Plan, it: &PlanModel, worse: &[String]) -> Result<()> {
        let why = format!("after its upgrade the model is not as well as before: {}", worse.join("; "));
        let stopped = format!("{} got worse: see \"jimmctl show-plan {}\"", it.name, plan.id);
        let mut tx = self.store.begin().await?;
        // The plan before its models, as whoever changes it does.
        plans::get_for_update(&mut tx, plan.id).await?;
        if end(&mut tx, plan, it, plan_models::FAILED, &why, &json!(worse)).await? {
            stop(&mut tx, plan, &stopped).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn go_on_planned(&self, plan: &Plan, it: &PlanModel, to: &str, job: Option<i64>) -> Result<()> {
        plan_models::go_on(&mut *self.store.acquire().await?, plan.id, it, to, job).await?;
        Ok(())
    }

    async fn wait_planned(&self, plan: &Plan, it: &PlanModel, why: &str) -> Result<()> {
        plan_models::wait(&mut *self.store.acquire().await?, plan.id, it, why, LATER).await?;
        Ok(())
    }

    async fn end_planned(&self, plan: &Plan, it: &PlanModel, to: &str, why: &str, worse: &Value) -> Result<()> {
        let mut tx = self.store.begin().await?;
        end(&mut tx, plan, it, to, why, worse).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What came of a model, in the caller's transaction; tells whether it was still as it was seen.
async fn end(tx: &mut Tx, plan: &Plan, it: &PlanModel, to: &str, why: &str, worse: &Value) -> Result<bool> {
    let mine = plan_models::end(tx, plan.id, it, to, why, worse).await?;
    if mine && to == plan_models::FAILED {
        tell(tx, Code::PLAN_STEP_FAILED, plan.id, &json!({"model": it.name, "reason": why})).await?;
    }
    if mine {
        tracing::info!(plan.id = plan.id, model.uuid = %it.model_uuid, model.name = %it.name, state = to, reason = why, "model of a plan ends");
    }
    Ok(mine)
}
