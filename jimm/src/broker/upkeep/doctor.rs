//! What was left behind: the broker's records compared with what every controller tells now. Looking changes nothing. What a
//! controller does not answer is no finding: it is told that nobody looked.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::jimm_doctor::{DoctorReport, Finding, NotLookedAt};
use jimm_proto::params::model_manager::{ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_store::controllers::{self, Controller};
use jimm_store::doctor::{self, LastMove};
use jimm_store::migrations;
use jimm_store::models::{self, Model};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::doctor_copies::outlived;
use crate::broker::Broker;
use crate::broker::migration::Told;
use crate::broker::remote::MODEL_MANAGER;
use crate::error::Result;

/// How long each controller may take to list its models.
const LIST: Duration = Duration::from_secs(30);
/// Records looked at in one go.
const PAGE: i64 = 500;
/// How long a job may lie untouched, in leases.
const SILENCE: u32 = 4;
/// Models that are asked about one by one; of more it is said that nobody asked.
const ASKED: usize = 200;

pub(in crate::broker) const MOVED: &str = "moved-elsewhere";
pub(super) const LEFT: &str = "left-on-source";
pub(in crate::broker) const HALF: &str = "half-imported";
const BOTH: &str = "on-both-sides";
pub(in crate::broker) const MISSING: &str = "record-without-model";
const UNKNOWN: &str = "model-without-record";
const RESTORED: &str = "controller-restored";
pub(in crate::broker) const STRANDED: &str = "move-without-job";
const OWNERLESS: &str = "job-without-owner";

/// A finding, with what a repair has to know.
pub(in crate::broker) struct Found {
    pub(in crate::broker) finding: Finding,
    pub(in crate::broker) model: Option<Model>,
    pub(in crate::broker) host: Uuid,
}

/// Everything that was seen.
struct Seen {
    hosts: BTreeMap<Uuid, Controller>,
    /// Of those that answered: the models that they list.
    listed: BTreeMap<Uuid, BTreeMap<Uuid, ModelSummary>>,
    silent: Vec<NotLookedAt>,
    records: Vec<Model>,
    moves: BTreeMap<Uuid, LastMove>,
}

impl Broker {
    /// Looks for what was left behind.
    pub async fn examine(&self) -> Result<DoctorReport> {
        let (found, seen, unasked) = self.look_everywhere().await?;
        Ok(DoctorReport {
            unasked,
            findings: found.into_iter().map(|found| found.finding).collect(),
            controllers: i64::try_from(seen.listed.len()).unwrap_or(i64::MAX),
            models: i64::try_from(seen.records.len()).unwrap_or(i64::MAX),
            not_looked_at: seen.silent,
        })
    }

    /// The findings as they are now.
    pub(in crate::broker) async fn findings(&self) -> Result<Vec<Found>> {
        Ok(self.look_everywhere().await?.0)
    }

    /// The findings, what was seen, and how many models nobody asked about although no list has them.
    async fn look_everywhere(&self) -> Result<(Vec<Found>, Seen, i64)> {
        let seen = self.see().await?;
        let mut found = Vec::new();
        let unlisted: Vec<&Model> = seen.records.iter().filter(|record| !listed(&seen, record, &mut found)).collect();
        for record in unlisted.iter().take(ASKED) {
            found.extend(self.ask_home_of(&seen, record).await);
        }
        let halves: Vec<_> = seen.records.iter().filter_map(|record| maybe_half(&seen, record)).collect();
        for half in halves.iter().take(ASKED) {
            found.extend(self.half_unlisted(half).await);
        }
        let unasked = unlisted.len().saturating_sub(ASKED) + halves.len().saturating_sub(ASKED);
        let unasked = i64::try_from(unasked).unwrap_or(i64::MAX);
        let known: std::collections::BTreeSet<Uuid> = seen.records.iter().map(|record| record.uuid).collect();
        for (host, models) in &seen.listed {
            for (uuid, it) in models.iter().filter(|(uuid, it)| !it.is_controller && !known.contains(uuid)) {
                let left = migrations::departure(&mut *self.store.acquire().await?, *uuid, *host).await?;
                let stranger = unknown(&seen.hosts[host], *uuid, it);
                found.push(if let Some(left) = left { outlived(stranger, &left) } else { stranger });
            }
        }
        restored(&seen, &mut found);
        self.left_in_records(&seen, &mut found).await?;
        Ok((found, seen, unasked))
    }

    async fn see(&self) -> Result<Seen> {
        let rows = controllers::list(&mut *self.store.acquire().await?).await?;
        let mut asked: Vec<BoxFuture<'_, Result<BTreeMap<Uuid, ModelSummary>, String>>> = Vec::new();
        for row in &rows {
            asked.push(Box::pin(self.listed_on(row)));
        }
        let (mut listed, mut silent) = (BTreeMap::new(), Vec::new());
        for (row, told) in rows.iter().zip(join_all(asked).await) {
            match told {
                Ok(models) => {
                    listed.insert(row.uuid, models);
                }
                Err(why) => silent.push(NotLookedAt { controller: row.name.clone(), why }),
            }
        }
        // After the controllers: a model that arrives meanwhile has its record by now.
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = models::list(&mut *self.store.acquire().await?, after, PAGE).await?;
            after = page.last().map(|row| row.uuid);
            records.extend(page);
            if after.is_none() {
                break;
            }
        }
        let uuids: Vec<Uuid> = records.iter().map(|record| record.uuid).collect();
        let moves = doctor::last_moves(&mut *self.store.acquire().await?, &uuids).await?;
        let hosts = rows.into_iter().map(|row| (row.uuid, row)).collect();
        Ok(Seen { hosts, listed, silent, records, moves: moves.into_iter().map(|last| (last.model, last)).collect() })
    }

    async fn listed_on(&self, row: &Controller) -> Result<BTreeMap<Uuid, ModelSummary>, String> {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let asking = self.ask::<_, ModelSummaryResults>(row.uuid, MODEL_MANAGER, "ListModelSummaries", &request, LIST);
        let told = tokio::time::timeout(LIST, asking).await.map_err(|_| "it does not answer in time".to_owned())?;
        let told = told.map_err(|error| error.message().to_owned())?;
        let models = told.results.into_iter().filter_map(|it| it.result);
        Ok(models.filter_map(|it| Some((it.uuid.parse().ok()?, it))).collect())
    }

    /// A model that its controller does not list: a list may be older than what it lists, so only its own word counts.
    async fn ask_home_of(&self, seen: &Seen, record: &Model) -> Option<Found> {
        let home = seen.hosts.get(&record.controller_uuid)?;
        if !matches!(self.ask_about_model(home.uuid, record.uuid).await, Ok(Told::HasNot)) {
            return None;
        }
        let still = async { models::get(&mut *self.store.acquire().await?, record.uuid).await }.await;
        if !still.is_ok_and(|row| row.is_some_and(|row| row.controller_uuid == home.uuid && row.mode == record.mode)) {
            return None;
        }
        let in_use = |(_, it): &(&Controller, &ModelSummary)| it.life == "alive" && it.status.status != "busy";
        Some(match elsewhere(seen, record).find(in_use) {
            Some((host, _)) => moved(record, home, host),
            None => missing(record, home, !seen.silent.is_empty()),
        })
    }

    /// The target of a move that came to nothing, if it has part of the model and does not list it, as 4.1 does.
    async fn half_unlisted(&self, (record, home, host, last): &MaybeHalf<'_>) -> Option<Found> {
        let has_it = self.is_importing(host.uuid, record.uuid).await.unwrap_or(false);
        has_it.then(|| second(record, home, host, &ModelSummary::default(), Some(last)))
    }

    /// What the broker's own tables tell.
    async fn left_in_records(&self, seen: &Seen, found: &mut Vec<Found>) -> Result<()> {
        let silence = self.settings.jobs.lease * SILENCE;
        let mut conn = self.store.acquire().await?;
        for job in doctor::ownerless(&mut conn, silence).await? {
            let what = format!(
                "job {} ({} {}) waits and nobody takes it up; {:?} had it last",
                job.id, job.kind, job.key, job.owner
            );
            let repair = "start a replica of the broker that takes jobs (JIMM_JOB_WORKERS), and look into its log";
            found.push(of_nobody(OWNERLESS, &job.id.to_string(), what, repair));
        }
        for uuid in doctor::stranded(&mut conn).await? {
            let Some(record) = models::get(&mut conn, uuid).await? else { continue };
            let Some(home) = seen.hosts.get(&record.controller_uuid) else { continue };
            let what = format!("the record of {} says that it moves, and no job moves it", called(&record));
            let mut one = about(STRANDED, home, &record, what);
            one.finding.repair = format!(
                "jimmctl doctor --repair {}: the record says again that the model is on controller {}",
                one.finding.id, home.name
            );
            one.finding.repairable = true;
            found.push(one);
        }
        Ok(())
    }
}

/// The other controllers that list the model.
fn elsewhere<'a>(seen: &'a Seen, record: &Model) -> impl Iterator<Item = (&'a Controller, &'a ModelSummary)> {
    let (home, uuid) = (record.controller_uuid, record.uuid);
    let others = seen.listed.iter().filter(move |(host, _)| **host != home);
    others.filter_map(move |(host, models)| Some((&seen.hosts[host], models.get(&uuid)?)))
}

/// Whether nothing is to be asked about a record: its controller lists its model, or is not expected to. Other controllers
/// that list it as well are findings.
fn listed(seen: &Seen, record: &Model, found: &mut Vec<Found>) -> bool {
    if record.mode != models::MODE_NONE || record.is_controller {
        return true;
    }
    let Some(home) = seen.hosts.get(&record.controller_uuid) else { return true };
    let Some(at_home) = seen.listed.get(&home.uuid) else { return true };
    if !at_home.contains_key(&record.uuid) {
        return record.life != "alive";
    }
    let last = seen.moves.get(&record.uuid);
    found.extend(elsewhere(seen, record).map(|(host, it)| second(record, home, host, it, last)));
    true
}

/// A model, its home, and a controller that may have half of it from that move.
type MaybeHalf<'a> = (&'a Model, &'a Controller, &'a Controller, &'a LastMove);

/// The target of a move that came to nothing and does not list the model.
fn maybe_half<'a>(seen: &'a Seen, record: &'a Model) -> Option<MaybeHalf<'a>> {
    let last = seen.moves.get(&record.uuid).filter(|last| !last.is_done && record.mode == models::MODE_NONE)?;
    let (home, host) = (seen.hosts.get(&record.controller_uuid)?, seen.hosts.get(&last.target)?);
    let is_listed = seen.listed.get(&last.target)?.contains_key(&record.uuid);
    (!is_listed).then_some((record, home, host, last))
}

fn called(record: &Model) -> String {
    format!("model {}/{}", record.owner, record.name)
}

pub(super) fn id_of(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    hex::encode(&digest[..5])
}

fn about(kind: &str, host: &Controller, record: &Model, what: String) -> Found {
    let finding = Finding {
        id: id_of(&[kind, &host.uuid.to_string(), &record.uuid.to_string()]),
        kind: kind.to_owned(),
        controller: host.name.clone(),
        model: format!("{}/{}", record.owner, record.name),
        model_uuid: record.uuid.to_string(),
        what,
        ..Finding::default()
    };
    Found { finding, model: Some(record.clone()), host: host.uuid }
}

fn of_nobody(kind: &str, key: &str, what: String, repair: &str) -> Found {
    let finding = Finding {
        id: id_of(&[kind, key]),
        kind: kind.to_owned(),
        what,
        repair: repair.to_owned(),
        ..Finding::default()
    };
    Found { finding, model: None, host: Uuid::nil() }
}

/// The model is not where the record says, and is in use elsewhere.
fn moved(record: &Model, home: &Controller, host: &Controller) -> Found {
    let what = format!(
        "{} is on controller {} and no longer on {}, which the record names: it was moved without the broker",
        called(record),
        host.name,
        home.name
    );
    let mut found = about(MOVED, host, record, what);
    found.finding.repair = format!("jimmctl update-migrated-model {} {}", host.name, record.uuid);
    found.finding.repairable = true;
    found
}

/// No controller has the model.
fn missing(record: &Model, home: &Controller, is_partial: bool) -> Found {
    let others = if is_partial { "no other controller that was looked at" } else { "no other controller" };
    let what = format!(
        "controller {} says that it does not have {}, and {others} lists it: it was destroyed or moved away without the broker, \
         or the controller was restored from a backup of before",
        home.name,
        called(record)
    );
    let mut found = about(MISSING, home, record, what);
    found.finding.repair = format!(
        "if the model is gone for good: jimmctl doctor --repair {} archives its record and removes its rights",
        found.finding.id
    );
    found.finding.repairable = !is_partial;
    if is_partial {
        "bring back the controllers that were not looked at, and look again".clone_into(&mut found.finding.repair);
    }
    found
}

/// The model is where the record says, and on another controller too.
fn second(
    record: &Model,
    home: &Controller,
    host: &Controller,
    there: &ModelSummary,
    last: Option<&LastMove>,
) -> Found {
    let came_from = last.is_some_and(|last| last.is_done && last.source == host.uuid && last.target == home.uuid);
    let went_to = last.is_some_and(|last| !last.is_done && last.target == host.uuid);
    if came_from {
        let said = last.filter(|last| !last.leftover.is_empty());
        let said = said.map(|last| format!(" (after the move: {})", last.leftover)).unwrap_or_default();
        let what = format!(
            "{} was moved from controller {} to {}, and {} still has what is left of it, or has it again from a backup{said}; the \
             broker sends nobody there",
            called(record),
            host.name,
            home.name,
            host.name
        );
        let mut found = about(LEFT, host, record, what);
        found.finding.repair = format!(
            "leave it: its machines are those of the model on {}, and destroying it on {} would destroy them. It goes with \
             controller {} itself (take that away with \"juju kill-controller\" only after its machines are known to be its own)",
            home.name, host.name, host.name
        );
        return found;
    }
    if went_to || there.status.status == "busy" {
        let why = last.filter(|_| went_to).map(|last| format!(" ({})", last.reason)).unwrap_or_default();
        let what = format!(
            "{} is on controller {}, and {} has half of it from a move that came to nothing{why}",
            called(record),
            home.name,
            host.name
        );
        let mut found = about(HALF, host, record, what);
        found.finding.repair = format!(
            "jimmctl doctor --repair {}: controller {} is told to give the import up, which it does only while the model is not in \
             use there",
            found.finding.id, host.name
        );
        found.finding.repairable = true;
        return found;
    }
    let what = format!(
        "{} is on controller {}, which the record names, and in use on {} too; which of them its agents follow only they know",
        called(record),
        home.name,
        host.name
    );
    let mut found = about(BOTH, host, record, what);
    found.finding.repair = format!(
        "look on both with \"juju status\" which one has agents that answer; if it is {0}: jimmctl update-migrated-model {0} {1}. \
         Destroy neither: they share their machines",
        host.name, record.uuid
    );
    found
}

/// A controller has a model that the broker has no record of.
fn unknown(host: &Controller, uuid: Uuid, it: &ModelSummary) -> Found {
    let owner = it.owner_tag.as_deref().map(|tag| tag.trim_start_matches("user-")).or(it.qualifier.as_deref());
    let name = format!("{}/{}", owner.unwrap_or("?"), it.name);
    let what = format!("controller {} has a model {name} that the broker has no record of", host.name);
    let finding = Finding {
        id: id_of(&[UNKNOWN, &host.uuid.to_string(), &uuid.to_string()]),
        kind: UNKNOWN.to_owned(),
        controller: host.name.clone(),
        model: name,
        model_uuid: uuid.to_string(),
        what,
        repair: format!("jimmctl import-model {} {uuid} --owner USER@DOMAIN", host.name),
        repairable: false,
    };
    Found { finding, model: None, host: host.uuid }
}

/// A controller that has again what went and lacks what came has gone back in time.
fn restored(seen: &Seen, found: &mut Vec<Found>) {
    let count = |found: &[Found], kind: &str, host: &Controller| {
        found.iter().filter(|it| it.finding.kind == kind && it.host == host.uuid).count()
    };
    for host in seen.hosts.values() {
        let (again, lacking) = (count(found, LEFT, host), count(found, MISSING, host));
        if again == 0 || lacking == 0 {
            continue;
        }
        let what = format!(
            "controller {} has {again} models that were moved away from it and lacks {lacking} that should be there: it looks \
             restored from an old backup",
            host.name
        );
        let repair = format!(
            "before anything else: jimmctl cordon {0}; then restore it from a newer backup, or go through its findings one by one",
            host.name
        );
        let mut one = of_nobody(RESTORED, &host.uuid.to_string(), what, &repair);
        one.finding.controller.clone_from(&host.name);
        // First things first.
        found.insert(0, one);
    }
}
