//! The watchers that a connection has: a bounded number, each asked by one call at a time, all gone with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::broker::SummaryWatch;
use crate::error::{Error, Kind, Result};

/// Watchers of one connection. Each may keep one call waiting, and a connection may have more calls than that at work.
const MOST: usize = 16;

/// The watchers of a connection. One that is being waited for is in the hands of who waits.
#[derive(Debug, Default)]
pub struct Watches(Mutex<(u64, BTreeMap<String, Place>)>);

#[derive(Debug)]
struct Place {
    watch: Option<SummaryWatch>,
    stopped: CancellationToken,
}

impl Watches {
    /// Keeps a watcher, and names it.
    pub fn keep(&self, watch: SummaryWatch) -> Result<String> {
        let mut kept = self.lock();
        if kept.1.len() >= MOST {
            let text = format!("this connection has {MOST} watchers already: stop one first");
            return Err(Error::new(Kind::QuotaLimitExceeded, text));
        }
        kept.0 += 1;
        let id = kept.0.to_string();
        kept.1.insert(id.clone(), Place { watch: Some(watch), stopped: CancellationToken::new() });
        Ok(id)
    }

    /// Takes a watcher to wait for its news, and what tells that it was stopped.
    pub fn take(&self, id: &str) -> Result<(SummaryWatch, CancellationToken)> {
        let mut kept = self.lock();
        let place = kept.1.get_mut(id).ok_or_else(unknown)?;
        let text = "another call waits for news of this watcher: wait for its answer first";
        let watch = place.watch.take().ok_or_else(|| Error::new(Kind::Conflict, text))?;
        Ok((watch, place.stopped.clone()))
    }

    /// Gives it back, unless it was stopped meanwhile.
    pub fn put_back(&self, id: &str, watch: SummaryWatch) {
        if let Some(place) = self.lock().1.get_mut(id) {
            place.watch = Some(watch);
        }
    }

    /// Stops a watcher; who waits for its news is told so.
    pub fn stop(&self, id: &str) -> Result<()> {
        let place = self.lock().1.remove(id).ok_or_else(unknown)?;
        place.stopped.cancel();
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, BTreeMap<String, Place>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> Error {
    Error::not_found("unknown watcher id")
}
