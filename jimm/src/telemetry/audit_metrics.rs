//! What is measured of the audit log.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct SinkLabels {
    sink: &'static str,
}

/// Counters and gauges of the audit log.
#[derive(Clone, Debug, Default)]
pub(super) struct AuditMetrics {
    written: Counter,
    dropped: Counter,
    refused: Counter,
    queue: Gauge,
    spilled: Counter,
    spilled_bytes: Gauge,
    exported: Family<SinkLabels, Counter>,
    export_failures: Family<SinkLabels, Counter>,
}

impl AuditMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let this = Self::default();
        registry.register("audit_written", "Audit entries in the database", this.written.clone());
        registry.register("audit_dropped", "Audit entries lost for want of room", this.dropped.clone());
        registry.register("audit_refused", "Requests refused for want of room in the audit log", this.refused.clone());
        registry.register("audit_queue", "Audit entries that the writer took the last time", this.queue.clone());
        registry.register("audit_spilled", "Audit entries that went to disk first", this.spilled.clone());
        registry.register(
            "audit_spilled_bytes",
            "Bytes of the audit log that wait on disk",
            this.spilled_bytes.clone(),
        );
        registry.register("audit_exported", "Audit entries exported", this.exported.clone());
        registry.register(
            "audit_export_failures",
            "Attempts to export audit entries that failed",
            this.export_failures.clone(),
        );
        this
    }
}

impl Metrics {
    /// Audit entries are in the database.
    pub fn audit_written(&self, entries: i32) {
        self.audit().written.inc_by(u64::try_from(entries).unwrap_or(0));
    }

    /// Audit entries were lost.
    pub fn audit_dropped(&self, entries: usize) {
        self.audit().dropped.inc_by(entries as u64);
    }

    /// A request was refused for want of room.
    pub fn audit_refused(&self) {
        self.audit().refused.inc();
    }

    /// So many audit entries waited for the writer.
    pub fn audit_queue(&self, entries: usize) {
        self.audit().queue.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    /// Audit entries went to disk.
    pub fn audit_spilled(&self, entries: i32) {
        self.audit().spilled.inc_by(u64::try_from(entries).unwrap_or(0));
    }

    /// So much lies there now.
    pub fn audit_spilled_now(&self, bytes: u64) {
        self.audit().spilled_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Audit entries were exported.
    pub fn audit_exported(&self, sink: &'static str, entries: usize) {
        self.audit().exported.get_or_create(&SinkLabels { sink }).inc_by(entries as u64);
    }

    /// An export did not work this time.
    pub fn audit_export_failed(&self, sink: &'static str) {
        self.audit().export_failures.get_or_create(&SinkLabels { sink }).inc();
    }
}
