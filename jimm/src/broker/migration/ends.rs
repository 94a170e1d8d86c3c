//! The transactions that end a move, or an attempt of it.

use jimm_store::events::Code;
use jimm_store::migrations::{self, ABORTED, DONE};
use jimm_store::{aftercare, job_logs, jobs, models};

use serde_json::json;

use super::facts::{Told, start_of};
use super::phase::WAITING;
use super::state::{
    Aborted, CODE_CANCELLED, CODE_HALF_IMPORT, CODE_MOVED, CODE_RECORD_CHANGED, CODE_REFUSED, CODE_SOURCE_ABORTED,
    INITIATE, Move, Next, Stop, mine,
};
use crate::error::Error;

/// What targets say of a model of which they kept half when they were stopped (measured, 3.6 and 4.1).
const HALF: &[&str] = &["(currently importing)", "model with same UUID already exists"];

impl Move<'_> {
    /// The record and the rights go to the target, and the move ends, all at once.
    pub(super) async fn conclude(&self, note: &str) -> Result<(), Stop> {
        let data = &self.data;
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::hold(&mut tx, self.work.lease).await?)?;
        let moved = models::move_to(&mut tx, data.model, data.source, data.target).await?;
        if moved {
            self.broker.rehome_model(&mut tx, data.model, data.source, data.target).await?;
        }
        let (code, message) = match (moved, note) {
            (true, "") => (CODE_MOVED, format!("model is on controller {}", data.target_name)),
            (true, note) => (CODE_MOVED, format!("model is on controller {}; {note}", data.target_name)),
            (false, _) => {
                (CODE_RECORD_CHANGED, "the broker's record had been changed meanwhile and was left as it is".to_owned())
            }
        };
        mine(job_logs::append(&mut tx, self.work.lease, &message).await?)?;
        mine(jobs::finish(&mut tx, self.work.lease, &message).await?)?;
        let row = migrations::of_job(&mut tx, self.work.job.id).await?;
        migrations::end(&mut tx, self.work.job.id, DONE, code, &message, "").await?;
        if let Some(row) = row.filter(|_| moved) {
            aftercare::owe(&mut tx, row, self.broker.time_for_agents()).await?;
        }
        self.note(&mut tx, Code::MIGRATION_MOVED, &json!({"message": message})).await?;
        tx.commit().await?;
        self.passed(DONE, &message);
        self.broker.look_at_models_of(data.target).await;
        self.broker.look_at_offers_of(data.model).await;
        Ok(())
    }

    /// The model stays where it was, and the move ends with the reason, all at once; or another attempt begins.
    pub(super) async fn abort(&mut self, why: Aborted) -> Result<Option<Next>, Stop> {
        let half = why.code != CODE_CANCELLED && HALF.iter().any(|text| why.reason.contains(text));
        let why = if half { Aborted { code: CODE_HALF_IMPORT, ..why } } else { why };
        if why.code == CODE_HALF_IMPORT && self.data.may_try_again {
            return self.try_again(&why).await.map(Some);
        }
        let data = &self.data;
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::hold(&mut tx, self.work.lease).await?)?;
        models::set_mode(&mut tx, data.model, models::MODE_MIGRATING, models::MODE_NONE).await?;
        mine(job_logs::append(&mut tx, self.work.lease, &why.reason).await?)?;
        mine(jobs::fail(&mut tx, self.work.lease, &why.reason).await?)?;
        migrations::end(&mut tx, self.work.job.id, ABORTED, why.code, &why.reason, next_step_of(why.code)).await?;
        self.note(&mut tx, Code::MIGRATION_FAILED, &json!({"reason": why.reason})).await?;
        tx.commit().await?;
        self.passed(ABORTED, &why.reason);
        tracing::warn!(model.uuid = %data.model, model.name = %data.name, code = why.code, reason = why.reason, "model was not moved");
        Ok(None)
    }

    /// A target that has half of the model is told to forget it, before each attempt and by a source that fails at it: so
    /// another attempt may get through, on real 4.1 controllers the second one after (measured). Only once.
    async fn try_again(&mut self, why: &Aborted) -> Result<Next, Stop> {
        let told = self.broker.ask_about_model(self.data.source, self.data.model).await?;
        self.data.earlier_start = match told {
            Told::Has(info) => info.migration.as_ref().and_then(start_of),
            Told::HasNot => None,
        };
        self.data.may_try_again = false;
        self.data.asked = false;
        self.data.migration_id.clear();
        let data = serde_json::to_value(&self.data).map_err(Error::internal)?;
        let message = format!("trying once more: {}", why.reason);
        let mut tx = self.broker.store.begin().await?;
        let told = jobs::Told { step: Some((INITIATE, &data)), message: &message, unless_cancelled: false };
        mine(jobs::tell(&mut tx, self.work.lease, told).await?)?;
        self.note(&mut tx, Code::MIGRATION_PHASE, &json!({"phase": WAITING, "message": message})).await?;
        if let Some(row) = migrations::of_job(&mut tx, self.work.job.id).await? {
            migrations::begin_attempt(&mut tx, row, self.work.job.id, why.code, &why.reason).await?;
        }
        tx.commit().await?;
        self.passed(WAITING, &message);
        Ok(Next::Initiate)
    }
}

/// What to do about a move that ended with that code.
pub(super) fn next_step_of(code: &str) -> &'static str {
    match code {
        CODE_HALF_IMPORT => {
            "the target keeps half of the model: \"jimmctl retry-migration\" has it forgotten, and tries twice; if that fails \
             too, choose another target"
        }
        CODE_CANCELLED => "",
        CODE_REFUSED => "do what the reason says, see \"jimmctl check-migration\", then \"jimmctl retry-migration\"",
        CODE_SOURCE_ABORTED => "do what the reason says, then \"jimmctl retry-migration\"",
        _ => "look into the log of the source controller for the reason, then \"jimmctl retry-migration\"",
    }
}
