//! Looks at all models of a controller that several want at once: one look serves everybody who asked before it began.
//!
//! Twenty moves that end at a time would else list the same thousands of models twenty times side by side, and hold as many
//! connections to Postgres. It knows nothing of what a look is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

/// Who looks at which controller, and who waits for it; of this replica.
#[derive(Debug, Default)]
pub struct Looks(Mutex<HashMap<Uuid, Looked>>);

#[derive(Debug, Default)]
struct Looked {
    /// How many have asked.
    asked: u64,
    /// How many had asked when the last look began that has come to an end.
    served: u64,
    /// Somebody looks.
    is_on: bool,
    over: Arc<Notify>,
}

enum Turn {
    Served,
    /// One's own, for all who have asked until now.
    Mine(u64),
    Others(Arc<Notify>),
}

/// Ends a look, also one that is left in the middle: somebody else looks then.
struct OnIt<'a> {
    looks: &'a Looks,
    controller: Uuid,
    serves: Option<u64>,
}

impl Drop for OnIt<'_> {
    fn drop(&mut self) {
        let mut looks = self.looks.lock();
        let looked = looks.entry(self.controller).or_default();
        looked.is_on = false;
        looked.served = looked.served.max(self.serves.unwrap_or_default());
        looked.over.notify_waiters();
    }
}

impl Looks {
    /// Returns when a look at that controller has come to its end, well or badly, that began after this call.
    pub(super) async fn join<F: Future<Output = ()>>(&self, controller: Uuid, look: impl Fn() -> F) {
        let ticket = {
            let mut looks = self.lock();
            let looked = looks.entry(controller).or_default();
            looked.asked += 1;
            looked.asked
        };
        loop {
            let over;
            let mut woken = std::pin::pin!(match self.turn(controller, ticket) {
                Turn::Served => return,
                Turn::Mine(serves) => {
                    let mut mine = OnIt { looks: self, controller, serves: None };
                    look().await;
                    mine.serves = Some(serves);
                    continue;
                }
                Turn::Others(other) => {
                    over = other;
                    over.notified()
                }
            });
            // It may have ended before we began to listen.
            woken.as_mut().enable();
            if self.is_on(controller) {
                woken.await;
            }
        }
    }

    fn turn(&self, controller: Uuid, ticket: u64) -> Turn {
        let mut looks = self.lock();
        let looked = looks.entry(controller).or_default();
        if looked.served >= ticket {
            return Turn::Served;
        }
        if looked.is_on {
            return Turn::Others(Arc::clone(&looked.over));
        }
        looked.is_on = true;
        Turn::Mine(looked.asked)
    }

    fn is_on(&self, controller: Uuid) -> bool {
        self.lock().get(&controller).is_some_and(|looked| looked.is_on)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_look_serves_all_who_asked_before_it() {
        let (looks, count) = (Looks::default(), AtomicU32::new(0));
        let look = || async {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        };
        futures_util::future::join_all((0..20).map(|_| looks.join(Uuid::nil(), look))).await;
        // The first began before the others asked: they need another one, all of them the same.
        assert_eq!(count.load(Ordering::Relaxed), 2);
        looks.join(Uuid::nil(), look).await;
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_look_that_is_left_in_the_middle_is_taken_over() {
        let (looks, count) = (Arc::new(Looks::default()), AtomicU32::new(0));
        let stuck = {
            let looks = Arc::clone(&looks);
            async move { looks.join(Uuid::nil(), std::future::pending::<()>).await }
        };
        let mut stuck = Box::pin(stuck);
        assert!(futures_util::poll!(&mut stuck).is_pending());
        let look = || async {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let (done, ()) =
            tokio::join!(tokio::time::timeout(Duration::from_secs(5), looks.join(Uuid::nil(), look)), async move {
                drop(stuck);
            });
        assert_eq!((done.is_ok(), count.load(Ordering::Relaxed)), (true, 1));
    }
}
