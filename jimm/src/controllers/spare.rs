//! A line to a controller that was opened before somebody needs it: whoever comes next is spared two ways there and back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jimm_rpc::Spare;

/// An older one is not used: what stands between may have forgotten it.
const FRESH: Duration = Duration::from_secs(30);

/// The spare line to one controller, if there is one.
#[derive(Debug, Default)]
pub(super) struct SpareLine {
    line: Mutex<Option<(Spare, Instant)>>,
    opening: AtomicBool,
}

impl SpareLine {
    /// Takes it, unless it is too old.
    pub(super) fn take(&self) -> Option<Spare> {
        self.line().take().filter(|(_, since)| since.elapsed() < FRESH).map(|(spare, _)| spare)
    }

    /// Lets go of one that nobody came for.
    pub(super) fn sweep(&self) {
        let mut line = self.line();
        let old = line.take_if(|(_, since)| since.elapsed() >= FRESH);
        drop(line);
        drop(old);
    }

    /// Whether whoever asks should open one: there is none, and nobody else does.
    pub(super) fn claim(&self) -> bool {
        let is_there = self.line().as_ref().is_some_and(|(_, since)| since.elapsed() < FRESH);
        !is_there && !self.opening.swap(true, Ordering::AcqRel)
    }

    /// What came of it, from who claimed it.
    pub(super) fn put(&self, spare: Option<Spare>) {
        let old = std::mem::replace(&mut *self.line(), spare.map(|spare| (spare, Instant::now())));
        self.opening.store(false, Ordering::Release);
        drop(old);
    }

    fn line(&self) -> MutexGuard<'_, Option<(Spare, Instant)>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
