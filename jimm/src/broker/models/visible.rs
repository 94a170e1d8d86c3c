//! Models as users see them in lists, and how they go away.
//!
//! Lists come from the broker's own tables; controllers are asked side by side, each with its own deadline, so that one
//! that is slow or gone costs its models a fresh status and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, join_all};
use jimm_authz::{Object, Relation};
use jimm_proto::params::model_manager::{
    Model, ModelMigrationStatus, ModelSLAInfo, ModelSummariesRequest, ModelSummary, ModelSummaryResults, UserModel,
};
use jimm_store::models::{self, Model as Row, Named, Refresh};
use jimm_store::{Tx, offers};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broker::remote::MODEL_MANAGER;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// How long a list waits for a controller before it shows what was known last.
const LIST_DEADLINE: Duration = Duration::from_secs(3);
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
        self.model_row(uuid).await.map_err(crate::broker::rights::grants::hide)
    }

    /// Every model the caller may read.
    pub async fn list_models(&self, who: &Requester) -> Result<Vec<UserModel>> {
        let uuids = self.visible_models(who).await?;
        let rows = models::names_of(&mut *self.store.acquire().await?, &uuids).await?;
        Ok(rows.into_iter().map(|row| UserModel { model: model(row), last_connection: None }).collect())
    }

    /// Asks the controllers of rows that are stale, all at once and with a deadline. What they tell is kept; who does not
    /// answer leaves its rows as they are.
    pub(in crate::broker) async fn freshen(&self, rows: &mut [Row], is_stale: impl Fn(&Row) -> bool) {
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
    pub(in crate::broker) async fn keep_summaries(
        &self,
        controller: Uuid,
        told: &[(Uuid, Refresh)],
        at: DateTime<Utc>,
    ) {
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
        let removed = self.forget_model_in(&mut tx, row).await?;
        tx.commit().await?;
        if removed {
            tracing::info!(model.uuid = %row.uuid, model.name = %row.name, model.owner = %row.owner, "model is gone");
        }
        Ok(removed)
    }

    /// The same in the caller's transaction.
    pub(crate) async fn forget_model_in(&self, tx: &mut Tx, row: &Row) -> Result<bool> {
        let offered = offers::of_model(tx, row.uuid).await?;
        let removed = models::delete_settled(tx, row.uuid, row.controller_uuid, &row.mode).await?;
        if removed {
            for offer in offered {
                self.remove_tuples_on(tx, &Object::offer(offer.uuid)).await?;
            }
            self.remove_tuples_on(tx, &Object::model(row.uuid)).await?;
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
pub(in crate::broker) fn apply(row: &mut Row, told: &ModelSummary) {
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

/// What the controller tells of a model that has no column of its own.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "kebab-case")]
pub(in crate::broker) struct Kept {
    pub(in crate::broker) life: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::broker) data: BTreeMap<String, serde_json::Value>,
    pub(in crate::broker) provider_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::broker) default_series: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::broker) migration: Option<ModelMigrationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::broker) sla: Option<ModelSLAInfo>,
}

/// What is kept of what the controller tells of a model.
pub(in crate::broker) fn refresh_of(told: &ModelSummary) -> Refresh {
    let kept = Kept {
        life: told.life.clone(),
        data: told.status.data.clone(),
        provider_type: told.provider_type.clone(),
        default_series: told.default_series.clone(),
        migration: told.migration.clone(),
        sla: told.sla.clone(),
    };
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
        summary: serde_json::to_value(kept).unwrap_or_default(),
    }
}

/// The tag of the credential a model uses, or nothing.
pub(in crate::broker) fn credential_tag(row: &Row) -> String {
    match (&row.credential_owner, &row.credential_name) {
        (Some(owner), Some(name)) => jimm_proto::tags::credential_tag(&row.cloud, owner, name),
        _ => String::new(),
    }
}
