//! What was read of Postgres, remembered until any of it changes. Knows neither what was read nor what follows from it; whether
//! something has changed since is for [`Changes`] to say, and where it does not know, nothing is remembered.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jimm_store::Changes;

/// A memory of reads. What they are of is for [`Changes`] to cover.
pub(in crate::broker) struct Memory<K, V> {
    changes: Changes,
    /// What the sizes may come to. One more, and all is forgotten.
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

/// After how many changes something is read; nothing where that is not known.
#[derive(Clone, Copy, Debug)]
pub(in crate::broker) struct Since(Option<u64>);

struct Kept<K, V> {
    /// How many changes there had been before any of this was read.
    count: u64,
    reads: HashMap<K, V>,
    /// What counts to `most`.
    size: usize,
}

impl<K: Eq + Hash, V: Clone> Memory<K, V> {
    pub(in crate::broker) fn new(changes: Changes, most: usize) -> Self {
        Self { changes, most, kept: Mutex::new(Kept::since(0)) }
    }

    /// Call it before something is read: a change that is told of meanwhile may be in it or not.
    pub(in crate::broker) fn since(&self) -> Since {
        Since(self.changes.count())
    }

    // What is forgotten is let go of when nobody waits for the memory any more: that takes time.

    /// What is remembered and still true.
    pub(in crate::broker) fn recall(&self, since: Since, read: &K) -> Option<V> {
        let count = since.0?;
        let mut kept = self.kept();
        let (is_current, old) = kept.bring_to(count);
        let found = kept.reads.get(read).filter(|_| is_current).cloned();
        drop(kept);
        drop(old);
        found
    }

    /// Remembers what was read, which takes so much of the room.
    pub(in crate::broker) fn keep(&self, since: Since, read: K, value: V, size: usize) {
        let Some(count) = since.0 else { return };
        let mut kept = self.kept();
        let (is_current, old) = kept.bring_to(count);
        let full = if is_current { kept.keep(read, value, size, self.most) } else { None };
        drop(kept);
        drop((old, full));
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    fn since(count: u64) -> Self {
        Self { count, reads: HashMap::new(), size: 0 }
    }

    /// Forgets what is older than so many changes; hands it over. False when the memory is newer.
    fn bring_to(&mut self, count: u64) -> (bool, Option<Self>) {
        let old = (self.count < count).then(|| std::mem::replace(self, Self::since(count)));
        (self.count == count, old)
    }

    /// Keeps what was read; hands over everything else when there is no room.
    fn keep(&mut self, read: K, value: V, size: usize, most: usize) -> Option<Self> {
        let full = self.size + size > most;
        let old = full.then(|| std::mem::replace(self, Self::since(self.count)));
        self.size += size;
        self.reads.insert(read, value);
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (most, mut kept) = (1000, Kept::since(0));
        let mut forgotten = 0;
        for n in 0..3 * most {
            forgotten += kept.keep(n, (), 2, most).map_or(0, |old| old.reads.len());
            assert!(kept.size <= most && kept.reads.contains_key(&n));
        }
        assert_eq!(forgotten + kept.reads.len(), 3 * most);
    }

    #[test]
    fn what_is_older_than_a_change_is_forgotten_and_what_is_newer_is_not() {
        let mut kept = Kept::since(0);
        assert!(kept.keep("one", (), 1, 10).is_none());
        assert!(matches!(kept.bring_to(0), (true, None)));
        let (is_current, old) = kept.bring_to(2);
        assert!(is_current && kept.reads.is_empty());
        assert_eq!(old.map(|old| old.reads.len()), Some(1));
        assert!(matches!(kept.bring_to(1), (false, None)));
    }
}
