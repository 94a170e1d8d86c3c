//! Models as users see them in lists, and how they go away.
//!
//! Lists come from the broker's own tables; controllers are asked side by side, each with its own deadline, so that one
//! that is slow or gone costs its models a fresh status and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{BoxFuture, join_all};
use jimm_authz::{Object, Relation};
use jimm_proto::access::ModelAccess;
use jimm_proto::params::model_manager::{
    EntityStatus, Model, ModelEntityCount, ModelSummariesRequest, ModelSummary, ModelSummaryResults, UserModel,
};
use jimm_proto::time::GoTime;
use jimm_store::models::{self, Model as Row, Named, Refresh};
use jimm_store::offers;
use uuid::Uuid;

use super::remote::MODEL_MANAGER;
use super::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// How long a list waits for a controller before it shows what was known last.
const LIST_DEADLINE: Duration = Duration::from_secs(3);
/// How old a summary may be before a list asks for a newer one.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// Summaries that are written in one statement.
const KEPT_AT_ONCE: usize = 1000;

impl Broker {
    /// The model of that UUID; one still being made is not there yet.
    pub(crate) async fn model_row(&self, uuid: Uuid) -> Result<Row> {
        self.row_of(uuid).await?.ok_or_else(Error::model_not_found)
    }

    /// The model, when the caller has that relation to it; otherwise unauthorized, whether it exists or not.
    pub(crate) async fn model_for(&self, who: &Requester, relation: Relation, uuid: Uuid) -> Result<Row> {
        self.require(who, relation, &Object::model(uuid)).await?;
        self.model_row(uuid).await.map_err(super::grants::hide)
    }

    /// The model with what the caller may do with it, which is at least to read it; otherwise unauthorized, whether it
    /// exists or not.
    pub(crate) async fn readable_model(&self, who: &Requester, uuid: Uuid) -> Result<(Row, ModelAccess)> {
        let (row, level) = tokio::join!(self.model_row(uuid), self.model_access(who, uuid));
        let level = level?.ok_or_else(Error::unauthorized)?;
        Ok((row.map_err(super::grants::hide)?, level))
    }

    /// Every model the caller may read.
    pub async fn list_models(&self, who: &Requester) -> Result<Vec<UserModel>> {
        let uuids = self.visible_models(who).await?;
        let rows = models::names_of(&mut *self.store.acquire().await?, &uuids).await?;
        Ok(rows.into_iter().map(|row| UserModel { model: model(row), last_connection: None }).collect())
    }

    /// Every model the caller may read, with what is going on in it. Administrators who ask for `all` see what they
    /// see anyway: they may read everything.
    pub async fn model_summaries(&self, who: &Requester, _all: bool) -> Result<Vec<ModelSummary>> {
        let levels = self.model_levels(who).await?;
        let mut rows = self.rows_of(&levels).await?;
        let now = self.clock.now();
        self.freshen(&mut rows, |row| row.refreshed_at.is_none_or(|at| now - at > FRESH)).await;
        Ok(rows.iter().map(|row| summary(row, levels.get(&row.uuid).copied())).collect())
    }

    /// The caller's models by owner and name, without those still being made.
    async fn rows_of(&self, levels: &BTreeMap<Uuid, ModelAccess>) -> Result<Vec<Row>> {
        let uuids: Vec<_> = levels.keys().copied().collect();
        let mut conn = self.store.acquire().await?;
        let mut rows = models::get_many(&mut conn, &uuids).await?;
        rows.retain(|row| row.mode != models::MODE_CREATING);
        Ok(rows)
    }

    /// Asks the controllers of rows that are stale, all at once and with a deadline. What they tell is kept; who does not
    /// answer leaves its rows as they are.
    pub(super) async fn freshen(&self, rows: &mut [Row], is_stale: impl Fn(&Row) -> bool) {
        let now = self.clock.now();
        let stale: std::collections::BTreeSet<Uuid> =
            rows.iter().filter(|row| is_stale(row)).map(|row| row.controller_uuid).collect();
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
        for controller in stale {
            asked.push(Box::pin(async move { (controller, self.ask_summaries(controller).await) }));
        }
        for (controller, answer) in join_all(asked).await {
            let told = match answer {
                Ok(answer) => answer.results,
                Err(e) => {
                    tracing::warn!(controller.uuid = %controller, error = %e, "listing models without a fresh status");
                    continue;
                }
            };
            let told: BTreeMap<String, ModelSummary> =
                told.into_iter().filter_map(|r| r.result).map(|s| (s.uuid.clone(), s)).collect();
            let mut news = Vec::new();
            for row in rows.iter_mut().filter(|row| row.controller_uuid == controller) {
                if let Some(summary) = told.get(&row.uuid.to_string()) {
                    apply(row, summary);
                    row.refreshed_at = Some(now);
                    news.push((row.uuid, refresh_of(summary)));
                }
            }
            self.keep_summaries(controller, &news, now).await;
        }
    }

    async fn ask_summaries(&self, controller: Uuid) -> Result<ModelSummaryResults> {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        self.ask(controller, MODEL_MANAGER, "ListModelSummaries", &request, LIST_DEADLINE).await
    }

    /// Keeps fresh summaries for the next list. That they could not be kept is nobody's concern but the log's.
    pub(super) async fn keep_summaries(&self, controller: Uuid, told: &[(Uuid, Refresh)], at: DateTime<Utc>) {
        for told in told.chunks(KEPT_AT_ONCE) {
            let kept = async { models::refresh(&mut *self.store.acquire().await?, controller, told, at).await };
            if let Err(e) = kept.await {
                tracing::debug!(controller.uuid = %controller, error = %e, "fresh summaries could not be kept");
            }
        }
    }

    /// Removes a model that its controller no longer has, after somebody who may do so asked for it: row, offers and
    /// every tuple of theirs in one transaction. One whose home or mode changed meanwhile stays.
    pub(crate) async fn forget_model(&self, row: &Row) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let offered = offers::of_model(&mut tx, row.uuid).await?;
        let removed = models::delete_settled(&mut tx, row.uuid, row.controller_uuid, &row.mode).await?;
        if removed {
            for offer in offered {
                self.remove_tuples_on(&mut tx, &Object::offer(offer.uuid)).await?;
            }
            self.remove_tuples_on(&mut tx, &Object::model(row.uuid)).await?;
        }
        tx.commit().await?;
        if removed {
            tracing::info!(model.uuid = %row.uuid, model.name = %row.name, model.owner = %row.owner, "model is gone");
        }
        Ok(removed)
    }
}

/// Refuses to change a model while it moves.
pub(crate) fn require_not_migrating(row: &Row) -> Result<()> {
    if row.mode == models::MODE_NONE {
        return Ok(());
    }
    let text = format!("model {}/{} is being migrated: try again when it has arrived", row.owner, row.name);
    Err(Error::new(Kind::MigrationInProgress, text))
}

/// The tag of a user.
pub(crate) fn user_tag(name: &str) -> String {
    format!("user-{name}")
}

/// The model as the short lists name it.
fn model(row: Named) -> Model {
    Model {
        name: row.name,
        uuid: row.uuid.to_string(),
        r#type: row.kind,
        owner_tag: Some(user_tag(&row.owner)),
        qualifier: None,
    }
}

/// Takes over what the controller tells of a model.
pub(super) fn apply(row: &mut Row, told: &ModelSummary) {
    let news = refresh_of(told);
    row.status = news.status;
    row.status_info = news.status_info;
    row.status_since = news.status_since;
    row.agent_version = news.agent_version;
    row.machines = news.machines;
    row.cores = news.cores;
    row.units = news.units;
    row.applications = news.applications;
    row.summary = news.summary;
    if !told.life.is_empty() && row.life == "alive" {
        row.life.clone_from(&told.life);
    }
}

/// What is kept of what the controller tells of a model.
pub(super) fn refresh_of(told: &ModelSummary) -> Refresh {
    let count = |entity: &str| told.counts.iter().find(|c| c.entity == entity).map_or(0, |c| c.count);
    Refresh {
        status: told.status.status.clone(),
        status_info: told.status.info.clone(),
        status_since: told.status.since.map(|since| since.0),
        agent_version: told.agent_version.clone().unwrap_or_default(),
        machines: count("machines"),
        cores: count("cores"),
        units: count("units"),
        applications: count("applications"),
        summary: serde_json::to_value(told).unwrap_or_default(),
    }
}

/// The summary of a model: what its controller told last, under the broker's names and rights.
fn summary(row: &Row, level: Option<ModelAccess>) -> ModelSummary {
    let told: ModelSummary = serde_json::from_value(row.summary.clone()).unwrap_or_default();
    let counts = [("machines", row.machines), ("cores", row.cores), ("units", row.units)];
    let status = if row.status.is_empty() { "available" } else { &row.status };
    ModelSummary {
        name: row.name.clone(),
        uuid: row.uuid.to_string(),
        r#type: row.kind.clone(),
        controller_uuid: row.controller_uuid.to_string(),
        is_controller: false,
        cloud_tag: format!("cloud-{}", row.cloud),
        cloud_region: row.region.clone(),
        cloud_credential_tag: credential_tag(row),
        owner_tag: Some(user_tag(&row.owner)),
        qualifier: None,
        life: row.life.clone(),
        status: EntityStatus {
            status: status.to_owned(),
            info: row.status_info.clone(),
            data: told.status.data,
            since: row.status_since.map(GoTime),
        },
        user_access: level.map(|l| l.to_string()).unwrap_or_default(),
        last_connection: None,
        counts: counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(entity, count)| ModelEntityCount { entity: entity.into(), count })
            .collect(),
        agent_version: Some(row.agent_version.clone()).filter(|v| !v.is_empty()),
        provider_type: told.provider_type,
        default_series: told.default_series,
        migration: told.migration,
        sla: told.sla,
    }
}

/// The tag of the credential a model uses, or nothing.
pub(super) fn credential_tag(row: &Row) -> String {
    match (&row.credential_owner, &row.credential_name) {
        (Some(owner), Some(name)) => jimm_proto::tags::credential_tag(&row.cloud, owner, name),
        _ => String::new(),
    }
}
