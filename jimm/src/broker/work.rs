//! What a use case that is a job is given by its worker, and how it leaves the job. It knows no use case and no worker.

use std::time::Duration;

use jimm_store::jobs::{Job, Lease};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// A claimed job.
pub struct Work {
    /// The job as it was when claimed.
    pub job: Job,
    /// The right to write about it.
    pub lease: Lease,
    /// Cancelled when the job has to be left: the broker stops, or another worker has it.
    pub leave: CancellationToken,
}

/// How a job was left.
pub enum Outcome {
    /// It has ended, and that is written.
    Ended,
    /// Somebody goes on with it at once.
    Left,
    /// It waits for something else; somebody looks again after this time.
    Later(Duration),
    /// It is tried again a little later.
    Again(Error),
}
