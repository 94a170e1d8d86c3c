//! Where notes wait for the writer. Those who bring them wait for nobody but, where the operator wants it so, for room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jimm_store::audit::{Class, Note};
use tokio::sync::Notify;

use crate::config::Overflow;
use crate::telemetry::Metrics;

/// Notes that may wait. Where requests wait for room, the answers to those that are in work find some above it.
const ROOM: usize = 65_536;
const MOST: usize = 2 * ROOM;
/// From so many on the writer does not linger.
const MANY: usize = 16_384;
/// How long a request waits for room.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that was noted.
#[derive(Debug)]
pub(super) enum Item {
    /// Kept as it is.
    Note(Class, Note),
    /// A look for news: counted, and kept now and then.
    Poll(Note),
}

/// Takes notes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuditQueue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    items: Mutex<Vec<Item>>,
    /// As long as the list, to look at without a lock.
    length: AtomicUsize,
    lost: AtomicUsize,
    /// For the writer: there is something; there is much.
    some: Notify,
    many: Notify,
    /// For those who wait for room.
    room: Notify,
    reads: bool,
    overflow: Overflow,
    metrics: Metrics,
}

impl AuditQueue {
    /// An empty one.
    pub fn new(reads: bool, overflow: Overflow, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            items: Mutex::default(),
            length: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            some: Notify::new(),
            many: Notify::new(),
            room: Notify::new(),
            reads,
            overflow,
            metrics,
        }))
    }

    /// Whether notes of this class are kept at all.
    pub(crate) fn wants(&self, class: Class) -> bool {
        class != Class::Read || self.0.reads
    }

    /// Hands over a note.
    pub(crate) fn push(&self, class: Class, note: Note) {
        if self.wants(class) {
            self.add(Item::Note(class, note));
        }
    }

    /// Hands over a look for news, which is counted.
    pub(crate) fn poll(&self, note: Note) {
        if self.wants(Class::Read) {
            self.add(Item::Poll(note));
        }
    }

    fn add(&self, item: Item) {
        let this = &self.0;
        let most = if this.overflow == Overflow::Block { MOST } else { ROOM };
        let length = {
            let mut items = self.items();
            if items.len() < most {
                items.push(item);
                items.len()
            } else {
                0
            }
        };
        this.length.store(if length == 0 { most } else { length }, Ordering::Relaxed);
        match length {
            0 => self.lose(1),
            1 => this.some.notify_one(),
            MANY => this.many.notify_one(),
            _ => {}
        }
    }

    /// Waits until another request may be noted; `false` when that takes too long: then it must not be served. Where
    /// notes may be lost rather, nobody waits.
    pub(crate) async fn room(&self) -> bool {
        let this = &self.0;
        if this.overflow == Overflow::Drop || this.length.load(Ordering::Relaxed) < ROOM {
            return true;
        }
        let waiting = async {
            loop {
                let freed = this.room.notified();
                if this.length.load(Ordering::Relaxed) < ROOM {
                    return;
                }
                freed.await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        if !found {
            this.metrics.audit_refused();
        }
        found
    }

    /// Notes are lost; the writer puts into the log how many.
    pub(super) fn lose(&self, notes: usize) {
        self.0.lost.fetch_add(notes, Ordering::Relaxed);
        self.0.metrics.audit_dropped(notes);
    }

    /// Whether there is something to write or to tell that was there before.
    pub(super) fn is_behind(&self) -> bool {
        self.0.length.load(Ordering::Relaxed) > 0 || self.0.lost.load(Ordering::Relaxed) > 0
    }

    /// How many were lost since somebody asked.
    pub(super) fn take_lost(&self) -> usize {
        self.0.lost.swap(0, Ordering::Relaxed)
    }

    /// Whether requests wait rather than notes be lost.
    pub(super) fn blocks(&self) -> bool {
        self.0.overflow == Overflow::Block
    }

    /// Waits until there is something.
    pub(super) async fn some(&self) {
        self.0.some.notified().await;
    }

    /// Waits until there is much.
    pub(super) async fn many(&self) {
        self.0.many.notified().await;
    }

    /// Everything that there is, into a list that is empty. The memory of that list is what the next notes come into.
    pub(super) fn take(&self, into: &mut Vec<Item>) {
        std::mem::swap(into, &mut *self.items());
        self.0.length.store(0, Ordering::Relaxed);
        self.0.metrics.audit_queue(into.len());
        self.0.room.notify_waiters();
    }

    fn items(&self) -> MutexGuard<'_, Vec<Item>> {
        self.0.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jimm_store::audit::{Origin, What};

    use super::*;

    fn note() -> Note {
        Note {
            time: chrono::DateTime::from_timestamp_nanos(0),
            origin: Arc::new(Origin::default()),
            message_id: 1,
            facade: "Block".into(),
            version: 2,
            method: "List".into(),
            object_id: String::new(),
            what: What::Asked(None),
        }
    }

    fn taken(queue: &AuditQueue) -> usize {
        let mut items = Vec::new();
        queue.take(&mut items);
        items.len()
    }

    fn full(overflow: Overflow) -> AuditQueue {
        let queue = AuditQueue::new(true, overflow, Metrics::new());
        for _ in 0..ROOM {
            queue.push(Class::Read, note());
        }
        queue
    }

    #[tokio::test]
    async fn requests_wait_for_room_where_nothing_may_be_lost() {
        let queue = full(Overflow::Block);
        let waiting = queue.clone();
        let mut room = std::pin::pin!(waiting.room());
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut room).await.is_err(), "it waits");
        queue.push(Class::Read, note());
        assert_eq!(queue.take_lost(), 0, "the answers to what is in work find room");
        assert_eq!(taken(&queue), ROOM + 1);
        assert!(room.await);
    }

    #[tokio::test]
    async fn nobody_waits_where_entries_may_be_dropped_and_they_are_counted() {
        let queue = full(Overflow::Drop);
        assert!(queue.room().await);
        queue.push(Class::Read, note());
        queue.push(Class::Change, note());
        assert_eq!((queue.take_lost(), queue.take_lost(), taken(&queue)), (2, 0, ROOM));
    }

    #[test]
    fn reads_are_left_out_where_they_are_not_wanted() {
        let queue = AuditQueue::new(false, Overflow::Drop, Metrics::new());
        queue.push(Class::Read, note());
        queue.poll(note());
        queue.push(Class::Login, note());
        assert_eq!(taken(&queue), 1);
    }
}
