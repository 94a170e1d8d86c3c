//! The first step: asking the source to begin.

use std::time::Duration;

use jimm_proto::params::controller::{
    InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec, MigrationTargetInfo,
};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::facts::{Told, is_active};
use super::state::{FOLLOW, INITIATE, Move, Next, Stop};
use crate::broker::Broker;
use crate::broker::remote::CONTROLLER;
use crate::controllers::{Endpoint, Facade};
use crate::error::{Error, Kind, Result};

/// The source connects to the target before it answers, and takes 63 s to give up on a silent one (measured).
const INITIATE_DEADLINE: Duration = Duration::from_secs(120);
pub(super) const MIGRATION_TARGET: Facade = ("MigrationTarget", &[1, 2, 3, 4, 5, 6, 7, 8]);
/// From this version of `MigrationTarget` on a source can be told not to compare users: the broker decides on rights.
const SKIPS_USER_CHECKS: u32 = 6;

impl Move<'_> {
    /// Asks the source to begin, unless it has begun already.
    pub(super) async fn initiate(&mut self) -> Result<Next, Stop> {
        let asked_before = self.data.asked;
        let spec = match self.broker.migration_spec(self.data.model, self.data.target).await {
            Ok(spec) => spec,
            Err(e) if !asked_before => return Ok(Next::Abort(e.message().to_owned())),
            Err(e) => return Err(e.into()),
        };
        // A source that cannot even be connected to was not asked: the move ends before it began.
        let source = self.broker.slot(self.data.source).await?;
        match source.service().await {
            Ok(_) => {}
            Err(e) if !asked_before => return Ok(Next::Abort(e.message().to_owned())),
            Err(e) => return Err(e.into()),
        }
        if !asked_before && let Err(e) = self.broker.fit_credential(self.data.model, self.data.target).await {
            let text =
                format!("the model's credential cannot be prepared on controller {}: {e}", self.data.target_name);
            return Ok(Next::Abort(text));
        }
        self.data.asked = true;
        self.advance(INITIATE).await?;
        self.tell(&format!("asking controller {} to begin", self.data.source_name)).await?;
        match self.broker.initiate(self.data.source, spec, false).await {
            Ok(id) => self.data.migration_id = id,
            Err(e) if is_running_already(&e) => self.tell("the source controller had begun already").await?,
            // It may have begun: the next try finds out.
            Err(e) if e.kind() == Kind::ControllerUnavailable => return Err(e.into()),
            Err(e) if asked_before && self.target_has_it().await? => {
                self.tell(&format!("the target controller has the model ({})", e.message())).await?;
            }
            Err(e) => return Ok(Next::Abort(e.message().to_owned())),
        }
        self.advance(FOLLOW).await?;
        Ok(Next::Follow)
    }

    async fn target_has_it(&self) -> Result<bool> {
        let told = self.broker.ask_about_model(self.data.target, self.data.model).await?;
        Ok(matches!(told, Told::Has(info) if is_active(&info)))
    }
}

/// The source's words for "a migration of this model runs" (3.6 and 4.1, measured; there is no code).
fn is_running_already(error: &Error) -> bool {
    let text = error.message();
    text.contains("already in progress") || text.contains("already has an active migration")
}

impl Broker {
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
