//! Stopping a move, and trying one again.

use jimm_store::events::{self, Code, Subject};
use jimm_store::jobs::{self, Job};
use jimm_store::migrations::{self, Migration};
use jimm_store::{Tx, controllers, models};
use serde_json::json;

use super::ends::next_step_of;
use super::initiate::forgets_at_once;
use super::start::require_running;
use super::state::{CODE_CANCELLED, Data};
use crate::broker::Broker;
use crate::error::{Error, Kind, Result};

/// What came of wanting a move stopped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stopped {
    /// Whether it has ended already.
    pub ended: bool,
    /// What happens now.
    pub message: String,
}

impl Broker {
    /// Stops a move, at once when the source was not asked yet, else as far as the controllers do. Rights are the
    /// caller's affair.
    pub async fn abort_move(&self, id: i64, by: &str) -> Result<Stopped> {
        let (mut tx, row, job) = self.held(id).await?;
        if row.is_over() {
            return Err(Error::bad_request(format!(
                "migration {id} of model {} has ended already: {}",
                row.model_name, row.reason
            )));
        }
        migrations::request_abort(&mut tx, id, by).await?;
        let reason = format!("stopped by {by} before the source was asked; nothing has happened");
        let asked = match &job {
            Some(job) => serde_json::from_value::<Data>(job.data.clone()).map_err(Error::internal)?.asked,
            None => false,
        };
        if !asked && (job.is_none() || jobs::fail_waiting(&mut tx, row.job_id, &reason).await?) {
            models::set_mode(&mut tx, row.model_uuid, models::MODE_MIGRATING, models::MODE_NONE).await?;
            migrations::end(
                &mut tx,
                row.job_id,
                migrations::ABORTED,
                CODE_CANCELLED,
                &reason,
                next_step_of(CODE_CANCELLED),
            )
            .await?;
            let told =
                json!({"job": row.job_id, "source": row.source_name, "target": row.target_name, "reason": reason});
            let subject = Subject::new(row.model_uuid, &row.model_name);
            events::note(&mut tx, Code::MIGRATION_FAILED, subject, &told).await?;
            tx.commit().await?;
            tracing::info!(migration.id = id, model.name = %row.model_name, requester = by, "move stopped before it began");
            return Ok(Stopped { ended: true, message: reason });
        }
        jobs::request_cancel(&mut tx, row.job_id).await?;
        let target = controllers::get(&mut tx, row.target_uuid).await?.map(|row| row.agent_version).unwrap_or_default();
        tx.commit().await?;
        tracing::info!(migration.id = id, model.name = %row.model_name, requester = by, "move is to be stopped");
        let message = match row.phase.as_str() {
            _ if !asked => "the source is not asked any more; the move ends in a moment".to_owned(),
            "success" | "log-transfer" | "reap" | super::phase::HANDED_OVER => format!(
                "too late: controller {} has handed the model over to {}, and there is no way back; the move goes on to its end",
                row.source_name, row.target_name
            ),
            _ if !forgets_at_once(&target) => format!(
                "too late to stop it: controller {} was asked already, and controller {}, which runs Juju {target}, cannot be told to \
                 forget the model without the danger that it is lost. The move ends by itself: at the target, or, when something \
                 fails, where the model was; no other attempt is made",
                row.source_name, row.target_name
            ),
            _ => format!(
                "controller {} was asked already and has no call that stops it: controller {} is told to forget the model as long \
                 as it has not taken charge of it, and the source then gives up by itself. If the target takes charge before, the \
                 move has gone through",
                row.source_name, row.target_name
            ),
        };
        Ok(Stopped { ended: false, message })
    }

    /// A move and its job, both held. The job first, as whoever carries the move out writes them: the other way round they
    /// would wait for each other, and one of them would lose.
    async fn held(&self, id: i64) -> Result<(Tx, Migration, Option<Job>)> {
        loop {
            let mut tx = self.store.begin().await?;
            let seen = migrations::get(&mut tx, id).await?.ok_or_else(|| unknown(id))?;
            let job = jobs::get_for_update(&mut tx, seen.job_id).await?;
            let row = migrations::get_for_update(&mut tx, id).await?.ok_or_else(|| unknown(id))?;
            // Unless it was tried again in between, with another job.
            if row.job_id == seen.job_id {
                return Ok((tx, row, job));
            }
        }
    }

    /// Tries a move again that was aborted: the same model to the same target, after all checks; for a plan, as long as it
    /// runs. Rights are the caller's affair.
    pub async fn retry_move(&self, id: i64, by: &str, plan: Option<i64>) -> Result<Migration> {
        let (row, model, target) = {
            let mut conn = self.store.acquire().await?;
            let row = migrations::get(&mut conn, id).await?.ok_or_else(|| unknown(id))?;
            may_retry(&row)?;
            let model = models::get(&mut conn, row.model_uuid).await?.ok_or_else(|| {
                Error::not_found(format!("model {} does not exist any more: there is nothing to move", row.model_name))
            })?;
            let target = controllers::get(&mut conn, row.target_uuid).await?.ok_or_else(|| {
                Error::not_found(format!(
                    "controller {} does not exist any more: choose another with \"jimmctl migrate\"",
                    row.target_name
                ))
            })?;
            (row, model, target)
        };
        if model.controller_uuid != row.source_uuid {
            return Err(Error::bad_request(format!(
                "model {} is not on controller {} any more: choose where it is to go with \"jimmctl migrate\"",
                row.model_name, row.source_name
            )));
        }
        let outlook = self.look_at_move(model, target).await?;
        if let Some(refusal) = outlook.refusal() {
            return Err(refusal);
        }
        let mut tx = self.store.begin().await?;
        require_running(&mut tx, plan).await?;
        let row = migrations::get_for_update(&mut tx, id).await?.ok_or_else(|| unknown(id))?;
        may_retry(&row)?;
        let job = self.enqueue_attempt(&mut tx, &outlook, by).await?;
        migrations::begin_attempt(&mut tx, id, job.id, "", "").await?;
        let row = migrations::get(&mut tx, id).await?.ok_or_else(|| unknown(id))?;
        tx.commit().await?;
        tracing::info!(migration.id = id, model.name = %row.model_name, requester = by, job.id = job.id, attempt = row.attempt, "move is tried again");
        Ok(row)
    }
}

fn unknown(id: i64) -> Error {
    Error::not_found(format!("migration {id} not found"))
}

fn may_retry(row: &Migration) -> Result<()> {
    match row.state.as_str() {
        migrations::ABORTED => Ok(()),
        migrations::DONE => Err(Error::bad_request(format!(
            "migration {} is done: model {} is on controller {}",
            row.id, row.model_name, row.target_name
        ))),
        _ => Err(Error::new(
            Kind::MigrationInProgress,
            format!(
                "migration {} of model {} is running: watch it with \"jimmctl watch-migration\"",
                row.id, row.model_name
            ),
        )),
    }
}
