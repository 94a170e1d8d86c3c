//! Tells who waits that summaries changed, and who keeps them that somebody wants them fresh, on whichever replica.
//!
//! It tells *that*, never *what*: who hears of it reads the rows. A listener that is behind hears that anything may have
//! changed, so that nobody's slowness costs memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jimm_store::summaries;
use tokio::sync::broadcast;
use uuid::Uuid;

/// Events that a slow listener may be behind.
const BACKLOG: usize = 1024;
/// A controller is not wanted again within this time.
const ONCE: Duration = Duration::from_secs(1);

/// What changed.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// Perhaps anything.
    Anything,
    /// These models, or rights to them.
    Models(Arc<[Uuid]>),
}

/// The events of all summaries.
#[derive(Clone, Debug)]
pub struct SummaryEvents {
    changed: broadcast::Sender<News>,
    wanted: broadcast::Sender<Uuid>,
    seen: broadcast::Sender<Uuid>,
    asked: Arc<Mutex<HashMap<Uuid, Instant>>>,
}

impl SummaryEvents {
    /// The channels of Postgres that are to be passed on.
    pub const CHANNELS: [&str; 3] = [summaries::CHANNEL_CHANGED, summaries::CHANNEL_WANTED, summaries::CHANNEL_SEEN];

    /// Events that nobody sends yet.
    pub fn new() -> Self {
        Self {
            changed: broadcast::Sender::new(BACKLOG),
            wanted: broadcast::Sender::new(BACKLOG),
            seen: broadcast::Sender::new(BACKLOG),
            asked: Arc::default(),
        }
    }

    /// Passes on what Postgres told; what is on another channel is not for us.
    pub fn tell(&self, channel: &str, payload: &str) {
        // Nobody may be listening.
        match (channel, payload.parse()) {
            (summaries::CHANNEL_WANTED, Ok(controller)) => drop(self.wanted.send(controller)),
            (summaries::CHANNEL_SEEN, Ok(controller)) => drop(self.seen.send(controller)),
            (summaries::CHANNEL_CHANGED, _) => drop(self.changed.send(read(payload))),
            _ => {}
        }
    }

    /// Anything may have changed.
    pub fn everybody(&self) {
        let _ = self.changed.send(News::Anything);
    }

    pub(super) fn changes(&self) -> broadcast::Receiver<News> {
        self.changed.subscribe()
    }

    pub(super) fn wanted(&self) -> broadcast::Receiver<Uuid> {
        self.wanted.subscribe()
    }

    pub(super) fn seen(&self) -> broadcast::Receiver<Uuid> {
        self.seen.subscribe()
    }

    /// Those of the controllers that nobody here wanted a moment ago, wanted from now on.
    pub(super) fn not_asked(&self, controllers: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, at| now.duration_since(*at) < ONCE);
        controllers.filter(|uuid| asked.insert(*uuid, now).is_none()).collect()
    }
}

impl Default for SummaryEvents {
    fn default() -> Self {
        Self::new()
    }
}

fn read(payload: &str) -> News {
    payload.split(',').map(|id| id.parse().ok()).collect::<Option<_>>().map_or(News::Anything, News::Models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_behind_hears_of_anything_and_nothing_piles_up() {
        let events = SummaryEvents::new();
        let mut changes = events.changes();
        let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
        events.tell(summaries::CHANNEL_CHANGED, &format!("{one},{two}"));
        assert!(matches!(changes.recv().await, Ok(News::Models(told)) if *told == [one, two]));
        events.tell(summaries::CHANNEL_CHANGED, "*");
        assert!(matches!(changes.recv().await, Ok(News::Anything)));
        for _ in 0..10 * BACKLOG {
            events.tell(summaries::CHANNEL_CHANGED, &one.to_string());
        }
        assert!(matches!(changes.recv().await, Err(broadcast::error::RecvError::Lagged(_))));
        assert!(changes.len() <= BACKLOG);
    }

    #[test]
    fn a_controller_is_wanted_once_however_many_ask() {
        let events = SummaryEvents::new();
        let uuid = Uuid::new_v4();
        assert_eq!(events.not_asked([uuid].into_iter()), [uuid]);
        assert!(events.not_asked([uuid].into_iter()).is_empty());
    }
}
