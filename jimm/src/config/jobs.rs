//! How background jobs are done and kept.

use std::time::Duration;

/// Background jobs.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// Jobs in work at a time, per replica.
    pub workers: usize,
    /// Moves that are followed at a time, per replica.
    pub migrations: usize,
    /// How long a replica may be silent before another takes its job.
    pub lease: Duration,
    /// How often to look for work when no notification comes.
    pub poll_interval: Duration,
    /// Days after which jobs that have ended are forgotten; 0 for never.
    pub retention_days: u32,
}

impl Default for JobSettings {
    fn default() -> Self {
        let (lease, poll_interval) = (Duration::from_secs(10), Duration::from_secs(2));
        Self { workers: 8, migrations: 100, lease, poll_interval, retention_days: 90 }
    }
}
