//! Tells open connections that somebody may no longer be here, on whichever replica that was decided.
//!
//! It tells *that*, never *what*: who hears of it reads the rows. Events may be lost and doubled; a gap is an event for
//! everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast::{self, error::RecvError};

/// Events that a slow listener may be behind before it is told to look for itself.
const BACKLOG: usize = 1024;

/// Whom an event is about; nothing for everybody.
type Whom = Option<Arc<str>>;

/// The events of all accounts.
#[derive(Clone, Debug)]
pub struct AccountEvents {
    sender: broadcast::Sender<Whom>,
    told: Arc<AtomicU64>,
}

/// The events of one account, or of all.
#[derive(Debug)]
pub struct AccountWatch {
    receiver: broadcast::Receiver<Whom>,
    told: Arc<AtomicU64>,
}

impl AccountEvents {
    /// Events that nobody sends yet.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), told: Arc::default() }
    }

    /// How many events there were: to be asked before an account is looked at, and told to [`AccountWatch::missed`].
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }

    /// Listens from now on.
    pub fn watch(&self) -> AccountWatch {
        AccountWatch { receiver: self.sender.subscribe(), told: Arc::clone(&self.told) }
    }

    /// Tells of one account, or of all.
    pub fn tell(&self, whom: Option<&str>) {
        self.told.fetch_add(1, Ordering::SeqCst);
        let _ = self.sender.send(whom.map(Arc::from));
    }
}

impl Default for AccountEvents {
    fn default() -> Self {
        Self::new()
    }
}

impl AccountWatch {
    /// Whether there was an event between that count and the beginning of this watch, or since.
    pub fn missed(&self, told: u64) -> bool {
        self.told.load(Ordering::SeqCst) != told
    }

    /// The next event. Never ends when the broker stops: nothing will be told any more.
    pub async fn next(&mut self) -> Whom {
        match self.receiver.recv().await {
            Ok(whom) => whom,
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Waits until something may have happened to this account.
    pub async fn changed(&mut self, name: &str) {
        while self.next().await.is_some_and(|whom| &*whom != name) {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_hears_of_oneself_of_everybody_and_of_what_came_before() {
        let events = AccountEvents::new();
        let before = events.told();
        let mut watch = events.watch();
        assert!(!watch.missed(before));
        events.tell(Some("bob@example.com"));
        assert!(events.watch().missed(before), "a watch that begins later");
        let quiet = tokio::time::timeout(Duration::from_millis(10), watch.changed("alice@example.com"));
        assert!(quiet.await.is_err());
        events.tell(Some("alice@example.com"));
        watch.changed("alice@example.com").await;
        events.tell(None);
        watch.changed("alice@example.com").await;
    }
}
