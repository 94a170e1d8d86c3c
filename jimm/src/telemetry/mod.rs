//! What operators see: log lines, metrics, the queue to the audit log. It never sees parameters or secrets.

mod audit_metrics;
mod buffer;
mod event_metrics;
mod line;
mod log;
mod metrics;
mod request_line;

pub use event_metrics::StreamGuard;
pub(crate) use log::request as log_request;
pub use log::{flush as flush_log, init as init_log};
pub use metrics::{Counter, Endpoint, Metrics};
pub(crate) use request_line::{RequestLine, SharedMembers};

use crate::audit::AuditQueue;
use crate::config::AuditSettings;

/// Where everybody reports to.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Entries of the audit log.
    pub audit: AuditQueue,
}

impl Telemetry {
    /// Handles to report to.
    pub fn new(settings: &AuditSettings) -> Self {
        let metrics = Metrics::new();
        let audit = AuditQueue::new(settings.reads, settings.overflow, metrics.clone());
        Self { metrics, audit }
    }
}
