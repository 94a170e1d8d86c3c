//! Events for those who may see them: everything for administrators of the broker, and for others what is about models that
//! they may read. Rights are asked anew with each portion.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use jimm_proto::params::jimm_events::{EventInfo, EventsAnswer, EventsRequest};
use jimm_proto::time::GoTime;
use jimm_store::events::{self, Event};
use tokio::sync::watch;
use uuid::Uuid;

use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// Events of one portion when nothing is said, and at most.
const PORTION: (i64, i64) = (100, 1000);
/// How long an answer may wait for an event.
const LONGEST_WAIT: i64 = 30;
/// Events that one statement forgets.
const FORGOTTEN: i64 = 5000;

/// An event as others see it.
pub(crate) fn event_info(event: Event) -> EventInfo {
    EventInfo {
        id: event.position,
        time: GoTime(event.time),
        code: event.code,
        kind: event.kind,
        uuid: event.uuid.map(|uuid| uuid.to_string()).unwrap_or_default(),
        name: event.name,
        data: event.data,
    }
}

/// Tells how far events have come.
#[derive(Debug)]
pub struct Happenings(watch::Sender<i64>);

impl Happenings {
    /// Nothing has happened.
    pub fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// The place of the last event, and of each that comes.
    pub fn follow(&self) -> watch::Receiver<i64> {
        self.0.subscribe()
    }

    /// Tells that events have come to a place; what is behind the last one is no news.
    pub(crate) fn come_to(&self, position: i64) {
        self.0.send_if_modified(|last| {
            let is_news = position > *last;
            *last = position.max(*last);
            is_news
        });
    }
}

impl Default for Happenings {
    fn default() -> Self {
        Self::new()
    }
}

/// A portion of the events.
pub struct Portion {
    /// Those that the caller may see.
    pub events: Vec<EventInfo>,
    /// The place that was come to, whoever may see what is there.
    pub last: i64,
    /// Whether there is more at once.
    pub is_more: bool,
    /// Whether events were forgotten before the caller asked.
    pub is_gap: bool,
}

impl Broker {
    /// Events after a place.
    pub async fn events_after(&self, who: &Requester, after: i64, limit: i64) -> Result<Portion> {
        let (found, first) = {
            let mut conn = self.store.acquire().await?;
            let found = events::after(&mut conn, after, limit).await?;
            (found, events::range(&mut conn).await?.0)
        };
        let last = found.last().map_or(after, |event| event.position);
        let is_more = i64::try_from(found.len()).is_ok_and(|count| count == limit);
        let is_gap = after > 0 && after < first - 1;
        let seen: Vec<Event> = if found.is_empty() || self.is_admin(who).await? {
            found
        } else {
            let models: BTreeSet<Uuid> = self.visible_models(who).await?.into_iter().collect();
            let may_see =
                |event: &Event| event.kind == "model" && event.uuid.is_some_and(|uuid| models.contains(&uuid));
            found.into_iter().filter(may_see).collect()
        };
        Ok(Portion { events: seen.into_iter().map(event_info).collect(), last, is_more, is_gap })
    }

    /// The place of the last event.
    pub async fn last_event(&self) -> Result<i64> {
        Ok(events::range(&mut *self.store.acquire().await?).await?.1)
    }

    /// Events, or the first that comes within some time.
    pub async fn list_events(&self, who: &Requester, request: &EventsRequest) -> Result<EventsAnswer> {
        let limit = request.limit.unwrap_or(PORTION.0);
        if !(1..=PORTION.1).contains(&limit) {
            return Err(Error::bad_request(format!("limit must be between 1 and {}", PORTION.1)));
        }
        let mut after = match request.after {
            Some(after) => after.max(0),
            // The newest: those of others are among them.
            None => (self.last_event().await? - limit).max(0),
        };
        let mut news = self.happenings.follow();
        let wait = Duration::from_secs(request.wait.clamp(0, LONGEST_WAIT).unsigned_abs());
        let until = tokio::time::Instant::now() + wait;
        let mut is_gap = false;
        loop {
            news.mark_unchanged();
            let portion = self.events_after(who, after, limit).await?;
            is_gap |= portion.is_gap;
            after = portion.last;
            if !portion.events.is_empty() {
                return Ok(EventsAnswer { events: portion.events, last: after, gap: is_gap });
            }
            if portion.is_more {
                continue;
            }
            let changed = tokio::time::timeout_at(until, news.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return Ok(EventsAnswer { events: Vec::new(), last: after, gap: is_gap });
            }
        }
    }

    /// Forgets events that are older than they are kept. A duty of whoever holds the lease.
    pub async fn forget_events(&self) -> Result<()> {
        let before = self.clock.now() - TimeDelta::days(self.settings.events.days);
        loop {
            let gone = events::purge(&mut *self.store.acquire().await?, before, FORGOTTEN).await?;
            if i64::try_from(gone).is_ok_and(|gone| gone < FORGOTTEN) {
                return Ok(());
            }
        }
    }
}
