//! Events on their way from the transactions that note them to those who follow: their places in one order, the audit log,
//! the metrics, streams and web hooks. It knows no controllers, and nothing of what makes an event happen.

mod desk;
mod hooks;
mod page;

use std::sync::Arc;

pub use page::page;

use crate::audit::AuditQueue;
use crate::broker::Broker;
use crate::error::Result;
use crate::telemetry::Metrics;

/// Passes events on until the broker stops.
pub fn run(broker: &Arc<Broker>, audit: &AuditQueue, metrics: &Metrics) -> Result<()> {
    broker.tasks.spawn(desk::run(Arc::clone(broker), audit.clone(), metrics.clone()));
    hooks::run(broker, metrics)
}
