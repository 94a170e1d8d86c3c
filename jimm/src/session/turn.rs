//! A future that wakes itself goes on in the same turn of its task.
//!
//! Both directions of a connection run on one task and hand frames to each other through queues: whoever puts a frame
//! into a queue wakes the task that it runs on. The runtime takes that for new work and wakes up another of its threads
//! for it, which costs more than the frame does. Knows nothing of connections.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// How often a future may go on in one turn before others get theirs.
const TURNS: u8 = 4;

const SLEEPING: u8 = 0;
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

/// Passes on what wakes the future, unless it is awake.
#[derive(Default)]
struct Bell {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::SeqCst) == SLEEPING {
            self.task.wake();
        }
    }
}

/// Runs the future; when something wakes it while it is polled, it is polled again at once. Give it a boxed one: a task
/// would keep room for the future twice.
pub(crate) async fn in_one_turn<F: Future + Unpin>(mut future: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    poll_fn(move |task| {
        bell.task.register(task.waker());
        for _ in 0..TURNS {
            bell.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            if bell.state.compare_exchange(POLLED, SLEEPING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return Poll::Pending;
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often the task was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll<F: Future + Unpin>(future: &mut F, woken: &Arc<Woken>) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
    }

    #[test]
    fn who_wakes_itself_goes_on_without_waking_the_task() {
        let woken = Arc::new(Woken::default());
        let mut left = 3;
        let mut future = Box::pin(in_one_turn(poll_fn(move |task| {
            left -= 1;
            if left == 0 {
                return Poll::Ready("done");
            }
            task.waker().wake_by_ref();
            Poll::Pending
        })));
        assert_eq!(poll(&mut future, &woken), Poll::Ready("done"));
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn who_never_stops_waking_itself_lets_others_have_their_turn() {
        let woken = Arc::new(Woken::default());
        let mut future = Box::pin(in_one_turn(poll_fn(|task| -> Poll<()> {
            task.waker().wake_by_ref();
            Poll::Pending
        })));
        for turn in 1..=3 {
            assert_eq!(poll(&mut future, &woken), Poll::Pending);
            assert_eq!(woken.0.load(Ordering::SeqCst), turn, "each turn ends with one wake-up");
        }
    }

    #[test]
    fn who_sleeps_is_woken_by_others_once() {
        let woken = Arc::new(Woken::default());
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut future = Box::pin(in_one_turn(poll_fn(move |task| -> Poll<()> {
            let _ = sender.send(task.waker().clone());
            Poll::Pending
        })));
        assert_eq!(poll(&mut future, &woken), Poll::Pending);
        let waker = receiver.recv().unwrap();
        waker.wake_by_ref();
        waker.wake();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut future, &woken), Poll::Pending);
        receiver.recv().unwrap().wake();
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    }
}
