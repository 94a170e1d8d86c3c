//! Models that leave the broker: destroyed, or on their way to a controller that is none of the broker's.
//!
//! A record goes only when its model was to go and its controller says that it is not there; silence and refusals prove
//! nothing (invariant I10).

use chrono::TimeDelta;
use jimm_authz::Relation;
use jimm_proto::params::controller::{InitiateMigrationArgs, InitiateMigrationResults, MigrationSpec};
use jimm_proto::params::model_manager::ModelStatusResults;
use jimm_proto::tags::Tag;
use jimm_store::departures::{self, Departure};
use jimm_store::models::{self, Model as Row};

use super::life::entities;
use super::visible::require_not_migrating;
use crate::broker::identity::users::parse_model_tag;
use crate::broker::migration::{Told, start_of};
use crate::broker::remote::{CALL_DEADLINE, CONTROLLER, MODEL_MANAGER, is_gone, is_refusal};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Models looked at in one go.
const PAGE: i64 = 500;
/// A migration has begun by then, or it does not begin: a controller first dials its target, some of whose addresses may
/// be silent.
const BEGUN: TimeDelta = TimeDelta::minutes(2);
/// How long people must have been able to work with a model before it is believed to stay.
const APART: TimeDelta = TimeDelta::seconds(15);

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
        let departure = if dry_run == Some(true) { None } else { Some(self.begin_departure(&row).await?) };
        let params = InitiateMigrationArgs { specs: vec![spec], dry_run };
        let answer: Result<InitiateMigrationResults> =
            self.ask(row.controller_uuid, CONTROLLER, "InitiateMigration", &params, CALL_DEADLINE).await;
        let started = answer.and_then(|answer| {
            let result = answer.results.into_iter().next().unwrap_or_default();
            result.error.map_or(Ok(result.migration_id), |e| Err(Error::from_controller(e)))
        });
        // Without an answer the migration may have begun: that is found out by following it.
        if let (Some(departure), Err(error)) = (&departure, &started)
            && is_refusal(error)
        {
            self.end_departure(departure).await?;
        }
        started
    }

    /// Asks the controller which migration there was before, so that it is reached before anything changes here, and marks
    /// the model as leaving.
    async fn begin_departure(&self, row: &Row) -> Result<Departure> {
        let earlier = match self.ask_about_model(row.controller_uuid, row.uuid).await {
            Ok(Told::Has(info)) => info.migration.as_ref().and_then(start_of),
            Ok(Told::HasNot) => None,
            Err(error) if is_refusal(&error) => None,
            Err(error) => return Err(error),
        };
        let mut tx = self.store.begin().await?;
        if !models::set_mode(&mut tx, row.uuid, models::MODE_NONE, models::MODE_EXPORTING).await? {
            let text = format!("model {}/{} is being migrated: try again when it has arrived", row.owner, row.name);
            return Err(Error::new(Kind::MigrationInProgress, text));
        }
        let departure = departures::begin(&mut tx, row.uuid, earlier.as_deref(), self.clock.now()).await?;
        tx.commit().await?;
        Ok(departure)
    }

    /// The model stays. `false` when it is leaving anew already.
    async fn end_departure(&self, departure: &Departure) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let modes = (models::MODE_EXPORTING, models::MODE_NONE);
        let ended = departures::end(&mut tx, departure).await?
            && models::set_mode(&mut tx, departure.model_uuid, modes.0, modes.1).await?;
        tx.commit().await?;
        Ok(ended)
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
            None if row.mode == models::MODE_EXPORTING => self.follow_export(row).await?,
            None => {}
        }
        Ok(())
    }

    /// Follows a model that is there still. It stays when its controller says so, or, for newer ones say nothing at all,
    /// when it lets people work with the model for a while.
    async fn follow_export(&self, row: &Row) -> Result<()> {
        let known = departures::get(&mut *self.store.acquire().await?, row.uuid).await?;
        let Some(departure) = known else {
            // Marked by an earlier release.
            departures::begin(&mut *self.store.acquire().await?, row.uuid, None, self.clock.now()).await?;
            return Ok(());
        };
        let Told::Has(info) = self.ask_about_model(row.controller_uuid, row.uuid).await? else { return Ok(()) };
        let is_earlier = |start: Option<String>| start.is_some() && start == departure.earlier_start;
        let why = match info.migration.filter(|migration| !is_earlier(start_of(migration))) {
            Some(migration) if migration.end.is_some() && migration.status.starts_with("aborted") => migration.status,
            None if self.is_usable_again(row, &departure).await? => "it did not begin, or came to nothing".to_owned(),
            Some(_) | None => return Ok(()),
        };
        if self.end_departure(&departure).await? {
            tracing::info!(model.uuid = %row.uuid, model.name = %row.name, migration = why, "the model stays");
        }
        Ok(())
    }

    /// Whether the controller lets people work with the model, at two looks, and not because it has not begun yet.
    async fn is_usable_again(&self, row: &Row, departure: &Departure) -> Result<bool> {
        let now = self.clock.now();
        if now - departure.asked_at < BEGUN {
            return Ok(false);
        }
        let is_usable = self.takes_calls(row.controller_uuid, row.uuid).await?;
        match departure.usable_since {
            Some(since) if is_usable => Ok(now - since >= APART),
            _ => {
                let since = is_usable.then_some(now);
                departures::set_usable(&mut *self.store.acquire().await?, departure, since).await?;
                Ok(false)
            }
        }
    }
}

fn is_leaving(row: &Row) -> bool {
    match row.mode.as_str() {
        models::MODE_EXPORTING => true,
        models::MODE_NONE => row.life != "alive",
        _ => false,
    }
}
