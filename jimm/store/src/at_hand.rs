//! Connections for reads that must be quick: kept at hand between one read and the next.
//!
//! A connection that goes back to the pool is asked there whether it still lives, and the one that rested longest is
//! handed out next: a second way to Postgres for each read, and every server process in turn with cold caches. Here the
//! last one used is the next one, at once. Only those are kept whose reader has said that it read to the end.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use crate::{Result, Store};

/// One that rested for longer goes back to the pool, which looks whether it still lives.
const RESTED: Duration = Duration::from_secs(1);
/// One that was at hand for so long goes back too: the pool renews its connections.
const KEPT: Duration = Duration::from_secs(60);

/// The connections at hand, the last used on top.
#[derive(Debug)]
pub(crate) struct AtHand {
    free: Mutex<Vec<Free>>,
    /// How many there may be.
    most: AtomicUsize,
}

#[derive(Debug)]
struct Free {
    conn: PoolConnection<Postgres>,
    since: Instant,
    used: Instant,
}

impl AtHand {
    /// A quarter of the pool at most: the others must not starve.
    pub(crate) fn new(pool: u32) -> Arc<Self> {
        let most = usize::try_from(pool / 4).unwrap_or_default();
        Arc::new(Self { free: Mutex::default(), most: most.into() })
    }

    fn take(&self) -> Option<Free> {
        let now = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let last = free.pop()?;
        if now - last.used < RESTED && now - last.since < KEPT {
            return Some(last);
        }
        let rested = std::mem::take(&mut *free);
        drop(free);
        drop((last, rested));
        None
    }

    fn keep(&self, mut kept: Free) {
        kept.used = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.most.load(Ordering::Relaxed) {
            free.push(kept);
        }
    }

    /// Gives all of them back to the pool, and those that come later.
    pub(crate) fn close(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        self.most.store(0, Ordering::Relaxed);
        free.clear();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A connection for reads; each statement is a transaction of its own. Dropped without [`Reader::done`] it goes back to
/// the pool: it may be in the middle of an answer.
#[derive(Debug)]
pub struct Reader {
    free: Free,
    home: Arc<AtHand>,
}

impl Reader {
    /// Everything that was asked was read.
    pub fn done(self) {
        self.home.keep(self.free);
    }
}

impl Deref for Reader {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.free.conn
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.free.conn
    }
}

impl Store {
    /// A connection for reads: the last one used, when there is one at hand.
    pub async fn reader(&self) -> Result<Reader> {
        let free = if let Some(free) = self.at_hand.take() {
            free
        } else {
            let conn = self.pool.acquire().await?;
            Free { conn, since: Instant::now(), used: Instant::now() }
        };
        Ok(Reader { free, home: Arc::clone(&self.at_hand) })
    }
}
