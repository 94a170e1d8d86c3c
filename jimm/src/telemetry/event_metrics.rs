//! What is measured of events and of those who are told of them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CodeLabels {
    code: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct HookLabels {
    hook: String,
}

/// Counters and gauges of events.
#[derive(Clone, Debug, Default)]
pub(super) struct EventMetrics {
    events: Family<CodeLabels, Counter>,
    streams: Gauge,
    slow: Counter,
    sent: Family<HookLabels, Counter>,
    failures: Family<HookLabels, Counter>,
}

impl EventMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let this = Self::default();
        registry.register("events", "Events, by code; each counts at one replica", this.events.clone());
        registry.register("event_streams", "Open streams of events", this.streams.clone());
        registry.register(
            "event_streams_dropped",
            "Streams of events ended because of slow readers",
            this.slow.clone(),
        );
        registry.register("webhook_events", "Events that web hooks have taken", this.sent.clone());
        registry.register("webhook_failures", "Attempts to tell web hooks that failed", this.failures.clone());
        this
    }
}

/// Counts a stream of events for as long as it lives.
#[derive(Debug)]
pub struct StreamGuard(Gauge);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Something happened.
    pub fn event(&self, code: &str) {
        self.events().events.get_or_create(&CodeLabels { code: code.to_owned() }).inc();
    }

    /// A stream of events begins; it ends when the guard is dropped.
    pub fn event_stream(&self) -> StreamGuard {
        self.events().streams.inc();
        StreamGuard(self.events().streams.clone())
    }

    /// How many streams of events there are.
    pub fn event_streams(&self) -> i64 {
        self.events().streams.get()
    }

    /// A stream was ended because its reader was too slow.
    pub fn event_stream_dropped(&self) {
        self.events().slow.inc();
    }

    /// A web hook has taken events.
    pub fn webhook_sent(&self, hook: &str, events: usize) {
        self.events().sent.get_or_create(&HookLabels { hook: hook.to_owned() }).inc_by(events as u64);
    }

    /// A web hook did not take them.
    pub fn webhook_failed(&self, hook: &str) {
        self.events().failures.get_or_create(&HookLabels { hook: hook.to_owned() }).inc();
    }
}
