//! Everything that can be found out before a move, in one report; asking changes nothing.
//!
//! A real 4.1 source answers with a migration id and aborts silently when cloud, name or credential do not fit
//! (measured): so these are looked at here.

use jimm_authz::Relation;
use jimm_proto::params::jimm::{CheckMigrationResult, MigrateModelSpec};
use jimm_proto::params::model_manager::{ModelInfo, ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::Controller;
use jimm_store::models::{self, Model};
use jimm_store::{clouds, credentials, migrations};
use uuid::Uuid;

use super::facts::{Told, is_active, start_of};
use super::initiate::MIGRATION_TARGET;
use super::outlook::{NO_OTHER_MOVE, Outlook};
use super::readiness::note_readiness;
use crate::broker::remote::{CALL_DEADLINE, CONTROLLER, MODEL_MANAGER};
use crate::broker::{Broker, Requester};
use crate::controllers::Session;
use crate::error::{Error, Result};

/// The version of `MigrationTarget` without which a 4.1 source refuses a target.
const FORMAT_OF_4_1: u32 = 8;

const ON_SOURCE: &str = "model-on-source";

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
        let mut outlook = match self.look_ahead(who, spec).await {
            Ok(outlook) => outlook,
            Err((tag, e)) => {
                return CheckMigrationResult {
                    model_tag: tag,
                    error: Some(e.to_wire()),
                    ..CheckMigrationResult::default()
                };
            }
        };
        if outlook.checks.iter().any(|check| check.name == ON_SOURCE && check.ok) {
            self.look_closer(who, &mut outlook).await;
        }
        // A move does this itself before it asks the source.
        let login = self.try_target_login(outlook.target.uuid).await;
        outlook.note("target-login", login.map(|()| String::new()).map_err(|e| e.message().to_owned()));
        self.note_users(&mut outlook).await;
        self.note_way(&mut outlook).await;
        if outlook.checks.iter().all(|check| check.ok) {
            self.ask_for_dry_run(&mut outlook).await;
        }
        let estimate = self.note_estimate(&mut outlook).await;
        CheckMigrationResult {
            model_tag: format!("model-{}", outlook.model.uuid),
            model: outlook.name(),
            source_controller: outlook.source.name.clone(),
            target_controller: outlook.target.name.clone(),
            ok: outlook.checks.iter().all(|check| check.ok),
            machines: i64::try_from(outlook.machines).unwrap_or(i64::MAX),
            units: i64::try_from(outlook.units).unwrap_or(i64::MAX),
            estimated_seconds: estimate,
            checks: outlook.checks,
            error: None,
        }
    }

    /// What the model's own status tells, and who is concerned beside it.
    async fn look_closer(&self, who: &Requester, outlook: &mut Outlook) {
        match self.status_of(outlook).await {
            Ok((status, config)) => {
                note_readiness(outlook, &status, &config);
                self.check_offers(who, outlook, &status).await;
            }
            Err(e) => outlook.problem(
                "model-status",
                format!("the model's status cannot be read at its controller: {}", e.message()),
                "see whether the model is in trouble: \"jimmctl model-status\"",
            ),
        }
    }

    /// Looks at everything. An error is for who may not ask, or for what does not exist; it comes with the model's tag
    /// where the caller may know it.
    pub(super) async fn look_ahead(
        &self,
        who: &Requester,
        spec: &MigrateModelSpec,
    ) -> Result<Outlook, (String, Error)> {
        let unnamed = |e: Error| (String::new(), e);
        let model = self.find_model_for(who, Relation::Administrator, &spec.model_tag).await.map_err(unnamed)?;
        let tag = format!("model-{}", model.uuid);
        let named = |e: Error| (tag.clone(), e);
        let target = self.controller_named(&spec.target_controller).await.map_err(named)?;
        self.look_at_move(model, target).await.map_err(named)
    }

    /// Looks at everything that does not depend on who asks.
    pub(super) async fn look_at_move(&self, model: Model, target: Controller) -> Result<Outlook> {
        let source = self.controller_row(model.controller_uuid).await?;
        let (machines, units) = (size(model.machines), size(model.units));
        let mut outlook = Outlook {
            model,
            source,
            target,
            checks: Vec::new(),
            earlier_start: None,
            owner_there: None,
            machines,
            units,
        };
        self.check_records(&mut outlook).await?;
        let (source, target) = (self.reach(&mut outlook, true).await, self.reach(&mut outlook, false).await);
        if let (Some(source), Some(target)) = (&source, &target) {
            check_versions(&mut outlook, source, target);
        }
        if source.is_some() {
            self.check_source(&mut outlook).await;
        }
        // On the very controller that the model is on it would stand in its own way.
        if target.is_some() && outlook.source.uuid != outlook.target.uuid {
            self.check_target(&mut outlook).await;
        }
        Ok(outlook)
    }

    async fn controller_row(&self, uuid: Uuid) -> Result<Controller> {
        let row = jimm_store::controllers::get(&mut *self.store.acquire().await?, uuid).await?;
        row.ok_or_else(|| Error::not_found("controller not found"))
    }

    /// What the broker's own tables tell.
    async fn check_records(&self, outlook: &mut Outlook) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        let (model, target) = (outlook.model.clone(), outlook.target.clone());
        let elsewhere = if model.controller_uuid == target.uuid {
            Err(format!("the model is on controller {} already", target.name))
        } else {
            Ok(String::new())
        };
        outlook.note("target-is-another", elsewhere);
        let settled = match model.mode.as_str() {
            models::MODE_NONE => Ok(String::new()),
            mode => Err(format!("model is already in migration mode {mode:?}: wait until it has ended")),
        };
        outlook.note(NO_OTHER_MOVE, settled);
        let alive = if model.life == "alive" { Ok(String::new()) } else { Err(format!("model is {}", model.life)) };
        outlook.note("model-alive", alive);
        let served = clouds::priorities_of_controller(&mut conn, target.uuid).await?;
        let place = format!("{}/{}", model.cloud, model.region);
        let serves = served.iter().any(|p| p.cloud == model.cloud && p.region == model.region);
        outlook.note(
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
        let open = match target.cordoned_since {
            None => Ok(String::new()),
            Some(_) => Err(format!(
                "controller {0} is cordoned{1}: choose another, or let it have models again with \"jimmctl uncordon {0}\"",
                target.name,
                if target.cordon_reason.is_empty() { String::new() } else { format!(" ({})", target.cordon_reason) }
            )),
        };
        outlook.note("target-open", open);
        let superuser = if target.admin_sealed.is_some() {
            Ok(String::new())
        } else {
            Err("missing target controller credentials".to_owned())
        };
        outlook.note("target-superuser", superuser);
        let credential = match (&model.credential_owner, &model.credential_name) {
            (Some(owner), Some(name)) => credentials::get(&mut conn, &model.cloud, owner, name).await?,
            _ => None,
        };
        outlook.note(
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

    async fn reach(&self, outlook: &mut Outlook, source: bool) -> Option<Session> {
        let row = if source { outlook.source.clone() } else { outlook.target.clone() };
        let name = if source { "source-reachable" } else { "target-reachable" };
        let session = match self.slot_of(&row).await {
            Ok(slot) => slot.service().await,
            Err(e) => Err(e),
        };
        match session {
            Ok(session) => {
                outlook.note(name, Ok(format!("{}, Juju {}", row.name, session.login().server_version)));
                Some(session)
            }
            Err(e) => {
                outlook.note(name, Err(e.message().to_owned()));
                None
            }
        }
    }

    /// What the source tells of the model.
    async fn check_source(&self, outlook: &mut Outlook) {
        let info = match self.ask_about_model(outlook.source.uuid, outlook.model.uuid).await {
            Ok(Told::Has(info)) => info,
            Ok(Told::HasNot) => {
                let text = format!(
                    "controller {} does not have the model; was it moved without the broker? then use \"jimmctl update-migrated-model\"",
                    outlook.source.name
                );
                return outlook.note(ON_SOURCE, Err(text));
            }
            Err(e) => return outlook.note(ON_SOURCE, Err(e.message().to_owned())),
        };
        outlook.note(ON_SOURCE, Ok(String::new()));
        let tag = info.owner_tag.as_deref().map(|tag| tag.trim_start_matches("user-").to_owned());
        outlook.owner_there = tag.or_else(|| info.qualifier.clone());
        outlook.note("model-agents", check_agents(&info, outlook));
        if info.cloud_credential_validity == Some(false) {
            outlook.note(
                "credential-on-source",
                Err("the controller says that the model's credential is revoked: update it first".to_owned()),
            );
        }
        if let Some(migration) = &info.migration {
            outlook.earlier_start = start_of(migration);
            if migration.end.is_none() {
                let text =
                    format!("a migration of the model that the broker did not start is running: {}", migration.status);
                outlook.note("no-migration-on-source", Err(text));
            }
        }
    }

    /// What the target tells of models that are in the way.
    async fn check_target(&self, outlook: &mut Outlook) {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let answer: Result<ModelSummaryResults> =
            self.ask(outlook.target.uuid, MODEL_MANAGER, "ListModelSummaries", &request, CALL_DEADLINE).await;
        let there: Vec<ModelSummary> = match answer {
            Ok(answer) => answer.results.into_iter().filter_map(|r| r.result).collect(),
            Err(e) => return outlook.note("target-models", Err(e.message().to_owned())),
        };
        let uuid = outlook.model.uuid.to_string();
        let target = outlook.target.name.clone();
        let free = self.uuid_free(outlook).await;
        outlook.note("uuid-free", free);
        let owner = |m: &ModelSummary| {
            m.owner_tag.as_deref().map(|t| t.trim_start_matches("user-").to_owned()).or_else(|| m.qualifier.clone())
        };
        let owner_there = outlook.owner_there.clone();
        let taken = there.iter().any(|m| m.name == outlook.model.name && owner(m) == owner_there && m.uuid != uuid);
        let name = if taken {
            Err(format!(
                "controller {target} has another model named {:?} of the same owner: rename or remove that one",
                outlook.model.name
            ))
        } else {
            Ok(String::new())
        };
        outlook.note("name-free", name);
        self.check_credential_on_target(outlook, &there).await;
    }

    /// Whether the target does not have the model. Half of it, of a move that was stopped, is not in the way: an attempt
    /// clears it.
    async fn uuid_free(&self, outlook: &Outlook) -> std::result::Result<String, String> {
        let target = &outlook.target.name;
        match self.ask_about_model(outlook.target.uuid, outlook.model.uuid).await {
            Ok(Told::Has(info)) if is_active(&info) || info.life != "alive" => {}
            Err(e) => return Err(e.message().to_owned()),
            Ok(_) => {
                return match self.is_importing(outlook.target.uuid, outlook.model.uuid).await {
                    Ok(false) => Ok(String::new()),
                    Ok(true) => Ok(format!(
                        "controller {target} keeps half of the model, of a move that was stopped: the move has it forgotten first"
                    )),
                    Err(e) => Err(e.message().to_owned()),
                };
            }
        }
        let left = async {
            let mut conn = self.store.acquire().await?;
            migrations::departure(&mut conn, outlook.model.uuid, outlook.target.uuid).await
        };
        let why = match left.await {
            Ok(Some(row)) => format!(
                "it moved away from there with migration {}, and that controller keeps its copy, as Juju 4.1 does: a model cannot \
                 come back to a controller that still has it. Choose another controller; the copy is not used any more, and \
                 whoever wants it gone removes it there, after making sure that nobody takes it for the model",
                row.id
            ),
            _ => "perhaps left over from an earlier move: remove it there, or choose another controller".to_owned(),
        };
        Err(format!("controller {target} has a model with this UUID already: {why}"))
    }

    async fn check_credential_on_target(&self, outlook: &mut Outlook, there: &[ModelSummary]) {
        let outcome = match self.credential_in_the_way(&outlook.model, there).await {
            Ok(None) => Ok(String::new()),
            Ok(Some(reason)) => Err(reason),
            Err(e) => Err(e.message().to_owned()),
        };
        outlook.note("credential-on-target", outcome);
    }

    /// A 4.1 source can be asked itself; an older one would begin.
    async fn ask_for_dry_run(&self, outlook: &mut Outlook) {
        let version: AgentVersion = outlook.source.agent_version.parse().unwrap_or_default();
        if version.series() < (4, 1) {
            return;
        }
        let spec = match self.migration_spec(outlook.model.uuid, outlook.target.uuid).await {
            Ok(spec) => spec,
            Err(e) => return outlook.note("controllers-own-check", Err(e.message().to_owned())),
        };
        let told = self.initiate(outlook.source.uuid, spec, true).await;
        outlook.note("controllers-own-check", told.map(|_| String::new()).map_err(|e| e.message().to_owned()));
    }
}

fn size(told: i64) -> usize {
    usize::try_from(told).unwrap_or_default()
}

/// Versions and facades of both sides.
fn check_versions(outlook: &mut Outlook, source: &Session, target: &Session) {
    let version = |session: &Session| session.login().server_version.parse::<AgentVersion>().unwrap_or_default();
    let (from, to) = (version(source), version(target));
    let newer = if from.series() <= to.series() {
        Ok(format!("{from} to {to}"))
    } else {
        Err(format!(
            "controller {} (Juju {to}) is older than {} (Juju {from}): upgrade it, or choose a newer one",
            outlook.target.name, outlook.source.name
        ))
    };
    outlook.note("target-not-older", newer);
    // Measured: 4.0 and 4.1-beta1 answer "migration is not implemented".
    let can_leave = if from.series() == (4, 0) || from.to_string().starts_with("4.1-beta1") {
        Err(format!(
            "controller {} (Juju {from}) cannot migrate models out: upgrade it to Juju 4.1 or later",
            outlook.source.name
        ))
    } else {
        source.version(CONTROLLER).map(|_| String::new()).map_err(|e| e.message().to_owned())
    };
    outlook.note("source-can-migrate-out", can_leave);
    let facade = match target.version(MIGRATION_TARGET) {
        Ok(best) if from.series() >= (4, 1) && best < FORMAT_OF_4_1 => Err(format!(
            "controller {} does not support the model migration format of Juju {from}: upgrade it to Juju 4.1 or later",
            outlook.target.name
        )),
        Ok(best) => Ok(format!("MigrationTarget {best}")),
        Err(e) => Err(e.message().to_owned()),
    };
    outlook.note("target-takes-models", facade);
}

fn check_agents(info: &ModelInfo, outlook: &Outlook) -> Result<String, String> {
    let model = info.agent_version.as_deref().unwrap_or_default();
    let target: AgentVersion = outlook.target.agent_version.parse().unwrap_or_default();
    match model.parse::<AgentVersion>() {
        Ok(version) if version > target && !target.is_zero() => Err(format!(
            "model has higher version than target controller ({version} > {target}): upgrade controller {}",
            outlook.target.name
        )),
        _ => Ok(model.to_owned()),
    }
}
