//! Duties that keep the broker's picture of its controllers true: who answers, what they run, how their models are.
//!
//! A model's record never goes away because a controller said "unauthorized" or nothing (invariant I10).

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::model_manager::{ModelStatusResults, ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_store::controllers::{self, Controller};
use jimm_store::models::{self, Model};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Broker;
use super::models::refresh_of;
use super::remote::MODEL_MANAGER;
use crate::error::Result;

/// How long a controller may take to list all of its models.
const LIST: Duration = Duration::from_secs(60);
/// How long who just moved a model waits for a look at it.
const LOOK: Duration = Duration::from_secs(3);

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
        let mut conn = self.store.acquire().await?;
        match session {
            Ok(session) => {
                let login = session.login();
                let facades: serde_json::Map<String, Value> =
                    login.facades.iter().map(|f| (f.name.clone(), json!(f.versions))).collect();
                controllers::set_seen(&mut conn, row.uuid, &login.server_version, &Value::Object(facades)).await?;
                if controllers::set_available(&mut conn, row.uuid).await? {
                    tracing::info!(controller.name = %row.name, "controller answers again");
                }
            }
            Err(error) => {
                let now = self.clock.now();
                if controllers::set_unavailable(&mut conn, row.uuid, now, error.message()).await? {
                    tracing::warn!(controller.name = %row.name, error = %error, "controller does not answer");
                }
            }
        }
        Ok(())
    }

    /// Asks each controller once how its models are, and keeps that for lists.
    pub async fn poll_models(&self) -> Result<()> {
        let rows = controllers::list(&mut *self.store.acquire().await?).await?;
        let mut polls: Vec<BoxFuture<'_, Result<()>>> = Vec::new();
        for row in rows.iter().filter(|row| row.unavailable_since.is_none()) {
            polls.push(Box::pin(self.poll_models_of(row)));
        }
        for polled in join_all(polls).await {
            if let Err(error) = polled {
                tracing::debug!(error = %error, "models of a controller could not be looked at");
            }
        }
        Ok(())
    }

    /// Looks at the models of one controller now, so that lists show them as they are; who cannot be asked in time is
    /// looked at with the others later.
    pub(super) async fn look_at_models_of(&self, controller: Uuid) {
        let look = async {
            let row = controllers::get(&mut *self.store.acquire().await?, controller).await?;
            match row {
                Some(row) => self.poll_models_of(&row).await,
                None => Ok(()),
            }
        };
        if !matches!(tokio::time::timeout(LOOK, look).await, Ok(Ok(()))) {
            tracing::debug!(controller.uuid = %controller, "models not looked at now");
        }
    }

    async fn poll_models_of(&self, controller: &Controller) -> Result<()> {
        let known = models::of_controller(&mut *self.store.acquire().await?, controller.uuid).await?;
        if known.is_empty() {
            return Ok(());
        }
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let answer: ModelSummaryResults =
            self.slot_of(controller).await?.call(MODEL_MANAGER, "ListModelSummaries", &request, LIST).await?;
        let told: BTreeMap<String, ModelSummary> =
            answer.results.into_iter().filter_map(|r| r.result).map(|s| (s.uuid.clone(), s)).collect();
        let now = self.clock.now();
        let mut news = Vec::new();
        let mut missing = Vec::new();
        for row in known {
            match told.get(&row.uuid.to_string()) {
                Some(summary) => news.push((row.uuid, refresh_of(summary))),
                None => missing.push(row),
            }
        }
        self.keep_summaries(controller.uuid, &news, now).await;
        for row in missing {
            self.look_after_missing(&row).await?;
        }
        Ok(())
    }

    /// A model that its controller does not list. It is forgotten only when its owner had it destroyed through the
    /// broker and the controller says outright that it does not exist.
    async fn look_after_missing(&self, row: &Model) -> Result<()> {
        if row.mode != models::MODE_NONE || row.life == "alive" {
            return Ok(());
        }
        let entity = Entity { tag: format!("model-{}", row.uuid) };
        let params = Entities { entities: vec![entity] };
        let answer: ModelStatusResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ModelStatus", &params, LIST).await?;
        let error = answer.models.into_iter().next().and_then(|status| status.error);
        if error.is_some_and(|e| matches!(e.code.as_str(), "not found" | "model not found")) {
            self.forget_model(row).await?;
        }
        Ok(())
    }
}
