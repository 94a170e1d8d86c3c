//! Models that leave the broker: `juju migrate` to a controller that is none of the broker's.

use jimm_authz::Relation;
use jimm_proto::params::controller::{InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec};
use jimm_proto::tags::Tag;
use jimm_store::models;

use super::models::require_not_migrating;
use super::remote::{CALL_DEADLINE, CONTROLLER};
use super::users::parse_model_tag;
use super::{Broker, Requester};
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

    async fn change_mode(&self, uuid: uuid::Uuid, from: &str, to: &str) -> Result<bool> {
        let mut conn = self.store.acquire().await?;
        Ok(models::set_mode(&mut conn, uuid, from, to).await?)
    }
}
