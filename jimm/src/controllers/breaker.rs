//! A breaker: after some failures in a row nobody waits for a controller that is down, but for one who tries again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts failures in a row.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    reset: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    reason: String,
    /// Nobody but one prober may try before.
    open_until: Option<Instant>,
}

/// Why nobody may try now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Open {
    /// What happened last.
    pub(super) reason: String,
    /// How long until somebody may try.
    pub(super) retry_in: Duration,
}

impl Breaker {
    pub(super) fn new(threshold: u32, reset: Duration) -> Self {
        Self { threshold: threshold.max(1), reset, state: Mutex::default() }
    }

    /// May the controller be tried at `now`? When the time is up the first who asks may, the others wait for how it ends.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Open> {
        let mut state = self.lock();
        match state.open_until {
            Some(until) if now < until => Err(Open { reason: state.reason.clone(), retry_in: until - now }),
            Some(_) => {
                state.open_until = Some(now + self.reset);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// It answered.
    pub(super) fn succeeded(&self) {
        *self.lock() = State::default();
    }

    /// It did not answer.
    pub(super) fn failed(&self, now: Instant, reason: &str) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        reason.clone_into(&mut state.reason);
        if state.failures >= self.threshold {
            state.open_until = Some(now + self.reset);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_probes_and_closes() {
        let breaker = Breaker::new(2, Duration::from_secs(10));
        let start = Instant::now();
        breaker.failed(start, "refused");
        assert_eq!(breaker.admit(start), Ok(()));
        breaker.failed(start, "refused again");
        let open = breaker.admit(start + Duration::from_secs(4)).expect_err("open");
        assert_eq!((open.reason.as_str(), open.retry_in), ("refused again", Duration::from_secs(6)));
        let later = start + Duration::from_secs(11);
        assert_eq!(breaker.admit(later), Ok(()), "one may probe");
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.succeeded();
        assert_eq!(breaker.admit(later), Ok(()));
    }
}
