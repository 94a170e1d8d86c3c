//! What was left behind: the broker's records compared with what every controller tells now. Looking changes nothing. What a
//! controller does not answer is no finding: it is told that nobody looked.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::jimm_doctor::{DoctorReport, NotLookedAt};
use jimm_proto::params::model_manager::{ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_store::controllers::{self, Controller};
use jimm_store::doctor::{self, LastMove};
use jimm_store::incoming;
use jimm_store::migrations;
use jimm_store::models::{self, Model};
use uuid::Uuid;

use super::doctor_findings::{
    Found, OWNERLESS, STRANDED, about, behind, called, missing, moved, of_nobody, outlived, restored, second, unknown,
};
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
/// Models whose agents are asked after at a time.
const AT_ONCE: usize = 8;

/// Everything that was seen.
struct Seen {
    hosts: BTreeMap<Uuid, Controller>,
    /// Of those that answered: the models that they list.
    listed: BTreeMap<Uuid, BTreeMap<Uuid, ModelSummary>>,
    silent: Vec<NotLookedAt>,
    records: Vec<Model>,
    moves: BTreeMap<Uuid, LastMove>,
    /// Models that came in from outside not long ago, and to which controller.
    arrivals: BTreeMap<Uuid, Uuid>,
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
        let mut seen = self.see().await?;
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
        let untold = self.look_for_left_behind(&seen, &mut found).await;
        let known: std::collections::BTreeSet<Uuid> = seen.records.iter().map(|record| record.uuid).collect();
        for (host, models) in &seen.listed {
            for (uuid, it) in models.iter().filter(|(uuid, it)| !it.is_controller && !known.contains(uuid)) {
                let left = migrations::departure(&mut *self.store.acquire().await?, *uuid, *host).await?;
                let stranger = unknown(&seen.hosts[host], *uuid, it);
                found.push(if let Some(left) = left { outlived(stranger, &left) } else { stranger });
            }
        }
        restored(&seen.hosts, &mut found);
        self.left_in_records(&seen, &mut found).await?;
        seen.silent.extend(untold);
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
        let moves = moves.into_iter().map(|last| (last.model, last)).collect();
        let before = self.clock.now() - self.time_until_agents_are_late();
        let arrivals = incoming::arrived(&mut *self.store.acquire().await?, before).await?.into_iter().collect();
        let hosts = rows.into_iter().map(|row| (row.uuid, row)).collect();
        Ok(Seen { hosts, listed, silent, records, moves, arrivals })
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

    /// Models whose agents are still missed where they are; the controllers that did not tell.
    async fn look_for_left_behind(&self, seen: &Seen, found: &mut Vec<Found>) -> Vec<NotLookedAt> {
        let missed: Vec<_> = seen.records.iter().filter_map(|record| maybe_behind(seen, record)).collect();
        let asked: Vec<_> = missed.iter().take(ASKED).map(|missed| self.still_behind(missed)).collect();
        let mut told: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
        told.resize_with(missed.len(), || Err("they are too many for one look".to_owned()));
        let mut untold = BTreeMap::<&str, (usize, String)>::new();
        for ((_, home, _), told) in missed.iter().zip(told) {
            match told {
                Ok(behind) => found.extend(behind),
                Err(why) => untold.entry(&home.name).or_insert((0, why)).0 += 1,
            }
        }
        let of_agents = |(controller, (models, why)): (&str, (usize, String))| NotLookedAt {
            controller: controller.to_owned(),
            why: format!("whether agents have come to {models} of its models: {why}"),
        };
        untold.into_iter().map(of_agents).collect()
    }

    async fn still_behind(&self, (record, home, source): &MaybeBehind<'_>) -> Result<Option<Found>, String> {
        let agents = self.agents_after_move(record.uuid, source.map(|source| source.uuid), home.uuid).await;
        let source_name = source.map(|source| source.name.as_str());
        let missed = agents.map_err(|error| error.message().to_owned())?.missed(source_name, &home.name);
        Ok(missed.map(|missed| behind(record, home, *source, &missed)))
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

/// A model, its home, and the controller that it came from, unless that is outside, where agents of it may have stayed.
type MaybeBehind<'a> = (&'a Model, &'a Controller, Option<&'a Controller>);

/// A model whose agents were missed after its last move, or that came in not long ago.
fn maybe_behind<'a>(seen: &'a Seen, record: &'a Model) -> Option<MaybeBehind<'a>> {
    let at_home = record.mode == models::MODE_NONE && seen.listed.contains_key(&record.controller_uuid);
    let home = seen.hosts.get(&record.controller_uuid).filter(|_| at_home)?;
    let source = match seen.moves.get(&record.uuid).filter(|last| last.target == home.uuid) {
        Some(last) if last.misses_agents => Some(seen.hosts.get(&last.source)?),
        None if seen.arrivals.get(&record.uuid) == Some(&home.uuid) => None,
        _ => return None,
    };
    Some((record, home, source))
}
