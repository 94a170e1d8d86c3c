//! Relation tuples as they were read, remembered until one changes: most checks need no way to Postgres.
//!
//! Knows which reads there are, and not what follows from them. Whether something has changed since is for
//! [`TupleChanges`] to say; where it does not know, everything is read.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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
    reads: HashMap<Read, Vec<Tuple>>,
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
    /// The memory as it is after so many changes: what is older is forgotten. `None` when it is newer.
    fn after(&mut self, count: u64) -> Option<&mut Self> {
        if self.count < count {
            *self = Self { count, ..Self::default() };
        }
        (self.count == count).then_some(self)
    }

    fn keep(&mut self, read: Read, tuples: &[Tuple]) {
        let size = read.size(tuples.len());
        if self.size + size > MOST {
            *self = Self { count: self.count, ..Self::default() };
        }
        self.size += size;
        self.reads.insert(read, tuples.to_vec());
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
        if let Some(tuples) = self.memory().after(count).and_then(|memory| memory.reads.get(&read)) {
            return Ok(Some(tuples.clone()));
        }
        let tuples = ask.await?;
        if let Some(tuples) = tuples.as_deref().filter(|tuples| tuples.len() <= TUPLES)
            && let Some(memory) = self.memory().after(count)
        {
            memory.keep(read, tuples);
        }
        Ok(tuples)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
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
