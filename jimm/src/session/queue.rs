//! The queue to a connection's writer: bounded, and without room of its own while nothing waits in it.
//!
//! A broker has a thousand idle connections with two of these each; a channel that keeps a block of empty slots for its
//! next messages costs more than a kilobyte. Knows nothing of what the messages are.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

/// Puts messages in. Cheap to clone.
#[derive(Debug)]
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// Takes messages out.
#[derive(Debug)]
pub(super) struct Receiver<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    waiting: Mutex<Waiting<T>>,
    most: usize,
    /// Tells of room to those who found none.
    room: Notify,
    senders: AtomicUsize,
    receiver: AtomicWaker,
}

#[derive(Debug)]
struct Waiting<T> {
    messages: VecDeque<T>,
    /// The receiver is gone.
    closed: bool,
}

/// A queue in which so many messages may wait.
pub(super) fn queue<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        waiting: Mutex::new(Waiting { messages: VecDeque::new(), closed: false }),
        most,
        room: Notify::new(),
        senders: AtomicUsize::new(1),
        receiver: AtomicWaker::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Shared<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in, or gives it back where there is no room.
    fn put(&self, message: T) -> Result<(), Refused<T>> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Refused::Gone);
        }
        if waiting.messages.len() >= self.most {
            return Err(Refused::Full(message));
        }
        waiting.messages.push_back(message);
        drop(waiting);
        self.receiver.wake();
        Ok(())
    }

    fn take(&self) -> Option<T> {
        let mut waiting = self.waiting();
        let was_full = waiting.messages.len() >= self.most;
        let message = waiting.messages.pop_front()?;
        if waiting.messages.is_empty() && waiting.messages.capacity() > 4 {
            // The next burst makes room again.
            waiting.messages = VecDeque::new();
        }
        drop(waiting);
        if was_full {
            self.room.notify_waiters();
        }
        Some(message)
    }
}

/// Why a message was not put in.
enum Refused<T> {
    Full(T),
    /// Nobody will take it out.
    Gone,
}

impl<T> Sender<T> {
    /// Puts a message in; waits for room. `false` when nobody will take it out.
    pub(super) async fn send(&self, mut message: T) -> bool {
        loop {
            // Before the look into the queue: room that is made after it is told of.
            let room = self.0.room.notified();
            message = match self.0.put(message) {
                Ok(()) => return true,
                Err(Refused::Gone) => return false,
                Err(Refused::Full(message)) => message,
            };
            room.await;
        }
    }

    /// Puts a message in, if there is room at once.
    pub(super) fn try_send(&self, message: T) -> bool {
        self.0.put(message).is_ok()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.receiver.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// The next message; nothing when all senders are gone. Safe to cancel.
    pub(super) async fn recv(&mut self) -> Option<T> {
        poll_fn(|task| {
            if let Some(message) = self.0.take() {
                return Poll::Ready(Some(message));
            }
            self.0.receiver.register(task.waker());
            // Read before the queue is looked into once more: what the last sender left is taken out first.
            let ended = self.0.senders.load(Ordering::Acquire) == 0;
            match self.0.take() {
                None if !ended => Poll::Pending,
                last => Poll::Ready(last),
            }
        })
        .await
    }

    /// The next message, if one waits.
    pub(super) fn try_recv(&mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.closed = true;
        let left = std::mem::take(&mut waiting.messages);
        drop(waiting);
        drop(left);
        self.0.room.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use tokio_util::task::TaskTracker;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn messages_come_out_in_order_and_no_more_wait_than_allowed() {
        let (sender, mut receiver) = queue(2);
        assert!(sender.send(1).await && sender.try_send(2) && !sender.try_send(3));
        let sending = TaskTracker::new().spawn({
            let sender = sender.clone();
            async move { sender.send(3).await }
        });
        assert_eq!(receiver.recv().await, Some(1));
        assert!(timeout(SOON, sending).await.unwrap().unwrap());
        assert_eq!((receiver.recv().await, receiver.try_recv(), receiver.try_recv()), (Some(2), Some(3), None));
        drop(sender);
        assert_eq!(timeout(SOON, receiver.recv()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_the_last_sender_left_is_taken_out_before_the_end() {
        let (sender, mut receiver) = queue(8);
        assert!(sender.send(1).await);
        drop(sender);
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), None));
    }

    #[tokio::test]
    async fn who_waits_for_room_or_for_a_message_is_told_of_the_end() {
        let (sender, receiver) = queue(1);
        assert!(sender.send(1).await);
        let waiting = TaskTracker::new().spawn(async move { sender.send(2).await });
        drop(receiver);
        assert!(!timeout(SOON, waiting).await.unwrap().unwrap());
        let (sender, mut receiver) = queue::<u8>(1);
        let waiting = TaskTracker::new().spawn(async move { receiver.recv().await });
        drop(sender);
        assert_eq!(timeout(SOON, waiting).await.unwrap().unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_lost_between_threads() {
        let (sender, mut receiver) = queue(3);
        for part in 0..4 {
            let sender = sender.clone();
            TaskTracker::new().spawn(async move {
                for n in 0..5000 {
                    assert!(sender.send((part, n)).await);
                }
            });
        }
        drop(sender);
        let mut next = [0; 4];
        while let Some((part, n)) = timeout(SOON, receiver.recv()).await.unwrap() {
            assert_eq!(n, next[part], "each sender's messages come in order");
            next[part] += 1;
        }
        assert_eq!(next, [5000; 4]);
    }
}
