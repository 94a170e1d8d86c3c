//! Duties that keep the broker's picture of its controllers true: who answers, what they run, how their models are; and
//! that old jobs are forgotten.
//!
//! A model's record never goes away because a controller said "unauthorized" or nothing (invariant I10).

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::model_manager::ModelStatusResults;
use jimm_store::controllers::{self, Controller};
use jimm_store::events::{self, Code, Subject};
use jimm_store::{jobs, models};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::remote::MODEL_MANAGER;
use crate::error::Result;

/// How long a controller may take to tell of a model.
const LIST: Duration = Duration::from_secs(60);
/// How long who just moved a model waits for a look at it.
const LOOK: Duration = Duration::from_secs(3);
/// Jobs that one statement forgets.
const FORGOTTEN: i64 = 1000;

impl Broker {
    /// Looks whether each controller answers, and what it runs.
    pub async fn poll_controllers(&self) -> Result<()> {
        let rows = controllers::list(&mut *self.store.acquire().await?).await?;
        let mut polls: Vec<BoxFuture<'_, Result<()>>> = Vec::new();
        for row in &rows {
            polls.push(Box::pin(self.poll_controller(row)));
        }
        for (row, polled) in rows.iter().zip(join_all(polls).await) {
            if let Err(error) = polled {
                tracing::warn!(controller.name = %row.name, error = %error, "state of the controller could not be noted");
            }
        }
        Ok(())
    }

    async fn poll_controller(&self, row: &Controller) -> Result<()> {
        let session = match self.slot_of(row).await {
            Ok(slot) => slot.service().await,
            Err(error) => Err(error),
        };
        let mut tx = self.store.begin().await?;
        let about = Subject::new(row.uuid, &row.name);
        match session {
            Ok(session) => {
                let login = session.login();
                let facades: serde_json::Map<String, Value> =
                    login.facades.iter().map(|f| (f.name.clone(), json!(f.versions))).collect();
                controllers::set_seen(&mut tx, row.uuid, &login.server_version, &Value::Object(facades)).await?;
                if controllers::set_available(&mut tx, row.uuid).await? {
                    events::note(&mut tx, Code::CONTROLLER_REACHABLE, about, &json!({})).await?;
                    tracing::info!(controller.name = %row.name, "controller answers again");
                }
            }
            Err(error) => {
                let now = self.clock.now();
                if controllers::set_unavailable(&mut tx, row.uuid, now, error.message()).await? {
                    let told = json!({"reason": error.message()});
                    events::note(&mut tx, Code::CONTROLLER_UNREACHABLE, about, &told).await?;
                    tracing::warn!(controller.name = %row.name, error = %error, "controller does not answer");
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets jobs that ended longer ago than they are kept, with their logs.
    pub async fn forget_jobs(&self) -> Result<()> {
        let days = self.settings.jobs.retention_days;
        if days == 0 {
            return Ok(());
        }
        let before = self.clock.now() - TimeDelta::days(i64::from(days));
        let mut count = 0;
        loop {
            let gone = jobs::purge(&mut *self.store.acquire().await?, before, FORGOTTEN).await?;
            count += gone;
            if i64::try_from(gone).is_ok_and(|gone| gone < FORGOTTEN) {
                break;
            }
        }
        if count > 0 {
            tracing::info!(count, "jobs forgotten that are older than they are kept");
        }
        Ok(())
    }

    /// Looks at the models of one controller now, so that lists show them as they are; who cannot be asked in time is
    /// looked at with the others later.
    pub(in crate::broker) async fn look_at_models_of(&self, controller: Uuid) {
        let look = || async move {
            let listed = async {
                let session = self.slot(controller).await?.service().await?;
                self.list_models_of(controller, &session).await
            };
            if let Err(error) = listed.await {
                tracing::debug!(controller.uuid = %controller, %error, "models not looked at now");
            }
        };
        if tokio::time::timeout(LOOK, self.looks.join(controller, look)).await.is_err() {
            tracing::debug!(controller.uuid = %controller, "models not looked at in time");
        }
    }

    /// A model that its controller does not list. It is forgotten only when its owner had it destroyed through the
    /// broker and the controller says outright that it does not exist.
    pub(in crate::broker) async fn look_after_missing(&self, model: Uuid) -> Result<()> {
        let Some(row) = models::get(&mut *self.store.acquire().await?, model).await? else { return Ok(()) };
        if row.mode != models::MODE_NONE || row.life == "alive" {
            return Ok(());
        }
        let entity = Entity { tag: format!("model-{}", row.uuid) };
        let params = Entities { entities: vec![entity] };
        let answer: ModelStatusResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ModelStatus", &params, LIST).await?;
        let error = answer.models.into_iter().next().and_then(|status| status.error);
        if error.is_some_and(|e| matches!(e.code.as_str(), "not found" | "model not found")) {
            self.forget_model(&row).await?;
        }
        Ok(())
    }
}
