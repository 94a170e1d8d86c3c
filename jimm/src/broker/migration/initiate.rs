//! The first step: asking the source to begin.

use std::time::{Duration, Instant};

use jimm_proto::params::controller::{
    InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec, MigrationTargetInfo,
};
use jimm_proto::version::AgentVersion;
use jimm_store::migrations::News;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::facts::{ASK, Told, is_active};
use super::phase::{ASKING, MOVING};
use super::state::{Aborted, CODE_CANCELLED, FOLLOW, INITIATE, Move, Next, Stop};
use crate::broker::Broker;
use crate::broker::remote::CONTROLLER;
use crate::controllers::{Endpoint, Facade};
use crate::error::{Error, Kind, Result};

/// How long a target may take to remove half of a model, and how often it is asked.
const REMOVAL: Duration = Duration::from_secs(20);
const REMOVAL_POLL: Duration = Duration::from_millis(500);
/// The source connects to the target before it answers, and takes 63 s to give up on a silent one (measured).
const INITIATE_DEADLINE: Duration = Duration::from_secs(120);
pub(super) const MIGRATION_TARGET: Facade = ("MigrationTarget", &[1, 2, 3, 4, 5, 6, 7, 8]);
/// From this version of `MigrationTarget` on a source can be told not to compare users: the broker decides on rights.
pub(super) const SKIPS_USER_CHECKS: u32 = 6;

impl Move<'_> {
    /// Asks the source to begin, unless it has begun already. Until it is asked the move can be refused or stopped.
    pub(super) async fn initiate(&mut self) -> Result<Next, Stop> {
        let asked_before = self.data.asked;
        let spec = match self.ready().await {
            Ok(spec) => spec,
            Err(e) if !asked_before => return Ok(Aborted::refused(e.message())),
            Err(e) => return Err(e.into()),
        };
        if !asked_before && let Err(e) = self.broker.fit_credential(self.data.model, self.data.target).await {
            let text =
                format!("the model's credential cannot be prepared on controller {}: {e}", self.data.target_name);
            return Ok(Aborted::refused(text));
        }
        if !asked_before {
            self.clear_half_an_import().await;
        }
        self.data.asked = true;
        let asking = format!("asking controller {} to begin", self.data.source_name);
        let news = News { phase: ASKING, message: &asking, asked: !asked_before, ..News::default() };
        if asked_before {
            self.advance(INITIATE, &news).await?;
        } else if !self.advance_unless_cancelled(INITIATE, &news).await? {
            let reason = "stopped before the source was asked; nothing has happened".to_owned();
            return Ok(Next::Abort(Aborted { code: CODE_CANCELLED, reason }));
        }
        if asked_before && let Some(message) = self.begun_already().await {
            self.advance(FOLLOW, &News { phase: MOVING, message, ..News::default() }).await?;
            return Ok(Next::Follow);
        }
        let mut message = format!("controller {} has begun", self.data.source_name);
        match self.broker.initiate(self.data.source, spec, false).await {
            Ok(id) => self.data.migration_id = id,
            Err(e) if is_running_already(&e) => "the source controller had begun already".clone_into(&mut message),
            // It may have begun: the next try finds out.
            Err(e) if e.kind() == Kind::ControllerUnavailable => return Err(e.into()),
            Err(e) if asked_before && self.target_has_it().await? => {
                message = format!("the target controller has the model ({})", e.message());
            }
            Err(e) => return Ok(Aborted::refused(e.message())),
        }
        let id = self.data.migration_id.clone();
        let news = News { phase: MOVING, message: &message, migration_id: Some(&id), ..News::default() };
        self.advance(FOLLOW, &news).await?;
        Ok(Next::Follow)
    }

    /// Whether the source has done what a broker asked that died before it knew. A 4.1 source keeps a model that has left,
    /// and sends it once more when it is asked. In this order: what does not move now, and a moment later is not there,
    /// has not moved.
    async fn begun_already(&self) -> Option<&'static str> {
        if let Ok(false) = self.broker.takes_calls(self.data.source, self.data.model).await {
            return Some("the source controller had begun already");
        }
        matches!(self.target_has_it().await, Ok(true)).then_some("the target controller has the model")
    }

    /// Has the target forget what it kept of the model when an earlier move was stopped, else it refuses the model. When that
    /// cannot be, the source finds out.
    async fn clear_half_an_import(&self) {
        let (target, model) = (self.data.target, self.data.model);
        if !self.broker.is_importing(target, model).await.unwrap_or(false) {
            return;
        }
        if let Err(error) = self.broker.forget_import(target, model).await {
            tracing::warn!(model.uuid = %model, controller = %self.data.target_name, %error, "target does not forget the half of a model");
            return;
        }
        // 4.1 removes it a moment after its answer (measured).
        let until = Instant::now() + REMOVAL;
        while Instant::now() < until && self.broker.is_importing(target, model).await.unwrap_or(false) {
            tokio::time::sleep(REMOVAL_POLL).await;
        }
    }

    /// What is needed to ask the source: that it can be reached, and that the target takes the login that the source
    /// will use. The login is looked at only when the source was not asked yet.
    async fn ready(&self) -> Result<MigrationSpec> {
        let spec = self.broker.migration_spec(self.data.model, self.data.target).await?;
        self.broker.slot(self.data.source).await?.service().await?;
        if !self.data.asked {
            self.broker.try_target_login(self.data.target).await?;
        }
        Ok(spec)
    }

    async fn target_has_it(&self) -> Result<bool> {
        let told = self.broker.ask_about_model(self.data.target, self.data.model).await?;
        Ok(matches!(told, Told::Has(info) if is_active(&info)))
    }
}

/// The same, from the version of the target.
pub(super) fn forgets_at_once(version: &str) -> bool {
    version.parse::<AgentVersion>().unwrap_or_default().series() < (4, 0)
}

/// The source's words for "a migration of this model runs" (3.6 and 4.1, measured; there is no code).
fn is_running_already(error: &Error) -> bool {
    let text = error.message();
    text.contains("already in progress") || text.contains("already has an active migration")
}

impl Broker {
    /// Whether the target takes the login that a source will use: the one of its own superuser, which a source trades for
    /// something that lasts as long as the move may take.
    pub(super) async fn try_target_login(&self, target: Uuid) -> Result<()> {
        let slot = self.slot(target).await?;
        let session = slot.log_in_with_password().await.map_err(|e| {
            if e.kind() == Kind::ControllerUnavailable {
                return e;
            }
            let endpoint = slot.endpoint();
            let user = endpoint.admin.as_ref().map(|admin| admin.username.as_str()).unwrap_or_default();
            let text = format!(
                "controller {} does not take the password of its user {user:?} that the broker has ({}): attach the controller \
                 again with the right one",
                endpoint.name,
                e.message()
            );
            Error::new(Kind::BadRequest, text)
        })?;
        session.connection().close();
        Ok(())
    }

    /// Whether a target that is told to forget a model has forgotten it when it answers. 4.1 has not: it removes the model a
    /// moment later, even when the source has meanwhile had it activated, and then nobody has it (measured).
    pub(super) async fn forgets_at_once(&self, target: Uuid) -> Result<bool> {
        let session = self.slot(target).await?.service().await?;
        Ok(forgets_at_once(&session.login().server_version))
    }

    /// Tells a target to forget a model that it is importing, as the source itself does when it gives up. A target refuses
    /// that for a model that is in use there. To be used only where no source goes on with the move, or where the target
    /// [forgets at once](Self::forgets_at_once).
    pub(in crate::broker) async fn forget_import(&self, target: Uuid, model: Uuid) -> Result<()> {
        let params = serde_json::json!({"model-tag": format!("model-{model}")});
        let told: Result<serde::de::IgnoredAny> = self.ask(target, MIGRATION_TARGET, "Abort", &params, ASK).await;
        told.map(drop)
    }

    /// Asks a source to begin, or with `dry_run` whether it would.
    pub(super) async fn initiate(&self, source: Uuid, spec: MigrationSpec, dry_run: bool) -> Result<String> {
        let args = InitiateMigrationArgs { specs: vec![spec], dry_run: dry_run.then_some(true) };
        let answer: InitiateMigrationResults =
            self.ask(source, CONTROLLER, "InitiateMigration", &args, INITIATE_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        match result.error {
            Some(error) => Err(Error::from_controller(error)),
            None => Ok(result.migration_id),
        }
    }

    /// What the source is told about the target: its own superuser, because tokens do not work for this (measured).
    pub(super) async fn migration_spec(&self, model: Uuid, target: Uuid) -> Result<MigrationSpec> {
        let slot = self.slot(target).await?;
        let session = slot.service().await?;
        let skip_user_checks = session.version(MIGRATION_TARGET)? >= SKIPS_USER_CHECKS;
        let endpoint: &Endpoint = slot.endpoint();
        let Some(admin) = &endpoint.admin else {
            self.require_password(target).await?;
            return Err(Error::new(Kind::NotSupported, "missing target controller credentials"));
        };
        let target_info = MigrationTargetInfo {
            controller_tag: format!("controller-{target}"),
            controller_alias: endpoint.name.clone(),
            addrs: endpoint.target("/api").addresses,
            ca_cert: endpoint.ca_certificate.clone(),
            auth_tag: format!("user-{}", admin.username),
            password: admin.password.expose_secret().to_owned(),
            skip_user_checks,
            ..MigrationTargetInfo::default()
        };
        Ok(MigrationSpec { model_tag: format!("model-{model}"), target_info })
    }
}
