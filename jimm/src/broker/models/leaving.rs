//! Models that leave the broker: destroyed, or on their way to a controller that is none of the broker's.
//!
//! A record goes only when its model was to go and its controller says that it is not there; silence and refusals prove
//! nothing (invariant I10).

use jimm_authz::Relation;
use jimm_proto::params::controller::{InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec};
use jimm_proto::params::model_manager::{ModelInfoResults, ModelStatusResults};
use jimm_proto::tags::Tag;
use jimm_store::models::{self, Model as Row};

use super::life::entities;
use super::visible::require_not_migrating;
use crate::broker::identity::users::parse_model_tag;
use crate::broker::remote::{CALL_DEADLINE, CONTROLLER, MODEL_MANAGER, is_gone};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// Forwards a migration to the controller that hosts the model and marks the model as leaving. Returns the
    /// migration's id; a dry run only asks.
    pub async fn initiate_migration(
        &self,
        who: &Requester,
        spec: MigrationSpec,
        dry_run: Option<bool>,
    ) -> Result<String> {
        let uuid = parse_model_tag(&spec.model_tag)?;
        Tag::controller(&spec.target_info.controller_tag).map_err(|e| Error::bad_request(e.to_string()))?;
        spec.target_info.auth_tag.parse::<Tag>().map_err(|e| Error::bad_request(e.to_string()))?;
        if !spec.target_info.macaroons.is_empty() {
            serde_json::from_str::<Vec<serde_json::Value>>(&spec.target_info.macaroons)
                .map_err(|_| Error::bad_request("failed to unmarshal macaroons"))?;
        }
        let row = self.model_for(who, Relation::Administrator, uuid).await?;
        require_not_migrating(&row)?;
        let dry = dry_run == Some(true);
        if !dry && !self.change_mode(uuid, models::MODE_NONE, models::MODE_EXPORTING).await? {
            let text = format!("model {}/{} is being migrated: try again when it has arrived", row.owner, row.name);
            return Err(Error::new(Kind::MigrationInProgress, text));
        }
        let params = InitiateMigrationArgs { specs: vec![spec], dry_run };
        let answer: Result<InitiateMigrationResults> =
            self.ask(row.controller_uuid, CONTROLLER, "InitiateMigration", &params, CALL_DEADLINE).await;
        let started = answer.and_then(|answer| {
            let result = answer.results.into_iter().next().unwrap_or_default();
            result.error.map_or(Ok(result.migration_id), |e| Err(Error::from_controller(e)))
        });
        // Without an answer the migration may have begun.
        let undo = matches!(&started, Err(e) if e.kind() != Kind::ControllerUnavailable);
        if undo && !dry {
            self.change_mode(uuid, models::MODE_EXPORTING, models::MODE_NONE).await?;
        }
        started
    }

    /// Follows the models that are leaving to their end. A duty of whoever holds the lease.
    pub async fn follow_departures(&self) -> Result<()> {
        let mut after = None;
        loop {
            let page = {
                let mut conn = self.store.acquire().await?;
                models::list(&mut conn, after, PAGE).await?
            };
            for row in page.iter().filter(|row| is_leaving(row)) {
                if let Err(e) = self.follow_departure(row).await {
                    tracing::debug!(model.uuid = %row.uuid, error = %e, "cannot see whether a model has gone");
                }
            }
            after = page.last().map(|row| row.uuid);
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn follow_departure(&self, row: &Row) -> Result<()> {
        let params = entities(&[row]);
        let answer: ModelStatusResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ModelStatus", &params, CALL_DEADLINE).await?;
        let error = answer.models.into_iter().next().and_then(|status| status.error).map(Error::from_controller);
        match error {
            Some(e) if is_gone(&e) => {
                self.forget_model(row).await?;
            }
            Some(e) => return Err(e),
            None if row.mode == models::MODE_EXPORTING && self.was_aborted(row).await? => {
                self.change_mode(row.uuid, models::MODE_EXPORTING, models::MODE_NONE).await?;
                tracing::info!(model.uuid = %row.uuid, "the model stays: its migration was aborted");
            }
            None => {}
        }
        Ok(())
    }

    /// Whether the controller says that the model's migration came to nothing. Newer ones say nothing at all.
    async fn was_aborted(&self, row: &Row) -> Result<bool> {
        let params = entities(&[row]);
        let answer: ModelInfoResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ModelInfo", &params, CALL_DEADLINE).await?;
        let migration = answer.results.into_iter().next().and_then(|r| r.result).and_then(|info| info.migration);
        Ok(migration.is_some_and(|m| m.end.is_some() && m.status.starts_with("aborted")))
    }

    async fn change_mode(&self, uuid: uuid::Uuid, from: &str, to: &str) -> Result<bool> {
        let mut conn = self.store.acquire().await?;
        Ok(models::set_mode(&mut conn, uuid, from, to).await?)
    }
}

/// Models looked at in one go.
const PAGE: i64 = 500;

fn is_leaving(row: &Row) -> bool {
    match row.mode.as_str() {
        models::MODE_EXPORTING => true,
        models::MODE_NONE => row.life != "alive",
        _ => false,
    }
}
