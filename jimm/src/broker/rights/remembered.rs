//! Relation tuples as they were read, remembered until one changes: most checks need no way to Postgres.
//!
//! Knows which reads there are, and not what follows from them. Whether something has changed since is for
//! [`TupleChanges`] to say; where it does not know, everything is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jimm_authz::{Object, ObjectKind, Result, Subject, Tuple, TupleReader};
use jimm_store::TupleChanges;

/// How many tuples, objects and subjects are remembered at most, some 20 MiB of them. One more, and all are forgotten.
const MOST: usize = 100_000;
/// Reads about more objects, or of more tuples, are those of lists: the next one asks for something else.
const OBJECTS: usize = 16;
const TUPLES: usize = 1000;

/// A reader that remembers what another one read.
pub struct Remembered<R> {
    reader: R,
    changes: TupleChanges,
    memory: Mutex<Memory>,
}

/// What was asked for.
#[derive(Eq, Hash, PartialEq)]
enum Read {
    Around(Vec<Object>, Vec<Subject>, Vec<ObjectKind>),
    Beneath(Vec<Object>),
}

#[derive(Default)]
struct Memory {
    /// How many changes there had been before any of this was read.
    count: u64,
    reads: HashMap<Read, Arc<[Tuple]>>,
    /// What counts to [`MOST`].
    size: usize,
}

impl Read {
    /// What remembering it with so many tuples takes.
    fn size(&self, tuples: usize) -> usize {
        let asked = match self {
            Self::Around(objects, subjects, _) => objects.len() + subjects.len(),
            Self::Beneath(objects) => objects.len(),
        };
        asked + tuples
    }
}

impl Memory {
    /// Forgets what is older than so many changes; hands it over, for it takes time to let go of. False when the memory is
    /// newer.
    fn bring_to(&mut self, count: u64) -> (bool, Option<Self>) {
        let old = (self.count < count).then(|| std::mem::replace(self, Self { count, ..Self::default() }));
        (self.count == count, old)
    }

    /// Keeps what was read; hands over everything else when there is no room.
    fn keep(&mut self, read: Read, tuples: Arc<[Tuple]>) -> Option<Self> {
        let size = read.size(tuples.len());
        let full = self.size + size > MOST;
        let old = full.then(|| std::mem::replace(self, Self { count: self.count, ..Self::default() }));
        self.size += size;
        self.reads.insert(read, tuples);
        old
    }
}

impl<R: TupleReader> Remembered<R> {
    /// Remembers what `reader` reads.
    pub fn new(reader: R, changes: TupleChanges) -> Self {
        Self { reader, changes, memory: Mutex::default() }
    }

    /// What is remembered of the read, or else what `ask` reads.
    async fn remember(
        &self,
        read: Read,
        ask: impl Future<Output = Result<Option<Vec<Tuple>>>> + Send,
    ) -> Result<Option<Vec<Tuple>>> {
        // Before it is read: a change that is told of meanwhile may be in it or not.
        let Some(count) = self.changes.count() else { return ask.await };
        if let Some(tuples) = self.recall(count, &read) {
            return Ok(Some(tuples.to_vec()));
        }
        let tuples = ask.await?;
        if let Some(tuples) = tuples.as_deref().filter(|tuples| tuples.len() <= TUPLES) {
            self.keep(count, read, tuples.into());
        }
        Ok(tuples)
    }

    // What is forgotten is let go of when nobody waits for the memory any more.

    fn recall(&self, count: u64, read: &Read) -> Option<Arc<[Tuple]>> {
        let mut memory = self.memory();
        let (is_current, old) = memory.bring_to(count);
        let found = memory.reads.get(read).filter(|_| is_current).cloned();
        drop(memory);
        drop(old);
        found
    }

    fn keep(&self, count: u64, read: Read, tuples: Arc<[Tuple]>) {
        let mut memory = self.memory();
        let (is_current, old) = memory.bring_to(count);
        let full = if is_current { memory.keep(read, tuples) } else { None };
        drop(memory);
        drop((old, full));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<R: TupleReader> TupleReader for Remembered<R> {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        self.reader.tuples_on(objects, subjects).await
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuple>> {
        self.reader.tuples_of(subjects, kinds).await
    }

    async fn tuples_around(
        &self,
        objects: &[Object],
        subjects: &[Subject],
        sets: &[ObjectKind],
    ) -> Result<Option<Vec<Tuple>>> {
        let ask = self.reader.tuples_around(objects, subjects, sets);
        if objects.len() > OBJECTS {
            return ask.await;
        }
        self.remember(Read::Around(objects.to_vec(), subjects.to_vec(), sets.to_vec()), ask).await
    }

    async fn tuples_beneath(&self, objects: &[Object]) -> Result<Option<Vec<Tuple>>> {
        let ask = self.reader.tuples_beneath(objects);
        if objects.len() > OBJECTS {
            return ask.await;
        }
        self.remember(Read::Beneath(objects.to_vec()), ask).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(n: usize) -> Read {
        Read::Beneath(vec![Object::model(n.to_string())])
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut memory = Memory::default();
        let mut forgotten = 0;
        for n in 0..3 * MOST {
            forgotten += memory.keep(read(n), Arc::new([])).map_or(0, |old| old.reads.len());
            assert!(memory.size <= MOST && memory.reads.contains_key(&read(n)));
        }
        assert_eq!(forgotten + memory.reads.len(), 3 * MOST);
    }

    #[test]
    fn what_is_older_than_a_change_is_forgotten_and_what_is_newer_is_not() {
        let mut memory = Memory::default();
        assert!(memory.keep(read(1), Arc::new([])).is_none());
        assert!(matches!(memory.bring_to(0), (true, None)));
        let (is_current, old) = memory.bring_to(2);
        assert!(is_current && memory.reads.is_empty());
        assert_eq!(old.map(|old| old.reads.len()), Some(1));
        assert!(matches!(memory.bring_to(1), (false, None)));
    }
}
