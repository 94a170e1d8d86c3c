//! Start, drain and stop: signals, tasks, deadlines.
//!
//! A stop has two stages. *Draining*: the broker says that it is not ready, accepts nothing new and lets running calls
//! end. *Cutting*: everything that still runs ends now. The deadline or a second signal leads from one to the other.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to end once they are cut.
const CUT: Duration = Duration::from_secs(2);

/// The stages of a stop, and every task.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Cancelled when the broker begins to stop.
    pub draining: CancellationToken,
    /// Cancelled when what still runs has to end.
    pub cutting: CancellationToken,
    /// Connections and what they run: a stop waits for them.
    pub sessions: TaskTracker,
    /// Everything else: ends when cut.
    pub background: TaskTracker,
}

impl Lifecycle {
    /// A broker that runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to stop.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Whether the broker takes new work.
    pub fn is_ready(&self) -> bool {
        !self.draining.is_cancelled()
    }

    /// Waits for the beginning of a stop, then for its end: connections may drain until the deadline.
    pub async fn finished(&self, drain: Duration) {
        self.draining.cancelled().await;
        self.sessions.close();
        self.background.close();
        tokio::select! {
            () = self.sessions.wait() => {}
            () = self.cutting.cancelled() => {}
            () = tokio::time::sleep(drain) => tracing::warn!(drain.seconds = drain.as_secs(), "connections do not drain, cutting them"),
        }
        self.cutting.cancel();
        let ended = async {
            self.sessions.wait().await;
            self.background.wait().await;
        };
        if tokio::time::timeout(CUT, ended).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
    }

    /// Drains at the first SIGTERM or SIGINT, cuts at the second. Runs until cut.
    pub async fn heed_signals(self, mut signals: Signals) {
        if self.cutting.run_until_cancelled(signals.next()).await.is_none() {
            return;
        }
        tracing::info!("told to stop, draining");
        self.drain();
        if self.cutting.run_until_cancelled(signals.next()).await.is_some() {
            tracing::warn!("told to stop again, cutting");
            self.cutting.cancel();
        }
    }
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from now on.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_sessions_and_then_cuts() {
        let lifecycle = Lifecycle::new();
        let (done, ended) = tokio::sync::oneshot::channel();
        lifecycle.sessions.spawn(async move { ended.await.unwrap() });
        let cut = lifecycle.cutting.clone();
        lifecycle.background.spawn(async move { cut.cancelled().await });
        lifecycle.drain();
        assert!(!lifecycle.is_ready());
        let stop = lifecycle.finished(Duration::from_secs(60));
        let (_, ()) = tokio::join!(async { done.send(()) }, stop);
        assert!(lifecycle.cutting.is_cancelled());
    }

    #[tokio::test]
    async fn sessions_that_do_not_end_are_cut() {
        let lifecycle = Lifecycle::new();
        let cut = lifecycle.cutting.clone();
        lifecycle.sessions.spawn(async move { cut.cancelled().await });
        lifecycle.drain();
        lifecycle.finished(Duration::from_millis(1)).await;
        assert!(lifecycle.sessions.is_empty());
    }
}
