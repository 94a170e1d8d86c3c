//! The queue to the audit log: callers never wait for the database, entries are written in batches.

use std::time::Duration;

use jimm_store::Store;
use jimm_store::audit::{self, AuditEntry};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Metrics;

/// Entries that wait at most; more are dropped and counted.
const QUEUE: usize = 16_384;
/// Entries of one insert at most.
const BATCH: usize = 500;
/// How long an entry waits for company.
const LINGER: Duration = Duration::from_millis(250);
/// How long one insert may take, and how often it is tried.
const DEADLINE: Duration = Duration::from_secs(10);
const TRIES: usize = 3;

/// Takes entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuditQueue {
    sender: mpsc::Sender<AuditEntry>,
    metrics: Metrics,
}

/// Writes them.
#[derive(Debug)]
pub struct AuditWriter {
    receiver: mpsc::Receiver<AuditEntry>,
    metrics: Metrics,
}

/// A queue and its end.
pub(super) fn queue(metrics: Metrics) -> (AuditQueue, AuditWriter) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (AuditQueue { sender, metrics: metrics.clone() }, AuditWriter { receiver, metrics })
}

impl AuditQueue {
    /// Hands over an entry, or drops and counts it when the queue is full.
    pub fn push(&self, entry: AuditEntry) {
        if self.sender.try_send(entry).is_err() {
            self.metrics.audit_dropped(1);
        }
    }
}

impl AuditWriter {
    /// Writes entries until told to stop, and then those that are left.
    pub async fn run(mut self, store: Store, stop: CancellationToken) {
        loop {
            let mut batch = Vec::new();
            let received = stop.run_until_cancelled(self.receiver.recv_many(&mut batch, BATCH)).await;
            if received.is_none() {
                self.receiver.close();
                while self.receiver.recv_many(&mut batch, BATCH).await > 0 {
                    self.write(&store, &batch).await;
                    batch.clear();
                }
                return;
            }
            if batch.len() < BATCH / 2 {
                stop.run_until_cancelled(tokio::time::sleep(LINGER)).await;
                while batch.len() < BATCH
                    && let Ok(entry) = self.receiver.try_recv()
                {
                    batch.push(entry);
                }
            }
            self.write(&store, &batch).await;
        }
    }

    async fn write(&self, store: &Store, batch: &[AuditEntry]) {
        for left in (0..TRIES).rev() {
            match tokio::time::timeout(DEADLINE, insert(store, batch)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(error = %error, audit.left = left, "cannot write the audit log"),
                Err(_) => tracing::warn!(audit.left = left, "writing the audit log takes too long"),
            }
        }
        self.metrics.audit_dropped(batch.len());
    }
}

async fn insert(store: &Store, batch: &[AuditEntry]) -> jimm_store::Result<()> {
    let mut conn = store.acquire().await?;
    audit::insert(&mut conn, batch).await
}
