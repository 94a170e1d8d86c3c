//! Moves that were made behind the broker's back, and where a model could move to.

use jimm_proto::params::jimm::ControllerInfo;
use jimm_proto::version::AgentVersion;
use jimm_store::{clouds, controllers, jobs, models};

use super::facts::Told;
use super::state::KIND;
use crate::broker::controllers::told::info;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// Records that a model lives on another controller now, after that controller has shown it: record and rights in
    /// one transaction. Said again, it changes nothing.
    pub async fn update_migrated_model(&self, who: &Requester, called: &str, target: &str) -> Result<()> {
        let model = self.find_model(called).await.map_err(|e| match e.kind() {
            Kind::NotFound => Error::model_not_found(),
            _ => e,
        })?;
        let target = self.controller_named(target).await?;
        match self.ask_about_model(target.uuid, model.uuid).await? {
            Told::Has(info) if info.life == "alive" => {}
            Told::Has(info) => {
                return Err(Error::bad_request(format!("the model is {} on controller {}", info.life, target.name)));
            }
            Told::HasNot => return Err(Error::new(Kind::Unauthorized, "permission denied")),
        }
        let mut tx = self.store.begin().await?;
        let row = models::get_for_update(&mut tx, model.uuid).await?.ok_or_else(Error::model_not_found)?;
        if jobs::find_live(&mut tx, KIND, &row.uuid.to_string()).await?.is_some() {
            let text = format!(
                "the broker itself follows a move of model {}/{}: it records where the model ends",
                row.owner, row.name
            );
            return Err(Error::new(Kind::MigrationInProgress, text));
        }
        models::move_to(&mut tx, row.uuid, row.controller_uuid, target.uuid).await?;
        self.rehome_model(&mut tx, row.uuid, row.controller_uuid, target.uuid).await?;
        tx.commit().await?;
        tracing::info!(model.uuid = %row.uuid, target = %target.name, requester = %who.name, "recorded a move made elsewhere");
        self.look_at_offers_of(row.uuid).await;
        Ok(())
    }

    /// The controllers that a model could move to: they serve its region and run what its own runs, or newer.
    pub async fn migration_targets(&self, called: &str) -> Result<Vec<ControllerInfo>> {
        let model = self.find_model(called).await?;
        let mut conn = self.store.acquire().await?;
        let rows = controllers::list(&mut conn).await?;
        let version = |v: &str| v.parse::<AgentVersion>().unwrap_or_default();
        let current = rows
            .iter()
            .find(|r| r.uuid == model.controller_uuid)
            .map(|r| version(&r.agent_version))
            .unwrap_or_default();
        let serving = clouds::priorities(&mut conn, &model.cloud).await?;
        let fits = |row: &&controllers::Controller| {
            row.uuid != model.controller_uuid
                && row.cordoned_since.is_none()
                && version(&row.agent_version) >= current
                && serving.iter().any(|p| p.controller_uuid == row.uuid && p.region == model.region)
        };
        Ok(rows.iter().filter(fits).map(info).collect())
    }
}
