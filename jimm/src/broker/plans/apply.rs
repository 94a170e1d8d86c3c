//! Beginning a plan: everything that is wrong with it is told at once, and nothing is begun while anything is.

use std::collections::{BTreeMap, BTreeSet};

use jimm_proto::params::jimm_plans::{ApplyPlanRequest, ApplyPlanResult, FORMAT, Plan, PlanStep};
use jimm_store::controllers::{self, Controller};
use jimm_store::events::{self, Code, Subject};
use jimm_store::models::{self, Model};
use jimm_store::placement;
use jimm_store::plan_models::{self, HELD_KEY, NewPlanModel};
use jimm_store::plans::{self, NewPlan};
use serde_json::json;
use uuid::Uuid;

use super::news::tell;
use super::propose::{LARGEST, cannot_leave, check_limits, name_of};
use crate::broker::placement::candidate;
use crate::broker::placement::score::{Candidate, Load, Wish, rank};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Problems that are told; of more it is said how many.
const TOLD: usize = 200;
/// Waves of a plan.
const WAVES: usize = 1000;

/// A plan that is being looked at.
struct Look<'a> {
    plan: &'a Plan,
    controllers: BTreeMap<String, Controller>,
    problems: Vec<String>,
    models: Vec<NewPlanModel>,
    seen: BTreeMap<Uuid, String>,
    hosts: BTreeMap<(String, String), Vec<Candidate>>,
}

impl Broker {
    /// Begins the plan, unless something is wrong with it or it was only to be looked at.
    pub async fn apply_plan(&self, who: &Requester, request: &ApplyPlanRequest) -> Result<ApplyPlanResult> {
        let plan = &request.plan;
        let controllers = controllers::list(&mut *self.store.acquire().await?).await?;
        let mut look = Look {
            plan,
            controllers: controllers.into_iter().map(|it| (it.name.clone(), it)).collect(),
            problems: Vec::new(),
            models: Vec::new(),
            seen: BTreeMap::new(),
            hosts: BTreeMap::new(),
        };
        look.check_form();
        if look.problems.is_empty() {
            self.check_all_planned(&mut look).await?;
        }
        if look.problems.is_empty() && !request.check {
            match self.begin_plan(who, &look).await {
                Ok(plan) => return Ok(ApplyPlanResult { plan, problems: Vec::new() }),
                // Another plan took one of the models since we looked.
                Err(error) if error.kind() == Kind::Conflict => look.problems.push(error.message().to_owned()),
                Err(error) => return Err(error),
            }
        }
        let all = look.problems.len();
        look.problems.truncate(TOLD);
        if all > TOLD {
            look.problems.push(format!("and {} more", all - TOLD));
        }
        Ok(ApplyPlanResult { plan: 0, problems: look.problems })
    }

    async fn check_all_planned(&self, look: &mut Look<'_>) -> Result<()> {
        for (number, wave) in (0..).zip(&look.plan.waves) {
            for step in &wave.models {
                let checked = self.check_planned(look, step).await?;
                match checked {
                    Ok(model) => look.models.push(NewPlanModel { wave: number, ..model }),
                    Err(why) => look.problems.push(format!("{}: {}: {why}", wave.name, step.model)),
                }
            }
        }
        let uuids: Vec<Uuid> = look.models.iter().map(|it| it.model_uuid).collect();
        for (model, plan) in plan_models::holding(&mut *self.store.acquire().await?, &uuids).await? {
            let name = look.seen.get(&model).cloned().unwrap_or_default();
            look.problems.push(format!(
                "{name}: it is in plan {plan}, which goes on: wait for that one, or take it out with \
                 \"jimmctl abort-plan {plan}\""
            ));
        }
        Ok(())
    }

    /// The model with where it goes, or why it cannot.
    async fn check_planned(&self, look: &mut Look<'_>, step: &PlanStep) -> Result<Result<NewPlanModel, String>> {
        let called = if step.uuid.is_empty() { &step.model } else { &step.uuid };
        let model = match self.find_model(called).await {
            Ok(model) => model,
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::ModelNotFound | Kind::BadRequest) => {
                return Ok(Err(format!("{}: is it gone?", error.message())));
            }
            Err(error) => return Err(error),
        };
        if name_of(&model) != step.model {
            return Ok(Err(format!("the model with UUID {} is called {}", model.uuid, name_of(&model))));
        }
        if look.seen.insert(model.uuid, name_of(&model)).is_some() {
            return Ok(Err("it is in the plan twice".to_owned()));
        }
        let Some(source) = look.controllers.values().find(|it| it.uuid == model.controller_uuid).cloned() else {
            return Ok(Err("its controller is gone".to_owned()));
        };
        if let Err(why) = check_ends(look, step, &model, &source) {
            return Ok(Err(why));
        }
        let Some(target) = look.controllers.get(&step.to).cloned() else {
            return Ok(Err(format!("its target, controller {:?}, is not known", step.to)));
        };
        if let Some(why) = self.check_planned_target(look, &model, &source, &target).await? {
            return Ok(Err(format!("controller {} {why}", target.name)));
        }
        Ok(Ok(NewPlanModel {
            wave: 0,
            model_uuid: model.uuid,
            name: name_of(&model),
            source_uuid: source.uuid,
            source_name: source.name,
            target_uuid: target.uuid,
            target_name: target.name,
            why: step.why.clone(),
        }))
    }

    async fn check_planned_target(
        &self,
        look: &mut Look<'_>,
        model: &Model,
        source: &Controller,
        target: &Controller,
    ) -> Result<Option<String>> {
        let place = (model.cloud.clone(), model.region.clone());
        if !look.hosts.contains_key(&place) {
            let mut conn = self.store.acquire().await?;
            let hosts = placement::hosts(&mut conn, &model.cloud, &model.region, "").await?;
            look.hosts.insert(place.clone(), hosts.iter().map(candidate).collect());
        }
        let hosts = look.hosts.get(&place).map(Vec::as_slice).unwrap_or_default();
        let Some(host) = hosts.iter().find(|it| it.uuid == target.uuid) else {
            return Ok(Some(format!("does not serve {}/{}", model.cloud, model.region)));
        };
        // Who wrote the target by hand may have meant it: taints and how full it is are the proposal's matter.
        let wish = Wish {
            except: Some(source.uuid),
            tolerated: [target.uuid].into(),
            brings: Load::default(),
            ..self.wish_of(model).await?
        };
        let alone = [host.clone()];
        Ok(rank(&alone, &wish).first().filter(|it| !it.fits()).map(|it| it.excluded.join(" and ")))
    }

    async fn begin_plan(&self, who: &Requester, look: &Look<'_>) -> Result<i64> {
        let plan = look.plan;
        let narrow = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
        let sources: Vec<&Controller> = plan.sources.iter().filter_map(|name| look.controllers.get(name)).collect();
        let new = NewPlan {
            kind: plan.kind.clone(),
            sources: sources.iter().map(|it| it.uuid).collect(),
            source_names: sources.iter().map(|it| it.name.clone()).collect(),
            waves: plan.waves.iter().map(|wave| wave.name.clone()).collect(),
            parallel: narrow(plan.limits.parallel),
            per_source: narrow(plan.limits.per_source),
            per_target: narrow(plan.limits.per_target),
            failures: narrow(plan.limits.failures),
            patience: narrow(plan.limits.patience),
            requested_by: who.name.to_string(),
        };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let id = plans::insert(&mut tx, &new).await?;
        plan_models::insert(&mut tx, id, &look.models).await.map_err(|error| match error.conflict() {
            Some(HELD_KEY) => {
                Error::new(Kind::Conflict, "another plan has begun with one of the models: see \"jimmctl plans\"")
            }
            _ => error.into(),
        })?;
        let (by, why) = (who.name.as_str(), format!("plan {id}"));
        tell(&mut tx, Code::PLAN_STARTED, id, &json!({ "by": by })).await?;
        for source in sources {
            if placement::cordon(&mut tx, source.uuid, by, &why, now).await? {
                let subject = Subject::new(source.uuid, &source.name);
                events::note(&mut tx, Code::CONTROLLER_CORDONED, subject, &json!({"by": by, "reason": why})).await?;
            }
        }
        tx.commit().await?;
        tracing::info!(plan.id = id, kind = %plan.kind, models = look.models.len(), requester = %who.name, "plan has begun");
        Ok(id)
    }
}

/// That the model is where the plan says, may leave, and does not run in a circle.
fn check_ends(look: &Look<'_>, step: &PlanStep, model: &Model, source: &Controller) -> Result<(), String> {
    let sources: BTreeSet<&str> = look.plan.sources.iter().map(String::as_str).collect();
    if !step.from.is_empty() && step.from != source.name {
        return Err(format!("it is on controller {}, and not on {} any more", source.name, step.from));
    }
    if step.to == source.name {
        return Err(format!("it is on controller {} already", source.name));
    }
    if sources.contains(step.to.as_str()) {
        return Err(format!("controller {} is to be empty by this plan, and gets the model by it", step.to));
    }
    if !sources.is_empty() && !sources.contains(source.name.as_str()) {
        return Err(format!("it is on controller {}, which is none of the sources of the plan", source.name));
    }
    if model.is_controller {
        return Err("it is the controller's own model".to_owned());
    }
    if cannot_leave(&source.agent_version) {
        return Err(format!(
            "controller {} runs Juju {}, which cannot move models out",
            source.name, source.agent_version
        ));
    }
    match (model.mode.as_str(), model.life.as_str()) {
        (models::MODE_NONE, "alive") => Ok(()),
        (models::MODE_NONE, life) => Err(format!("it is {life}")),
        (mode, _) => Err(format!("something is going on with it already: {mode}")),
    }
}

impl Look<'_> {
    /// What can be seen without looking at any model.
    fn check_form(&mut self) {
        let plan = self.plan;
        if plan.format != FORMAT {
            self.problems.push(format!("the plan has format {}, and this broker knows {FORMAT}", plan.format));
        }
        if !["drain", "rebalance", "upgrade"].contains(&plan.kind.as_str()) {
            self.problems.push(format!("{:?} is no kind of plan: drain, rebalance or upgrade", plan.kind));
        }
        if plan.kind == "rebalance" && !plan.sources.is_empty() {
            self.problems.push("a rebalancing empties no controllers: remove its sources".to_owned());
        }
        if plan.kind != "rebalance" && plan.sources.is_empty() {
            self.problems.push(format!("the plan is a {}, and names no sources", plan.kind));
        }
        let mut named = BTreeSet::new();
        for source in &plan.sources {
            if !self.controllers.contains_key(source) {
                self.problems.push(format!("controller {source:?}, a source of the plan, is not known"));
            }
            if !named.insert(source) {
                self.problems.push(format!("controller {source} is a source of the plan twice"));
            }
        }
        self.problems.extend(check_limits(&plan.limits));
        let models: usize = plan.waves.iter().map(|wave| wave.models.len()).sum();
        if models == 0 {
            self.problems.push("the plan has no models".to_owned());
        }
        if models > LARGEST || plan.waves.len() > WAVES {
            self.problems.push(format!("the plan has more than {LARGEST} models or {WAVES} waves"));
        }
        for wave in &plan.waves {
            if wave.name.is_empty() || wave.name.chars().count() > 100 {
                self.problems.push("a wave has no name, or one of more than 100 characters".to_owned());
            }
            if wave.models.iter().any(|step| step.why.len() > 4000 || step.model.len() > 1000 || step.to.len() > 1000) {
                self.problems.push(format!("{}: a text is too long", wave.name));
            }
        }
    }
}
