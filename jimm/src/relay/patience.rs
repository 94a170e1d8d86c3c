//! How long a controller is waited for on a model connection, and what becomes of those who wait when it is given up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::in_flight::UpstreamNo;
use super::traffic::Traffic;
use super::upstream::Upstream;
use crate::error::{Error, Kind};
use crate::session::socket::Close;

/// How long a controller that owes an answer may be silent before it is asked for a sign of life, twice this at most.
const PATIENCE: Duration = Duration::from_millis(1250);
/// How long it may take for that.
const PING: Duration = Duration::from_secs(2);

impl Traffic {
    /// Sees to it that nobody waits for a controller that stands still: one that owes answers and is silent is asked for
    /// a sign of life, and given up when it gives none. Ends when that was the current one.
    pub(super) async fn watch_over(&self) {
        loop {
            self.asked.notified().await;
            loop {
                tokio::time::sleep(PATIENCE).await;
                let waited_for = self.state().waited_for();
                if waited_for.is_empty() {
                    // Who asks after this wakes us up again.
                    self.watched.store(false, Ordering::SeqCst);
                    if self.state().waited_for().is_empty() {
                        break;
                    }
                    continue;
                }
                let silent: Vec<Upstream> =
                    waited_for.into_iter().filter(|upstream| !upstream.activity.take()).collect();
                if silent.is_empty() {
                    continue;
                }
                for upstream in &silent {
                    upstream.outbox.ping();
                }
                tokio::time::sleep(PING).await;
                for upstream in silent.iter().filter(|upstream| !upstream.activity.take()) {
                    let text = format!("controller {} does not answer", self.route.controller());
                    self.give_up(upstream.no, &text, "try again, or ask its operator").await;
                    upstream.cut.cancel();
                }
            }
        }
    }

    /// Answers everything that an upstream owes, and ends the connection when it was the current one.
    pub(super) async fn give_up(&self, no: UpstreamNo, text: &str, next: &str) {
        let (owed, was_current) = {
            let mut state = self.state();
            state.open.retain(|upstream| upstream.no != no);
            (state.in_flight.remove_of(no), state.current.as_ref().is_some_and(|upstream| upstream.no == no))
        };
        self.settled.notify_waiters();
        for request in owed {
            self.fail(&request, Error::new(Kind::ControllerUnavailable, format!("{text}: {next}"))).await;
        }
        if was_current {
            self.end(Close::away(text));
        }
    }
}
