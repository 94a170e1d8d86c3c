//! Repairs of what was left behind: only the safe ones, only one at a time, and only while the finding is still true.

use jimm_proto::params::jimm_doctor::{ArchivedModel, ArchivedModels, ArchivedRequest};
use jimm_proto::time::GoTime;
use jimm_store::events::{self, Code, Subject};
use jimm_store::{archive, jobs, models};
use serde_json::json;

use super::doctor_findings::{Found, HALF, MISSING, MOVED, STRANDED};
use crate::broker::migration::{self, Told};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Records in one answer when nothing is said, and at most.
const COUNT: (i64, i64) = (100, 1000);

impl Broker {
    /// Repairs a finding; tells what was done.
    pub async fn repair_finding(&self, who: &Requester, id: &str) -> Result<String> {
        if id.is_empty() {
            return Err(Error::bad_request("no finding named: \"jimmctl doctor\" lists them with their ids"));
        }
        let found = self.findings().await?.into_iter().find(|found| found.finding.id == id);
        let Some(found) = found else {
            return Err(Error::not_found(format!("finding {id:?} not found: it is gone, or never was")));
        };
        let finding = &found.finding;
        let Some(model) = found.model.as_ref().filter(|_| finding.repairable) else {
            return Err(Error::bad_request(format!("the broker does not repair that by itself: {}", finding.repair)));
        };
        let done = self.repair(who, &found, model).await?;
        let told = json!({"finding": finding.kind, "by": who.name.to_string(), "controller": finding.controller});
        let about = Subject::new(model.uuid, &finding.model);
        events::note(&mut *self.store.acquire().await?, Code::MODEL_REPAIRED, about, &told).await?;
        tracing::info!(finding = %finding.kind, model.uuid = %model.uuid, controller.name = %finding.controller, requester = %who.name, "{done}");
        Ok(done)
    }

    async fn repair(&self, who: &Requester, found: &Found, model: &models::Model) -> Result<String> {
        let (finding, uuid) = (&found.finding, model.uuid);
        match finding.kind.as_str() {
            MOVED => {
                self.update_migrated_model(who, &uuid.to_string(), &finding.controller).await?;
                Ok(format!("the record of model {} says controller {} now", finding.model, finding.controller))
            }
            HALF => {
                // A 4.1 target forgets the model even when its source gets it activated a moment later (measured).
                if !self.takes_calls(model.controller_uuid, uuid).await? {
                    let text = format!(
                        "model {} takes no calls where it is, so it may be moving at this moment: repair it when that is over",
                        finding.model
                    );
                    return Err(Error::new(Kind::MigrationInProgress, text));
                }
                self.forget_import(found.host, uuid).await?;
                Ok(format!("controller {} has given up the import of model {}", finding.controller, finding.model))
            }
            STRANDED => {
                let mut tx = self.store.begin().await?;
                let row = models::get_for_update(&mut tx, uuid).await?.ok_or_else(Error::model_not_found)?;
                if jobs::find_live(&mut tx, migration::KIND, &uuid.to_string()).await?.is_some() {
                    return Err(Error::new(
                        Kind::MigrationInProgress,
                        "a job moves the model by now: nothing to repair",
                    ));
                }
                models::set_mode(&mut tx, row.uuid, models::MODE_MIGRATING, models::MODE_NONE).await?;
                tx.commit().await?;
                Ok(format!("model {} is on controller {} again", finding.model, finding.controller))
            }
            MISSING => {
                // Asked once more: this cannot be taken back by asking again.
                if !matches!(self.ask_about_model(found.host, uuid).await?, Told::HasNot) {
                    return Err(Error::new(
                        Kind::Conflict,
                        "the controller has the model after all: nothing to repair",
                    ));
                }
                if !self.forget_model(model).await? {
                    return Err(Error::new(Kind::Conflict, "the record was changed meanwhile: look again"));
                }
                Ok(format!("the record of model {} is archived (\"jimmctl models --archived\")", finding.model))
            }
            _ => Err(Error::bad_request(format!("the broker does not repair that by itself: {}", finding.repair))),
        }
    }

    /// Records of models that the broker no longer has.
    pub async fn archived_models(&self, request: &ArchivedRequest) -> Result<ArchivedModels> {
        let limit = request.limit.unwrap_or(COUNT.0);
        if !(1..=COUNT.1).contains(&limit) {
            return Err(Error::bad_request(format!("limit must be between 1 and {}", COUNT.1)));
        }
        let before = match request.cursor.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Error::bad_request(format!("invalid cursor: {text}")))?),
        };
        let mut rows = archive::list(&mut *self.store.acquire().await?, before, limit + 1).await?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > limit;
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string()).unwrap_or_default();
        let shown = |row: archive::Archived| ArchivedModel {
            uuid: row.uuid.to_string(),
            name: row.name,
            owner: row.owner,
            controller_name: row.controller_name,
            controller_uuid: row.controller_uuid.to_string(),
            archived: GoTime(row.archived_at),
        };
        Ok(ArchivedModels { models: rows.into_iter().map(shown).collect(), next_cursor })
    }
}
