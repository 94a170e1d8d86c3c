//! A future that is polled when something woke it, and not because a neighbour was.
//!
//! One task runs all of a connection: two readers, two writers, and some who wait for what hardly ever happens. Whatever
//! wakes the task, it polls them all, and asking a dozen who sleep costs more than what the one has to do who was woken.
//! Knows nothing of connections.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Polls the future when it was woken, else leaves it alone. Give it one that is pinned: a task would keep room for the
/// future twice.
pub(crate) fn when_woken<F: Future + Unpin>(future: F) -> WhenWoken<F> {
    // The first poll is due.
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) });
    WhenWoken { future, waker: Waker::from(Arc::clone(&bell)), bell, task: Waker::noop().clone() }
}

/// See [`when_woken`].
pub(crate) struct WhenWoken<F> {
    future: F,
    /// What the future is given: rings the bell.
    waker: Waker,
    bell: Arc<Bell>,
    /// Whom the bell tells, to look at without its lock.
    task: Waker,
}

struct Bell {
    rung: AtomicBool,
    /// Stays where it is when it was woken: who is left alone does not register again.
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the task is read: who has just put another one there looks at the bell afterwards.
        if !self.rung.swap(true, Ordering::SeqCst) {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

impl<F: Future + Unpin> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if !this.task.will_wake(task.waker()) {
            this.task.clone_from(task.waker());
            this.bell.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(task.waker());
        }
        if !this.bell.rung.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        this.bell.rung.store(false, Ordering::SeqCst);
        Pin::new(&mut this.future).poll(&mut Context::from_waker(&this.waker))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;
    use tokio_util::task::TaskTracker;

    use super::*;

    /// Counts how often the task was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Woken {
        fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
            Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
        }

        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// A future that counts its polls, and what it was given to be woken with last.
    fn sleeper() -> (impl Future<Output = ()> + Unpin, Arc<AtomicUsize>, Arc<Mutex<Option<Waker>>>) {
        let (polls, waker) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let (counted, given) = (Arc::clone(&polls), Arc::clone(&waker));
        let future = poll_fn(move |task: &mut Context<'_>| {
            counted.fetch_add(1, Ordering::SeqCst);
            *given.lock().unwrap() = Some(task.waker().clone());
            Poll::Pending
        });
        (future, polls, waker)
    }

    #[test]
    fn who_sleeps_is_left_alone_until_something_wakes_it() {
        let (future, polls, waker) = sleeper();
        let mut future = when_woken(future);
        let task = Arc::new(Woken::default());
        for _ in 0..3 {
            assert!(task.poll(&mut future).is_pending());
        }
        assert_eq!(polls.load(Ordering::SeqCst), 1);
        let waker = waker.lock().unwrap().take().unwrap();
        for _ in 0..2 {
            waker.wake_by_ref();
        }
        assert_eq!(task.count(), 1, "the task is told once until it comes");
        for _ in 0..2 {
            assert!(task.poll(&mut future).is_pending());
        }
        assert_eq!(polls.load(Ordering::SeqCst), 2);
        waker.wake();
        assert_eq!(task.count(), 2, "told again, though it did not register again");
    }

    #[test]
    fn whoever_polled_last_is_told() {
        let (future, _, waker) = sleeper();
        let mut future = when_woken(future);
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        assert!(first.poll(&mut future).is_pending());
        assert!(second.poll(&mut future).is_pending());
        waker.lock().unwrap().take().unwrap().wake();
        assert_eq!((first.count(), second.count()), (0, 1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_up_from_another_thread_is_lost() {
        for round in 0..2000 {
            let (sender, mut receiver) = mpsc::channel(1);
            TaskTracker::new().spawn(async move {
                for n in 0..5 {
                    sender.send(n).await.unwrap();
                }
            });
            let received = std::pin::pin!(async {
                let mut sum = 0;
                while let Some(n) = receiver.recv().await {
                    sum += n;
                }
                sum
            });
            let sum = timeout(Duration::from_secs(10), when_woken(received)).await;
            assert_eq!(sum.unwrap_or_else(|_| panic!("round {round} sleeps")), 10);
        }
    }
}
