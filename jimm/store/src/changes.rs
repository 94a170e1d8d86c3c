//! Whether something has changed since somebody read it, of that which readers may remember: relation tuples, what does not
//! change of a model's row by a refresh, and what people are called.
//!
//! A change of this process is known when its transaction is over, before anybody is told so. A change of another one is
//! known when Postgres notifies of it (a trigger does, whoever changes tuples and however), in the order of the commits. A
//! connection that notifies no more looks like one that has nothing to tell, so we notify ourselves now and then, by a
//! *pulse*: when it comes back, everything that was committed before it was sent has come before it. Who has heard no pulse
//! for a while knows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::{Result, Store};

/// The channel on which triggers tell of changes; its name is from when only tuples were remembered.
pub(crate) const CHANNEL: &str = "jimm_tuples_changed";
/// How often a pulse is sent while somebody asks.
const PULSE: Duration = Duration::from_millis(200);
/// How long after a pulse was sent what was remembered then is still good: the longest that a right which somebody else
/// took away can still be had, when Postgres no longer notifies.
const GOOD: Duration = Duration::from_millis(600);

/// What is known of changes; the clones know the same.
#[derive(Clone, Debug)]
pub struct Changes(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// How many changes there were.
    count: AtomicU64,
    /// Microseconds after `start`: everything committed until then is counted. Zero when nobody knows.
    heard: AtomicU64,
    start: Instant,
    /// Somebody wants to know.
    asked: Notify,
    /// Where our own pulses are heard, and nobody else's.
    pulses: String,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Known {
            count: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            start: Instant::now(),
            asked: Notify::new(),
            pulses: format!("jimm_pulse_{}", Uuid::new_v4().simple()),
        }))
    }

    /// How many changes there were until now; `None` when that is not known: read then, and remember nothing.
    pub fn count(&self) -> Option<u64> {
        self.0.asked.notify_one();
        let count = self.0.count.load(Ordering::SeqCst);
        let heard = self.0.heard.load(Ordering::SeqCst);
        let good = u64::try_from(GOOD.as_micros()).unwrap_or_default();
        (heard > 0 && self.micros().saturating_sub(heard) < good).then_some(count)
    }

    /// The channels to listen on, all on one connection.
    pub fn channels(&self) -> [&str; 2] {
        [CHANNEL, &self.0.pulses]
    }

    /// Takes what was notified on one of the channels; tells whether it was one.
    pub fn take(&self, channel: &str, payload: &str) -> bool {
        if channel == CHANNEL {
            self.changed();
        } else if channel == self.0.pulses {
            self.0.heard.fetch_max(payload.parse().unwrap_or_default(), Ordering::SeqCst);
        } else {
            return false;
        }
        true
    }

    /// Notifications may have been lost: whatever was read before is old.
    pub fn lost(&self) {
        self.0.heard.store(0, Ordering::SeqCst);
        self.changed();
    }

    pub(crate) fn changed(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.0.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Counts a change when it is dropped.
pub(crate) struct Counted(pub(crate) Changes);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.changed();
    }
}

impl Store {
    /// Sends pulses while somebody asks. Never ends.
    pub async fn send_pulses(&self) {
        let known = &self.changes.0;
        loop {
            known.asked.notified().await;
            // One that cannot be sent is not heard.
            let _ = tokio::time::timeout(GOOD, self.pulse()).await;
            tokio::time::sleep(PULSE).await;
        }
    }

    async fn pulse(&self) -> Result<()> {
        let mut conn = self.reader().await?;
        let sent = self.changes.micros();
        // It need not survive a crash of Postgres, so nobody waits for the disk.
        sqlx::query!(
            r#"SELECT set_config('synchronous_commit', 'off', true) AS "off", pg_notify($1, $2)::text AS "sent""#,
            self.changes.0.pulses,
            sent.to_string()
        )
        .fetch_one(&mut *conn)
        .await?;
        conn.done();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_until_a_pulse_came_back_and_when_it_may_have_been_lost() {
        let changes = Changes::new();
        assert_eq!(changes.count(), None);
        let [_, pulses] = changes.channels();
        let (pulses, now) = (pulses.to_owned(), changes.micros().max(1));
        assert!(changes.take(&pulses, &now.to_string()));
        assert_eq!(changes.count(), Some(0));
        assert!(!changes.take("jimm_pulse_of_another", &now.to_string()));
        assert!(changes.take(CHANNEL, ""));
        assert_eq!(changes.count(), Some(1));
        changes.lost();
        assert_eq!(changes.count(), None);
        assert!(changes.take(&pulses, &changes.micros().to_string()));
        assert_eq!(changes.count(), Some(2), "what was lost may have been a change");
        drop(Counted(changes.clone()));
        assert_eq!(changes.count(), Some(3));
    }
}
