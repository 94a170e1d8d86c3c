//! Relation tuples as they were read, remembered until something changes: most checks need no way to Postgres.
//!
//! Knows which reads there are, and not what follows from them.

use std::sync::Arc;

use async_trait::async_trait;
use jimm_authz::{Object, ObjectKind, Result, Subject, Tuple, TupleReader, Tuples};
use jimm_store::Changes;

use crate::broker::memory::Memory;

/// How many tuples, objects and subjects are remembered at most, some 20 MiB of them. One more, and all are forgotten.
const MOST: usize = 100_000;
/// Reads about more objects, or of more tuples, are those of lists: the next one asks for something else.
const OBJECTS: usize = 16;
const TUPLES: usize = 1000;

/// A reader that remembers what another one read.
pub struct Remembered<R> {
    reader: R,
    memory: Memory<Read, Arc<[Tuple]>>,
}

/// What was asked for.
#[derive(Eq, Hash, PartialEq)]
enum Read {
    Around(Vec<Object>, Vec<Subject>, Vec<ObjectKind>),
    Beneath(Vec<Object>),
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

impl<R: TupleReader> Remembered<R> {
    /// Remembers what `reader` reads.
    pub fn new(reader: R, changes: Changes) -> Self {
        Self { reader, memory: Memory::new(changes, MOST) }
    }

    /// What is remembered of the read, or else what `ask` reads.
    async fn remember(
        &self,
        read: Read,
        ask: impl Future<Output = Result<Option<Vec<Tuple>>>> + Send,
    ) -> Result<Option<Vec<Tuple>>> {
        let since = self.memory.since();
        if let Some(tuples) = self.memory.recall(since, &read) {
            return Ok(Some(tuples.to_vec()));
        }
        let tuples = ask.await?;
        if let Some(tuples) = tuples.as_deref().filter(|tuples| tuples.len() <= TUPLES) {
            let size = read.size(tuples.len());
            self.memory.keep(since, read, tuples.into(), size);
        }
        Ok(tuples)
    }
}

#[async_trait]
impl<R: TupleReader> TupleReader for Remembered<R> {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        self.reader.tuples_on(objects, subjects).await
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>> {
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
