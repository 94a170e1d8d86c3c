//! Everything that can be found out before a move, in one report; asking changes nothing.
//!
//! A real 4.1 source answers with a migration id and aborts silently when cloud, name or credential do not fit
//! (measured): so these are looked at here.

use jimm_authz::Relation;
use jimm_proto::params::jimm::{CheckMigrationResult, MigrateModelSpec, MigrationCheck};
use jimm_proto::params::model_manager::{ModelInfo, ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::Controller;
use jimm_store::models::{self, Model};
use jimm_store::{clouds, credentials};
use uuid::Uuid;

use super::facts::{Told, start_of};
use super::initiate::MIGRATION_TARGET;
use crate::broker::remote::{CALL_DEADLINE, CONTROLLER, MODEL_MANAGER};
use crate::broker::{Broker, Requester};
use crate::controllers::Session;
use crate::error::{Error, Kind, Result};

/// The version of `MigrationTarget` without which a 4.1 source refuses a target.
const FORMAT_OF_4_1: u32 = 8;

/// What is known of a move before it begins.
pub(super) struct Plan {
    pub(super) model: Model,
    pub(super) source: Controller,
    pub(super) target: Controller,
    pub(super) checks: Vec<MigrationCheck>,
    /// The start of a migration that the source remembers from before.
    pub(super) earlier_start: Option<String>,
}

impl Plan {
    pub(super) fn note(&mut self, name: &str, outcome: Result<String, String>) {
        let ok = outcome.is_ok();
        let message = outcome.unwrap_or_else(|e| e);
        self.checks.push(MigrationCheck { name: name.to_owned(), ok, message });
    }

    /// Why the move must not begin.
    pub(super) fn refusal(&self) -> Option<Error> {
        let failed: Vec<&MigrationCheck> = self.checks.iter().filter(|check| !check.ok).collect();
        let first = failed.first()?;
        if first.name == NO_OTHER_MOVE {
            return Some(Error::new(Kind::MigrationInProgress, first.message.clone()));
        }
        let texts: Vec<&str> = failed.iter().map(|check| check.message.as_str()).collect();
        Some(Error::bad_request(texts.join("; ")))
    }
}

const ON_SOURCE: &str = "model-on-source";
const NO_OTHER_MOVE: &str = "no-other-move";

impl Broker {
    /// The report on each of the moves.
    pub async fn check_migrations(&self, who: &Requester, specs: &[MigrateModelSpec]) -> Vec<CheckMigrationResult> {
        let mut results = Vec::with_capacity(specs.len());
        for spec in specs {
            results.push(self.check_migration(who, spec).await);
        }
        results
    }

    async fn check_migration(&self, who: &Requester, spec: &MigrateModelSpec) -> CheckMigrationResult {
        let mut plan = match self.plan_migration(who, spec).await {
            Ok(plan) => plan,
            Err((tag, e)) => {
                return CheckMigrationResult {
                    model_tag: tag,
                    error: Some(e.to_wire()),
                    ..CheckMigrationResult::default()
                };
            }
        };
        if plan.checks.iter().all(|check| check.ok) {
            self.ask_for_dry_run(&mut plan).await;
        }
        if plan.checks.iter().any(|check| check.name == ON_SOURCE && check.ok) {
            self.check_offers(who, &mut plan).await;
        }
        CheckMigrationResult {
            model_tag: format!("model-{}", plan.model.uuid),
            model: format!("{}/{}", plan.model.owner, plan.model.name),
            source_controller: plan.source.name.clone(),
            target_controller: plan.target.name.clone(),
            ok: plan.checks.iter().all(|check| check.ok),
            checks: plan.checks,
            error: None,
        }
    }

    /// Looks at everything. An error is for who may not ask, or for what does not exist; it comes with the model's tag
    /// where the caller may know it.
    pub(super) async fn plan_migration(
        &self,
        who: &Requester,
        spec: &MigrateModelSpec,
    ) -> Result<Plan, (String, Error)> {
        let unnamed = |e: Error| (String::new(), e);
        let model = self.find_model_for(who, Relation::Administrator, &spec.model_tag).await.map_err(unnamed)?;
        let tag = format!("model-{}", model.uuid);
        let named = |e: Error| (tag.clone(), e);
        let target = self.controller_named(&spec.target_controller).await.map_err(named)?;
        let source = self.controller_row(model.controller_uuid).await.map_err(named)?;
        let mut plan = Plan { model, source, target, checks: Vec::new(), earlier_start: None };
        self.check_records(&mut plan).await.map_err(named)?;
        if let (Some(source), Some(target)) = (self.reach(&mut plan, true).await, self.reach(&mut plan, false).await) {
            check_versions(&mut plan, &source, &target);
            self.check_source(&mut plan).await;
            self.check_target(&mut plan).await;
        }
        Ok(plan)
    }

    async fn controller_row(&self, uuid: Uuid) -> Result<Controller> {
        let row = jimm_store::controllers::get(&mut *self.store.acquire().await?, uuid).await?;
        row.ok_or_else(|| Error::not_found("controller not found"))
    }

    /// What the broker's own tables tell.
    async fn check_records(&self, plan: &mut Plan) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        let (model, target) = (plan.model.clone(), plan.target.clone());
        let elsewhere = if model.controller_uuid == target.uuid {
            Err(format!("the model is on controller {} already", target.name))
        } else {
            Ok(String::new())
        };
        plan.note("target-is-another", elsewhere);
        let settled = match model.mode.as_str() {
            models::MODE_NONE => Ok(String::new()),
            mode => Err(format!("model is already in migration mode {mode:?}: wait until it has ended")),
        };
        plan.note(NO_OTHER_MOVE, settled);
        let alive = if model.life == "alive" { Ok(String::new()) } else { Err(format!("model is {}", model.life)) };
        plan.note("model-alive", alive);
        let served = clouds::priorities_of_controller(&mut conn, target.uuid).await?;
        let place = format!("{}/{}", model.cloud, model.region);
        let serves = served.iter().any(|p| p.cloud == model.cloud && p.region == model.region);
        plan.note(
            "cloud-and-region",
            if serves {
                Ok(place)
            } else {
                Err(format!(
                    "controller {} does not serve {place}: add the cloud there first, or choose another",
                    target.name
                ))
            },
        );
        let superuser = if target.admin_sealed.is_some() {
            Ok(String::new())
        } else {
            Err("missing target controller credentials".to_owned())
        };
        plan.note("target-superuser", superuser);
        let credential = match (&model.credential_owner, &model.credential_name) {
            (Some(owner), Some(name)) => credentials::get(&mut conn, &model.cloud, owner, name).await?,
            _ => None,
        };
        plan.note(
            "credential",
            match credential {
                Some(found) if found.valid == Some(false) => {
                    Err(format!("credential {} is not valid ({}): update it first", found.name, found.invalid_reason))
                }
                Some(found) => Ok(found.name),
                None => {
                    Err("the model has no credential in the broker: give it one with \"juju set-credential\""
                        .to_owned())
                }
            },
        );
        Ok(())
    }

    async fn reach(&self, plan: &mut Plan, source: bool) -> Option<Session> {
        let row = if source { plan.source.clone() } else { plan.target.clone() };
        let name = if source { "source-reachable" } else { "target-reachable" };
        let session = match self.slot_of(&row).await {
            Ok(slot) => slot.service().await,
            Err(e) => Err(e),
        };
        match session {
            Ok(session) => {
                plan.note(name, Ok(format!("{}, Juju {}", row.name, session.login().server_version)));
                Some(session)
            }
            Err(e) => {
                plan.note(name, Err(e.message().to_owned()));
                None
            }
        }
    }

    /// What the source tells of the model.
    async fn check_source(&self, plan: &mut Plan) {
        let info = match self.ask_about_model(plan.source.uuid, plan.model.uuid).await {
            Ok(Told::Has(info)) => info,
            Ok(Told::HasNot) => {
                let text = format!(
                    "controller {} does not have the model; was it moved without the broker? then use \"jimmctl update-migrated-model\"",
                    plan.source.name
                );
                return plan.note(ON_SOURCE, Err(text));
            }
            Err(e) => return plan.note(ON_SOURCE, Err(e.message().to_owned())),
        };
        plan.note(ON_SOURCE, Ok(String::new()));
        plan.note("model-agents", check_agents(&info, plan));
        if info.cloud_credential_validity == Some(false) {
            plan.note(
                "credential-on-source",
                Err("the controller says that the model's credential is revoked: update it first".to_owned()),
            );
        }
        if let Some(migration) = &info.migration {
            plan.earlier_start = start_of(migration);
            if migration.end.is_none() {
                let text =
                    format!("a migration of the model that the broker did not start is running: {}", migration.status);
                plan.note("no-migration-on-source", Err(text));
            }
        }
    }

    /// What the target tells of models that are in the way.
    async fn check_target(&self, plan: &mut Plan) {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let answer: Result<ModelSummaryResults> =
            self.ask(plan.target.uuid, MODEL_MANAGER, "ListModelSummaries", &request, CALL_DEADLINE).await;
        let there: Vec<ModelSummary> = match answer {
            Ok(answer) => answer.results.into_iter().filter_map(|r| r.result).collect(),
            Err(e) => return plan.note("target-models", Err(e.message().to_owned())),
        };
        let uuid = plan.model.uuid.to_string();
        let target = plan.target.name.clone();
        let free = if there.iter().any(|m| m.uuid == uuid) {
            Err(format!(
                "controller {target} has a model with this UUID already, perhaps left over from an earlier move: remove it there, or choose another controller"
            ))
        } else {
            Ok(String::new())
        };
        plan.note("uuid-free", free);
        let owner = |m: &ModelSummary| {
            m.owner_tag.as_deref().map(|t| t.trim_start_matches("user-").to_owned()).or_else(|| m.qualifier.clone())
        };
        let owner_there = self.owner_on_source(plan).await;
        let taken = there.iter().any(|m| m.name == plan.model.name && owner(m) == owner_there && m.uuid != uuid);
        let name = if taken {
            Err(format!(
                "controller {target} has another model named {:?} of the same owner: rename or remove that one",
                plan.model.name
            ))
        } else {
            Ok(String::new())
        };
        plan.note("name-free", name);
        self.check_credential_on_target(plan, &there).await;
    }

    async fn check_credential_on_target(&self, plan: &mut Plan, there: &[ModelSummary]) {
        let outcome = match self.credential_in_the_way(&plan.model, there).await {
            Ok(None) => Ok(String::new()),
            Ok(Some(reason)) => Err(reason),
            Err(e) => Err(e.message().to_owned()),
        };
        plan.note("credential-on-target", outcome);
    }

    /// The owner's name on the source, which may be another than in the broker for an adopted model.
    async fn owner_on_source(&self, plan: &Plan) -> Option<String> {
        match self.ask_about_model(plan.source.uuid, plan.model.uuid).await {
            Ok(Told::Has(info)) => info.owner_tag.map(|t| t.trim_start_matches("user-").to_owned()).or(info.qualifier),
            _ => None,
        }
    }

    /// A 4.1 source can be asked itself; an older one would begin.
    async fn ask_for_dry_run(&self, plan: &mut Plan) {
        let version: AgentVersion = plan.source.agent_version.parse().unwrap_or_default();
        if version.series() < (4, 1) {
            return;
        }
        let spec = match self.migration_spec(plan.model.uuid, plan.target.uuid).await {
            Ok(spec) => spec,
            Err(e) => return plan.note("controllers-own-check", Err(e.message().to_owned())),
        };
        let told = self.initiate(plan.source.uuid, spec, true).await;
        plan.note("controllers-own-check", told.map(|_| String::new()).map_err(|e| e.message().to_owned()));
    }
}

/// Versions and facades of both sides.
fn check_versions(plan: &mut Plan, source: &Session, target: &Session) {
    let version = |session: &Session| session.login().server_version.parse::<AgentVersion>().unwrap_or_default();
    let (from, to) = (version(source), version(target));
    let newer = if from.series() <= to.series() {
        Ok(format!("{from} to {to}"))
    } else {
        Err(format!(
            "controller {} (Juju {to}) is older than {} (Juju {from}): upgrade it, or choose a newer one",
            plan.target.name, plan.source.name
        ))
    };
    plan.note("target-not-older", newer);
    // Measured: 4.0 and 4.1-beta1 answer "migration is not implemented".
    let can_leave = if from.series() == (4, 0) || from.to_string().starts_with("4.1-beta1") {
        Err(format!(
            "controller {} (Juju {from}) cannot migrate models out: upgrade it to Juju 4.1 or later",
            plan.source.name
        ))
    } else {
        source.version(CONTROLLER).map(|_| String::new()).map_err(|e| e.message().to_owned())
    };
    plan.note("source-can-migrate-out", can_leave);
    let facade = match target.version(MIGRATION_TARGET) {
        Ok(best) if from.series() >= (4, 1) && best < FORMAT_OF_4_1 => Err(format!(
            "controller {} does not support the model migration format of Juju {from}: upgrade it to Juju 4.1 or later",
            plan.target.name
        )),
        Ok(best) => Ok(format!("MigrationTarget {best}")),
        Err(e) => Err(e.message().to_owned()),
    };
    plan.note("target-takes-models", facade);
}

fn check_agents(info: &ModelInfo, plan: &Plan) -> Result<String, String> {
    let model = info.agent_version.as_deref().unwrap_or_default();
    let target: AgentVersion = plan.target.agent_version.parse().unwrap_or_default();
    match model.parse::<AgentVersion>() {
        Ok(version) if version > target && !target.is_zero() => Err(format!(
            "model has higher version than target controller ({version} > {target}): upgrade controller {}",
            plan.target.name
        )),
        _ => Ok(model.to_owned()),
    }
}
