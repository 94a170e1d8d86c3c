//! From notes to batches in the database: one task gathers, another one writes, so that a database that hangs does not
//! keep anybody from gathering.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jimm_store::Store;
use jimm_store::audit::{self, Class, Encoder, Note, Origin, What};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Slot};
use super::chain::Chains;
use super::ledger::Ledger;
use super::own_origin;
use super::queue::{AuditQueue, Item};
use super::spill::{Spill, Spilled, Unread};
use crate::clock::Clock;
use crate::telemetry::Metrics;

/// How long notes wait for company.
const LINGER: Duration = Duration::from_millis(400);
/// Notes of one batch, and its bytes.
const BATCH: usize = 8192;
const BATCH_BYTES: usize = 1 << 20;
/// Notes whose memory is kept for the next ones.
const KEPT: usize = 32_768;
/// Notes that are gathered before others get their turn.
const SLICE: usize = 256;
/// How long one insert may take, how long until the next try, and how long until the rest goes to disk.
const DEADLINE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(500);
/// How often there is a look whether something is to be told when nothing comes.
const UNHURRIED: Duration = Duration::from_secs(30);
/// How long the last ones may take at a stop.
const LAST: Duration = Duration::from_millis(1200);
/// How often a checkpoint is made.
const CHECKPOINT: Duration = Duration::from_secs(300);
/// Looks for news by one watcher are told of once in this time; so many watchers at most are counted apart.
const POLLS: TimeDelta = TimeDelta::minutes(5);
const WATCHERS: usize = 10_000;

/// Writes notes.
#[derive(Debug)]
pub struct AuditWriter {
    queue: AuditQueue,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    backlog: Arc<Backlog>,
}

/// Looks for news by one watcher.
#[derive(Debug)]
struct Polls {
    first: Note,
    last: DateTime<Utc>,
    count: u64,
}

/// Whose: the connection's texts, which are held; facade and object.
type Watcher = (usize, Arc<str>, String);

/// What keeps batches waiting.
#[derive(Clone, Copy, PartialEq)]
enum Culprit {
    Database,
    Disk,
}

struct Gatherer<'a> {
    writer: &'a AuditWriter,
    chains: Chains,
    encoders: BTreeMap<Class, Encoder>,
    polls: HashMap<Watcher, Polls>,
    /// Lost, and not told of yet.
    lost: usize,
}

impl AuditWriter {
    /// A writer of what is in the queue; first it writes what was spilled before.
    pub(crate) fn new(
        queue: AuditQueue,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        spill: Option<(Spill, Vec<Spilled>)>,
    ) -> Self {
        let backlog = Arc::new(Backlog::new(spill, metrics.clone()));
        Self { queue, ledger, clock, metrics, backlog }
    }

    /// Writes until told to stop, and then what is left.
    pub async fn run(self, store: Store, stop: CancellationToken) {
        let gatherer = Gatherer {
            writer: &self,
            chains: Chains::new(),
            encoders: BTreeMap::new(),
            polls: HashMap::new(),
            lost: 0,
        };
        tokio::join!(gatherer.gather(stop), self.deliver(&store));
    }

    /// Writes batches until the last one has come.
    async fn deliver(&self, store: &Store) {
        let (mut checkpoint, mut failing, mut until) = (Instant::now() + CHECKPOINT, None, None);
        loop {
            if until.is_none() && self.backlog.is_closing() {
                until = Some(Instant::now() + LAST);
            }
            if Instant::now() >= checkpoint {
                checkpoint = Instant::now() + CHECKPOINT;
                self.checkpoint(store, false).await;
            }
            let Some(slot) = self.backlog.front() else {
                if until.is_some() {
                    self.checkpoint(store, true).await;
                    break;
                }
                let _ = tokio::time::timeout_at(checkpoint, self.backlog.changed()).await;
                continue;
            };
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            let limit = until.map_or(DEADLINE, |until: Instant| until.saturating_duration_since(Instant::now()));
            let Err((culprit, error)) = self.deliver_one(store, &slot, limit.min(DEADLINE)).await else {
                if failing.take().is_some() {
                    tracing::info!("audit log is written again");
                    self.backlog.set_away(false);
                }
                continue;
            };
            if failing.replace(culprit) != Some(culprit) {
                tracing::warn!(error, "cannot write the audit log, it waits");
                self.backlog.set_away(true);
                Backlog::relieve(&self.backlog).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.part().await;
    }

    /// Writes a batch and takes it away; or says why it has to wait. One that is lost waits no longer.
    async fn deliver_one(&self, store: &Store, slot: &Slot, limit: Duration) -> Result<(), (Culprit, String)> {
        let batch = match slot.batch() {
            Ok(batch) => batch,
            Err(Unread::Now(error)) => {
                return Err((Culprit::Disk, format!("a spilled part of it cannot be read: {error}")));
            }
            Err(Unread::Lost(lost)) => {
                self.queue.lose(lost);
                self.backlog.leave();
                return Ok(());
            }
        };
        match tokio::time::timeout(limit, insert(store, &batch)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err((Culprit::Database, error.to_string())),
            Err(_) => return Err((Culprit::Database, "it takes too long".to_owned())),
        }
        self.ledger.written(&batch);
        self.metrics.audit_written(batch.body.size);
        self.backlog.pop();
        Ok(())
    }

    /// What is not in the database at a stop goes to disk, or is lost.
    async fn part(&self) {
        if self.backlog.front().is_none() {
            return;
        }
        self.backlog.set_away(true);
        Backlog::relieve(&self.backlog).await;
        let lost = self.backlog.in_memory();
        if lost > 0 {
            self.metrics.audit_dropped(lost);
            tracing::error!(lost, "entries of the audit log are lost at the stop: the database does not take them");
        }
    }

    async fn checkpoint(&self, store: &Store, closing: bool) {
        let made = tokio::time::timeout(LAST, self.ledger.checkpoint(store, closing)).await;
        match made {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "no audit checkpoint made"),
            Err(_) => tracing::warn!("no audit checkpoint made in time"),
        }
    }
}

async fn insert(store: &Store, batch: &audit::Batch) -> jimm_store::Result<()> {
    let mut conn = store.acquire().await?;
    let inserted = audit::insert(&mut conn, batch).await;
    let Err(error) = inserted else { return Ok(()) };
    if error.could_retry() {
        return Err(error);
    }
    // Perhaps its month has no place yet.
    audit::make_partitions(&mut conn, batch.id.chain.day, 0).await?;
    audit::insert(&mut conn, batch).await
}

impl Gatherer<'_> {
    /// Gathers until told to stop.
    async fn gather(mut self, stop: CancellationToken) {
        let (mut look, mut items) = (Instant::now() + LINGER, Vec::new());
        loop {
            let waited = async {
                // What is counted is told of even when nothing else comes, and so is what was lost; and what was left in
                // the queue for want of room is not announced a second time.
                let (queue, some) = (&self.writer.queue, self.writer.queue.some());
                let patience = if self.lost > 0 || queue.is_behind() { AGAIN } else { UNHURRIED };
                let _ = tokio::time::timeout(patience, some).await;
                tokio::select! {
                    () = tokio::time::sleep_until(look.max(Instant::now() + LINGER)) => {}
                    () = self.writer.queue.many() => {}
                }
            };
            let stopped = stop.run_until_cancelled(waited).await.is_none();
            look = Instant::now();
            // Where requests wait rather than anything be lost, the queue is left as it is until there is room.
            if stopped || self.writer.backlog.has_room() || !self.writer.queue.blocks() {
                self.writer.queue.take(&mut items);
                let mut left = items.drain(..);
                while left.len() > 0 {
                    left.by_ref().take(SLICE).for_each(|item| self.add(item));
                    if left.len() > 0 {
                        tokio::task::yield_now().await;
                    }
                }
                drop(left);
                items.shrink_to(KEPT);
                self.tell_polls(stopped);
                self.tell_lost();
                self.seal_all();
            }
            // Also while nothing is taken: a disk that did not work gives room once it works again.
            Backlog::relieve(&self.writer.backlog).await;
            if stopped {
                self.writer.backlog.close();
                return;
            }
        }
    }

    fn add(&mut self, item: Item) {
        match item {
            Item::Note(class, note) => self.encode(class, &note),
            Item::Poll(note) => self.count(note),
        }
    }

    fn encode(&mut self, class: Class, note: &Note) {
        let encoder = self.encoders.entry(class).or_default();
        encoder.push(note);
        if encoder.size() >= BATCH || encoder.bytes() >= BATCH_BYTES {
            self.seal(class);
        }
    }

    fn seal_all(&mut self) {
        for class in Class::WRITTEN {
            self.seal(class);
        }
    }

    fn seal(&mut self, class: Class) {
        let Some(encoder) = self.encoders.get_mut(&class).filter(|encoder| encoder.size() > 0) else { return };
        let (body, backlog) = (encoder.take(), &self.writer.backlog);
        if backlog.has_room() || self.writer.queue.blocks() {
            backlog.push(self.chains.seal(class, body));
        } else {
            // Before it has a place in the chain, so that the chain has no gap.
            self.writer.queue.lose(usize::try_from(body.size).unwrap_or(0));
        }
    }

    /// Counts a look for news.
    fn count(&mut self, note: Note) {
        let watcher = (Arc::as_ptr(&note.origin).addr(), Arc::clone(&note.facade), note.object_id.clone());
        if let Some(polls) = self.polls.get_mut(&watcher) {
            polls.count += 1;
            polls.last = note.time;
        } else if self.polls.len() < WATCHERS {
            self.polls.insert(watcher, Polls { last: note.time, first: note, count: 1 });
        } else {
            self.encode(Class::Read, &note);
        }
    }

    /// Puts into the log how often watchers looked for news.
    fn tell_polls(&mut self, all: bool) {
        let now = self.writer.clock.now();
        let is_due = |polls: &Polls| all || now - polls.first.time >= POLLS || now < polls.first.time;
        let due: Vec<Watcher> =
            self.polls.iter().filter(|(_, polls)| is_due(polls)).map(|(who, _)| who.clone()).collect();
        for watcher in due {
            let Some(Polls { first, last, count }) = self.polls.remove(&watcher) else { continue };
            let params = serde_json::json!({"polls": count, "until": last}).to_string();
            self.encode(Class::Read, &Note { what: What::Asked(Some(params.into())), ..first });
        }
    }

    /// Puts into the log how much of it is missing, once it can be written again.
    fn tell_lost(&mut self) {
        self.lost += self.writer.queue.take_lost();
        if self.lost == 0 || !self.writer.backlog.has_room() {
            return;
        }
        let note = Note {
            time: self.writer.clock.now(),
            origin: Arc::new(Origin { conversation: "audit".to_owned(), ..own_origin() }),
            message_id: 0,
            facade: "Audit".into(),
            version: 1,
            method: "Dropped".into(),
            object_id: String::new(),
            what: What::Asked(Some(format!("{{\"count\":{}}}", self.lost).into())),
        };
        tracing::error!(count = self.lost, "entries of the audit log were dropped");
        self.lost = 0;
        self.encode(Class::Change, &note);
    }
}
