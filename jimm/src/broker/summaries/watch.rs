//! News of models for one watcher of a client: all it may read at first, then what changed.
//!
//! A watcher nobody asks for news costs a place in a queue that all share and, for each model that it told of, the UUID
//! and a hash: nothing piles up. Rights are asked for anew at each look, and at least once a minute while somebody waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jimm_proto::params::controller::{ModelAbstract, ModelSummaryMessage, ModelSummarySize};
use jimm_store::summaries::{self, Summary};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;
use uuid::Uuid;

use super::events::News;
use crate::broker::{Broker, Requester};
use crate::error::Result;

/// Models whose changes are looked at one by one; of more, all are looked at.
const FEW: usize = 500;
/// The time between two looks, at least, and as a multiple of what the first took.
const REST: (Duration, u32) = (Duration::from_millis(100), 5);
/// How often rights and models are looked at when nothing is heard.
const RECHECK: Duration = Duration::from_secs(60);

/// What one watcher has told.
#[derive(Debug)]
pub struct SummaryWatch {
    /// Whether it is for every model, for administrators.
    all: bool,
    /// The models it told of, and a hash of what.
    told: HashMap<Uuid, u64>,
    changes: broadcast::Receiver<News>,
    /// What has to be looked at; nothing means anything.
    ahead: Ahead,
    rest_until: Instant,
}

/// What has to be looked at next.
#[derive(Debug)]
enum Ahead {
    Anything,
    Models(BTreeSet<Uuid>),
}

impl Ahead {
    fn add(&mut self, news: &News) {
        match (&mut *self, news) {
            (Self::Anything, _) => {}
            (Self::Models(known), News::Models(more)) if known.len() + more.len() <= FEW => known.extend(more.iter()),
            _ => *self = Self::Anything,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Models(models) if models.is_empty())
    }
}

impl SummaryWatch {
    async fn heard(&mut self) {
        let rechecked = tokio::time::sleep(RECHECK);
        tokio::pin!(rechecked);
        while self.ahead.is_nothing() {
            let news = tokio::select! {
                news = self.changes.recv() => news,
                () = &mut rechecked => Ok(News::Anything),
            };
            self.note(news);
        }
        tokio::time::sleep_until(self.rest_until).await;
        // What came meanwhile is looked at in the same look.
        loop {
            match self.changes.try_recv() {
                Ok(news) => self.ahead.add(&news),
                Err(broadcast::error::TryRecvError::Lagged(_)) => self.ahead = Ahead::Anything,
                Err(_) => return,
            }
        }
    }

    fn note(&mut self, news: Result<News, RecvError>) {
        match news {
            Ok(news) => self.ahead.add(&news),
            Err(_) => self.ahead = Ahead::Anything,
        }
    }

    /// Those of the summaries that were not told like this before; then those of the models looked at that are no longer
    /// there to be read.
    fn fresh(&mut self, looked_at: &Ahead, now: Vec<ModelAbstract>) -> Vec<ModelAbstract> {
        let mut seen = BTreeSet::new();
        let mut fresh = Vec::new();
        for told in now {
            let Ok(uuid) = told.uuid.parse::<Uuid>() else { continue };
            seen.insert(uuid);
            let hash = hash(&told);
            if self.told.insert(uuid, hash) != Some(hash) {
                fresh.push(told);
            }
        }
        let gone: Vec<Uuid> = match looked_at {
            Ahead::Anything => self.told.keys().filter(|uuid| !seen.contains(uuid)).copied().collect(),
            Ahead::Models(models) => models.difference(&seen).copied().collect(),
        };
        for uuid in gone {
            if self.told.remove(&uuid).is_some() {
                fresh.push(ModelAbstract { uuid: uuid.to_string(), removed: true, ..ModelAbstract::default() });
            }
        }
        fresh
    }
}

impl Broker {
    /// A watcher for the models the caller may read, or for `all` there are.
    pub async fn watch_summaries(&self, who: &Requester, all: bool) -> Result<SummaryWatch> {
        if all {
            self.require_admin(who).await?;
        }
        Ok(SummaryWatch {
            all,
            told: HashMap::new(),
            changes: self.summary_events.changes(),
            ahead: Ahead::Anything,
            rest_until: Instant::now(),
        })
    }

    /// What changed since the watcher told last; waits until something did. The first time, everything. `masked` keeps
    /// the names of the controllers back.
    pub async fn next_summaries(
        &self,
        who: &Requester,
        watch: &mut SummaryWatch,
        masked: bool,
    ) -> Result<Vec<ModelAbstract>> {
        let first = watch.told.is_empty() && matches!(watch.ahead, Ahead::Anything);
        loop {
            watch.heard().await;
            let began = Instant::now();
            let looked_at = std::mem::replace(&mut watch.ahead, Ahead::Models(BTreeSet::new()));
            let rows = match self.watched_models(who, watch.all, &looked_at).await {
                Ok(rows) => rows,
                Err(error) => {
                    // What changed is still to be told by the next call.
                    watch.ahead = Ahead::Anything;
                    return Err(error);
                }
            };
            watch.rest_until = Instant::now() + REST.0.max(began.elapsed() * REST.1);
            let now = self.clock.now();
            let uuids: Vec<Uuid> = rows.iter().map(|row| row.uuid).collect();
            let mut admins = self.admins_of(&uuids).await?;
            let told = rows.iter().map(|row| {
                let admins = admins.remove(&row.uuid).unwrap_or_default();
                self.brief(row, admins, masked, now)
            });
            let fresh = watch.fresh(&looked_at, told.collect());
            if first || !fresh.is_empty() {
                return Ok(fresh);
            }
        }
    }

    async fn watched_models(&self, who: &Requester, all: bool, what: &Ahead) -> Result<Vec<Summary>> {
        if all {
            self.require_admin(who).await?;
        }
        let uuids: Vec<Uuid> = match (what, all) {
            (Ahead::Anything, true) => return Ok(summaries::all(&mut *self.store.acquire().await?).await?),
            (Ahead::Anything, false) => self.visible_models(who).await?,
            (Ahead::Models(models), true) => models.iter().copied().collect(),
            (Ahead::Models(models), false) => self.model_accesses(who, models.iter()).await?.into_keys().collect(),
        };
        Ok(summaries::of(&mut *self.store.acquire().await?, &uuids).await?)
    }

    async fn admins_of(&self, uuids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<String>>> {
        let mut admins = BTreeMap::<Uuid, Vec<String>>::new();
        for (uuid, name) in summaries::administrators(&mut *self.store.acquire().await?, uuids).await? {
            admins.entry(uuid).or_default().push(name);
        }
        Ok(admins)
    }

    fn brief(&self, row: &Summary, admins: Vec<String>, masked: bool, now: DateTime<Utc>) -> ModelAbstract {
        let told: ModelAbstract = serde_json::from_value(row.brief.clone()).unwrap_or_default();
        let stale = self.stale(row, now);
        let mut messages = told.messages;
        if let Some((_, message)) = &stale {
            messages.insert(0, ModelSummaryMessage { agent: "controller".into(), message: message.clone() });
        }
        let status = match (stale, told.status.as_str(), row.status.as_str()) {
            (None, "", "" | "available") => "green",
            (None, "", "error" | "suspended") => "red",
            (Some(_), ..) | (None, "", _) => "yellow",
            (None, told, _) => told,
        };
        let size = ModelSummarySize {
            machines: row.machines,
            applications: row.applications.max(told.size.applications),
            units: row.units.max(told.size.units),
            ..told.size
        };
        ModelAbstract {
            uuid: row.uuid.to_string(),
            removed: false,
            controller: if masked { String::new() } else { row.controller_name.clone() },
            name: row.name.clone(),
            admins,
            cloud: row.cloud.clone(),
            region: row.region.clone(),
            credential: match (&row.credential_owner, &row.credential_name) {
                (Some(owner), Some(name)) => format!("{}/{owner}/{name}", row.cloud),
                _ => String::new(),
            },
            size,
            status: status.to_owned(),
            messages,
            annotations: told.annotations,
        }
    }
}

fn hash(told: &ModelAbstract) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(told).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
