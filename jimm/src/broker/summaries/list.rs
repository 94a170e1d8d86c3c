//! `juju models`: every model of a user in one answer, from the table alone.
//!
//! No controller is waited for, but for those that do not tell of changes by themselves, answer quickly and were not
//! looked at for a few seconds: whoever keeps those is asked for a look, and is given a tenth of a second for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jimm_proto::access::ModelAccess;
use jimm_proto::params::model_manager::{EntityStatus, ModelEntityCount, ModelSummary};
use jimm_proto::time::GoTime;
use jimm_store::summaries::{self, Summary};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::broker::models::visible::{Kept, user_tag};
use crate::broker::{Broker, Requester};
use crate::error::Result;

/// How old what a controller told may be before whoever keeps it is asked for a look.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// How long such a look is waited for, and how quick a controller must be for that, in milliseconds.
const LOOK: Duration = Duration::from_millis(100);
const QUICK: i64 = 60;
/// After so many turns without a look, and this much more, nobody keeps a controller.
const TURNS: i32 = 3;
const LATE: TimeDelta = TimeDelta::seconds(60);

impl Broker {
    /// Every model the caller may read, with what is going on in it. Administrators who ask for `all` see what they
    /// see anyway: they may read everything.
    pub async fn model_summaries(&self, who: &Requester, _all: bool) -> Result<Vec<ModelSummary>> {
        let levels = self.model_levels(who).await?;
        let mut rows = self.summaries_of(&levels).await?;
        if self.had_looked_at(&rows).await? {
            rows = self.summaries_of(&levels).await?;
        }
        let now = self.clock.now();
        Ok(rows.iter().map(|row| self.summary(row, levels.get(&row.uuid).copied(), now)).collect())
    }

    async fn summaries_of(&self, levels: &BTreeMap<Uuid, ModelAccess>) -> Result<Vec<Summary>> {
        let uuids: Vec<Uuid> = levels.keys().copied().collect();
        Ok(summaries::of(&mut *self.store.acquire().await?, &uuids).await?)
    }

    /// Has controllers looked at whose summaries may be old, where that is quick. Tells whether any was.
    async fn had_looked_at(&self, rows: &[Summary]) -> Result<bool> {
        let now = self.clock.now();
        let old = |row: &&Summary| {
            let asked_only = !row.watched && row.seen_at.is_none_or(|at| now - at > FRESH) && row.took <= QUICK;
            row.failed_since.is_none() && (asked_only || row.refreshed_at.is_none() && row.unlisted_since.is_none())
        };
        let mut waiting: BTreeSet<Uuid> = rows.iter().filter(old).map(|row| row.controller_uuid).collect();
        if waiting.is_empty() {
            return Ok(false);
        }
        let mut seen = self.summary_events.seen();
        let wanted = self.summary_events.not_asked(waiting.iter().copied());
        if !wanted.is_empty() {
            summaries::want(&mut *self.store.acquire().await?, &wanted).await?;
        }
        let before = waiting.len();
        let all = async {
            while !waiting.is_empty() {
                match seen.recv().await {
                    Ok(uuid) => _ = waiting.remove(&uuid),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        };
        let in_time = tokio::time::timeout(LOOK, all).await.is_ok();
        Ok(in_time || waiting.len() < before)
    }

    /// The summary of a model: what its controller told last, under the broker's names and rights.
    fn summary(&self, row: &Summary, level: Option<ModelAccess>, now: DateTime<Utc>) -> ModelSummary {
        let kept: Kept = serde_json::from_value(row.summary.clone()).unwrap_or_default();
        let counts = [("machines", row.machines), ("cores", row.cores), ("units", row.units)];
        let life = if row.life == "alive" && !kept.life.is_empty() { &kept.life } else { &row.life };
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
            life: life.clone(),
            status: self.status_shown(row, kept.data, now),
            user_access: level.map(|l| l.to_string()).unwrap_or_default(),
            last_connection: None,
            counts: counts
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(entity, count)| ModelEntityCount { entity: entity.into(), count })
                .collect(),
            agent_version: Some(row.agent_version.clone()).filter(|v| !v.is_empty()),
            provider_type: kept.provider_type,
            default_series: kept.default_series,
            migration: kept.migration,
            sla: kept.sla,
        }
    }

    fn status_shown(
        &self,
        row: &Summary,
        data: BTreeMap<String, serde_json::Value>,
        now: DateTime<Utc>,
    ) -> EntityStatus {
        let last = if row.status.is_empty() { "available" } else { &row.status };
        let Some((since, why)) = self.stale(row, now) else {
            return EntityStatus {
                status: last.to_owned(),
                info: row.status_info.clone(),
                data,
                since: row.status_since.map(GoTime),
            };
        };
        let seen = row.seen_at.into_iter().chain(row.unlisted_since).min().or(row.refreshed_at);
        let mut data = data;
        data.insert("last-status".into(), json!(last));
        data.insert("last-seen".into(), json!(seen.map(GoTime)));
        EntityStatus { status: "unavailable".into(), info: why, data, since: Some(GoTime(since)) }
    }

    /// Since when and why what is known of a model may no longer be so.
    pub(super) fn stale(&self, row: &Summary, now: DateTime<Utc>) -> Option<(DateTime<Utc>, String)> {
        let name = &row.controller_name;
        let last = || row.seen_at.map_or_else(String::new, |at| format!(", last seen {}", short(at)));
        if let Some(since) = row.failed_since {
            return Some((since, format!("controller {name} does not answer since {}{}", short(since), last())));
        }
        if let Some(since) = row.unlisted_since {
            return Some((since, format!("controller {name} does not list this model since {}", short(since))));
        }
        let turn = TimeDelta::from_std(self.settings.controllers.model_poll_interval).unwrap_or(LATE);
        let seen = row.seen_at.filter(|at| now - *at > turn * TURNS + LATE)?;
        Some((seen, format!("controller {name} was not looked at since {}", short(seen))))
    }
}

fn short(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The tag of the credential a model uses, or nothing.
fn credential_tag(row: &Summary) -> String {
    match (&row.credential_owner, &row.credential_name) {
        (Some(owner), Some(name)) => jimm_proto::tags::credential_tag(&row.cloud, owner, name),
        _ => String::new(),
    }
}
