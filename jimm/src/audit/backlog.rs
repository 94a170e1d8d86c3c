//! Batches that wait for the database, in their order, in memory or on disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jimm_store::audit::Batch;
use tokio::sync::Notify;

use super::spill::{Spill, Spilled, Unread};
use crate::telemetry::Metrics;

/// Bytes of batches in memory, from which on they go to disk, and at most where there is none.
const MEMORY: u64 = 16 << 20;

/// The batches. One task adds to it, another one takes them away.
#[derive(Debug)]
pub(super) struct Backlog {
    state: Mutex<State>,
    /// Held while something is written to disk, which the state is not.
    spill: Option<Mutex<Spill>>,
    limit: u64,
    changed: Notify,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct State {
    slots: VecDeque<Slot>,
    memory: u64,
    disk: u64,
    /// The last write to disk did not work.
    is_disk_broken: bool,
    /// The database does not take batches.
    is_away: bool,
    closing: bool,
}

/// Where a batch is.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Memory(Arc<Batch>),
    Disk(Spilled),
}

impl Slot {
    /// The batch.
    pub(super) fn batch(&self) -> Result<Arc<Batch>, Unread> {
        match self {
            Self::Memory(batch) => Ok(Arc::clone(batch)),
            Self::Disk(spilled) => spilled.read().map(Arc::new),
        }
    }
}

fn bytes(batch: &Batch) -> u64 {
    batch.body.entries.len() as u64 + 512
}

impl Backlog {
    pub(super) fn new(spill: Option<(Spill, Vec<Spilled>)>, metrics: Metrics) -> Self {
        let (spill, found) = spill.map_or((None, Vec::new()), |(spill, found)| (Some(spill), found));
        let disk = found.iter().map(|it| it.bytes).sum();
        metrics.audit_spilled_now(disk);
        let slots = found.into_iter().map(Slot::Disk).collect();
        let limit = spill.as_ref().map_or(0, Spill::limit);
        let state = Mutex::new(State { slots, disk, ..State::default() });
        Self { state, spill: spill.map(Mutex::new), limit, changed: Notify::new(), metrics }
    }

    /// Whether another batch finds room. The disk has some only as long as it can be written to and everything that is
    /// in memory fits there: else what cannot go there would grow in memory without end.
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        state.memory < MEMORY || (!state.is_disk_broken && state.disk + state.memory <= self.limit)
    }

    /// Adds a batch.
    pub(super) fn push(&self, batch: Batch) {
        let mut state = self.state();
        state.memory += bytes(&batch);
        state.slots.push_back(Slot::Memory(Arc::new(batch)));
        drop(state);
        self.changed.notify_one();
    }

    /// Moves what is in memory to disk, oldest first and as long as there is room, when the database is away or memory is
    /// full.
    pub(super) async fn relieve(this: &Arc<Self>) {
        let is_needed = {
            let state = this.state();
            this.spill.is_some() && state.memory > 0 && (state.is_away || state.memory >= MEMORY)
        };
        if is_needed {
            let this = Arc::clone(this);
            let _ = tokio::task::spawn_blocking(move || this.to_disk()).await;
        }
    }

    /// The database takes batches, or does not.
    pub(super) fn set_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    /// The last ones have come.
    pub(super) fn close(&self) {
        self.state().closing = true;
        self.changed.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// Waits for a change.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The one to write next.
    pub(super) fn front(&self) -> Option<Slot> {
        self.state().slots.front().cloned()
    }

    /// It is written: the next one.
    pub(super) fn pop(&self) {
        if let Some(Slot::Disk(spilled)) = self.leave()
            && let Err(error) = spilled.remove()
            && error.kind() != std::io::ErrorKind::NotFound
        {
            // It comes again after a restart, and is there already then.
            tracing::warn!(error = %error, path = %spilled.path.display(), "spilled batch not removed");
        }
    }

    /// The next one; this one stays on disk as it is, if that is where it is.
    pub(super) fn leave(&self) -> Option<Slot> {
        let mut state = self.state();
        let slot = state.slots.pop_front();
        match &slot {
            Some(Slot::Memory(batch)) => state.memory = state.memory.saturating_sub(bytes(batch)),
            Some(Slot::Disk(spilled)) => {
                state.disk = state.disk.saturating_sub(spilled.bytes);
                self.metrics.audit_spilled_now(state.disk);
            }
            None => {}
        }
        slot
    }

    /// How many entries wait in memory only.
    pub(super) fn in_memory(&self) -> usize {
        let entries = |slot: &Slot| match slot {
            Slot::Memory(batch) => usize::try_from(batch.body.size).unwrap_or(0),
            Slot::Disk(_) => 0,
        };
        self.state().slots.iter().map(entries).sum()
    }

    fn to_disk(&self) {
        let Some(spill) = &self.spill else { return };
        let mut spill = spill.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let next = {
                let state = self.state();
                let in_memory = |slot: &Slot| match slot {
                    Slot::Memory(batch) => Some(Arc::clone(batch)),
                    Slot::Disk(_) => None,
                };
                let next = state.slots.iter().find_map(in_memory);
                next.filter(|batch| state.disk + bytes(batch) <= self.limit)
            };
            let Some(batch) = next else { break };
            match spill.write(&batch) {
                Ok(spilled) => {
                    self.state().is_disk_broken = false;
                    self.moved(&batch, spilled);
                }
                Err(error) => {
                    let was_broken = std::mem::replace(&mut self.state().is_disk_broken, true);
                    if !was_broken {
                        tracing::error!(error = %error, "audit log cannot be spilled to disk, it is tried again");
                    }
                    break;
                }
            }
        }
        self.metrics.audit_spilled_now(self.state().disk);
    }

    /// A batch is on disk now; the database may have it meanwhile.
    fn moved(&self, batch: &Arc<Batch>, spilled: Spilled) {
        let mut state = self.state();
        let is_it = |slot: &Slot| matches!(slot, Slot::Memory(it) if Arc::ptr_eq(it, batch));
        let Some(at) = state.slots.iter().position(is_it) else {
            drop(state);
            let _ = spilled.remove();
            return;
        };
        state.memory = state.memory.saturating_sub(bytes(batch));
        state.disk += spilled.bytes;
        state.slots[at] = Slot::Disk(spilled);
        self.metrics.audit_spilled(batch.body.size);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jimm_store::audit::{Body, Class};

    use super::*;
    use crate::audit::chain::Chains;

    const MIB: u64 = 1 << 20;

    fn backlog(dir: &std::path::Path, limit: u64) -> Arc<Backlog> {
        let backlog = Backlog::new(Some(Spill::open(dir, limit).unwrap()), Metrics::new());
        backlog.set_away(true);
        Arc::new(backlog)
    }

    /// Adds a mebibyte at a time for as long as there is room, and tells how many were added.
    async fn fill(backlog: &Arc<Backlog>) -> usize {
        let mut count = 0;
        while backlog.has_room() && count < 64 {
            let body = Body { size: 1, entries: vec![b'x'; 1 << 20], ..Body::default() };
            backlog.push(Chains::new().seal(Class::Read, body));
            Backlog::relieve(backlog).await;
            count += 1;
        }
        count
    }

    #[tokio::test]
    async fn what_disk_and_memory_hold_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        // The third one does not fit on disk, though there is some room left.
        let backlog = backlog(dir.path(), 2 * MIB + MIB / 2);
        assert_eq!(fill(&backlog).await, 2 + 16);
        assert_eq!(fill(&backlog).await, 0, "there is still no room");
        for _ in 0..2 {
            backlog.pop();
        }
        Backlog::relieve(&backlog).await;
        assert_eq!(fill(&backlog).await, 2, "what was taken from the disk gives room");
    }

    #[tokio::test]
    async fn a_disk_that_fails_has_no_room_until_it_works_again() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("spill");
        let backlog = backlog(&dir, 1024 * MIB);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(fill(&backlog).await, 16);
        std::fs::create_dir(&dir).unwrap();
        Backlog::relieve(&backlog).await;
        assert!(backlog.has_room() && backlog.in_memory() == 0);
    }
}
