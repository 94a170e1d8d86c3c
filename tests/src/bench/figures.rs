//! Durations and what is told of them.

use std::time::Duration;

/// Durations of one kind of event.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    pub(super) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The duration that this many per mille of the samples do not exceed, in milliseconds.
    pub(super) fn permille(&self, permille: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * permille / 1000).min(sorted.len().saturating_sub(1));
        millis(sorted.get(at).copied().unwrap_or_default())
    }

    /// The median in milliseconds.
    pub(super) fn p50(&self) -> f64 {
        self.permille(500)
    }

    /// In milliseconds.
    pub(super) fn p99(&self) -> f64 {
        self.permille(990)
    }
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// How many per second.
pub(super) fn rate(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}

/// Bytes as megabytes (of a million bytes).
pub(super) fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_samples() {
        let mut samples = Samples::default();
        for n in (1..=100).rev() {
            samples.push(Duration::from_millis(n));
        }
        assert!((samples.p50() - 51.0).abs() < 1e-9, "{}", samples.p50());
        assert!((samples.p99() - 100.0).abs() < 1e-9, "{}", samples.p99());
        assert!(Samples::default().p50().abs() < 1e-9);
    }
}
