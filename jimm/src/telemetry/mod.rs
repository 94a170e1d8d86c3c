//! What operators see: log lines, metrics, the queue to the audit log. It never sees parameters or secrets.

mod audit;
mod buffer;
mod line;
mod log;
mod metrics;

pub use audit::{AuditQueue, AuditWriter};
pub use log::{flush as flush_log, init as init_log};
pub use metrics::{Endpoint, Metrics};

/// Where everybody reports to.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Entries of the audit log.
    pub audit: AuditQueue,
}

impl Telemetry {
    /// Handles to report to, and the task that writes the audit log.
    pub fn new() -> (Self, AuditWriter) {
        let metrics = Metrics::new();
        let (audit, writer) = audit::queue(metrics.clone());
        (Self { metrics, audit }, writer)
    }
}
