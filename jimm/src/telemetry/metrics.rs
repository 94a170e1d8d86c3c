//! Counters, gauges and histograms, in Prometheus' text form.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
pub use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::audit_metrics::AuditMetrics;
use super::event_metrics::EventMetrics;

/// More different methods than this are counted together: names come from clients.
const MAX_METHODS: usize = 1500;
const MAX_NAME: usize = 64;

/// How many kinds of client connections there are.
const ENDPOINTS: usize = 5;

/// Which kind of client connection.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, Hash, PartialEq)]
pub enum Endpoint {
    /// `/api`.
    Controller,
    /// `/model/{uuid}/api`.
    Model,
    /// `/model/{uuid}/log` and its kind.
    Stream,
    /// HTTP requests that go on to a controller.
    Proxy,
    /// Caveats of offers.
    Discharge,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabels {
    endpoint: Endpoint,
    facade: String,
    method: String,
    kind: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EndpointLabels {
    endpoint: Endpoint,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DirectionLabels {
    direction: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct LoginLabels {
    method: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ControllerLabels {
    controller: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CallLabels {
    method: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct PoolLabels {
    state: &'static str,
}

/// All that is measured. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    methods: Arc<Mutex<HashSet<(String, String)>>>,
    seconds: [Histogram; ENDPOINTS],
    requests: Family<RequestLabels, Counter>,
    connections: Family<EndpointLabels, Gauge>,
    relayed: [Counter; 2],
    logins: Family<LoginLabels, Counter>,
    controllers: Family<ControllerLabels, Gauge>,
    pool: Family<PoolLabels, Gauge>,
    migrations: Family<PoolLabels, Gauge>,
    openfga_seconds: Family<CallLabels, Histogram>,
    openfga_errors: Family<CallLabels, Counter>,
    untold: [Gauge; 2],
    audit: AuditMetrics,
    events: EventMetrics,
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
pub struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("jimm");
        let requests = Family::default();
        let request_seconds = Family::<EndpointLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0])
        });
        let connections = Family::default();
        let relayed_bytes = Family::<DirectionLabels, Counter>::default();
        let logins = Family::default();
        let controllers = Family::default();
        let pool = Family::default();
        let migrations = Family::default();
        let openfga_seconds = Family::<CallLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5])
        });
        let openfga_errors = Family::<CallLabels, Counter>::default();
        let untold = [Gauge::default(), Gauge::default()];
        registry.register("openfga_call_duration_seconds", "Calls of OpenFGA", openfga_seconds.clone());
        registry.register("openfga_error", "Calls of OpenFGA that failed", openfga_errors.clone());
        registry.register("openfga_untold", "Changes of rights that OpenFGA has still to be told", untold[0].clone());
        registry.register("openfga_untold_seconds", "How long the oldest of them has waited", untold[1].clone());
        registry.register("requests", "Requests answered, by method and kind of failure", Family::clone(&requests));
        registry.register("request_seconds", "How long requests took", Family::clone(&request_seconds));
        registry.register("connections", "Open client connections", Family::clone(&connections));
        registry.register(
            "relayed_bytes",
            "Bytes passed between clients and controllers",
            Family::clone(&relayed_bytes),
        );
        registry.register("logins", "Logins, by method and result", Family::clone(&logins));
        registry.register("controller_available", "1 when the controller answers", Family::clone(&controllers));
        registry.register(
            "migrations",
            "Moves of models that are running, and those of them that are stuck",
            Family::clone(&migrations),
        );
        registry.register("database_connections", "Connections to Postgres", Family::clone(&pool));
        let audit = AuditMetrics::new(&mut registry);
        let events = EventMetrics::new(&mut registry);
        Self {
            registry: Arc::new(registry),
            methods: Arc::default(),
            requests,
            seconds: [Endpoint::Controller, Endpoint::Model, Endpoint::Stream, Endpoint::Proxy, Endpoint::Discharge]
                .map(|endpoint| request_seconds.get_or_create(&EndpointLabels { endpoint }).clone()),
            connections,
            relayed: ["up", "down"].map(|way| relayed_bytes.get_or_create(&DirectionLabels { direction: way }).clone()),
            logins,
            controllers,
            pool,
            migrations,
            openfga_seconds,
            openfga_errors,
            untold,
            audit,
            events,
        }
    }

    /// OpenFGA was called.
    pub fn openfga(&self, method: &'static str, took: Duration, well: bool) {
        self.openfga_seconds.get_or_create(&CallLabels { method }).observe(took.as_secs_f64());
        if !well {
            self.openfga_errors.get_or_create(&CallLabels { method }).inc();
        }
    }

    /// Changes of rights that OpenFGA has still to be told, and how long the oldest has waited.
    pub fn untold(&self, changes: i64, oldest: Duration) {
        self.untold[0].set(changes);
        self.untold[1].set(i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX));
    }

    /// A request was answered; `kind` is empty for success, and whose counter that is, is kept in `usual`.
    pub fn request(
        &self,
        endpoint: Endpoint,
        (facade, method): (&str, &str),
        usual: &OnceLock<Counter>,
        kind: &'static str,
        elapsed: Duration,
    ) {
        self.seconds[endpoint as usize].observe(elapsed.as_secs_f64());
        if kind.is_empty() {
            usual.get_or_init(|| self.counter(endpoint, facade, method, "ok")).inc();
        } else {
            self.counter(endpoint, facade, method, kind).inc();
        }
    }

    fn counter(&self, endpoint: Endpoint, facade: &str, method: &str, kind: &'static str) -> Counter {
        let (facade, method) = self.bounded(facade, method);
        self.requests.get_or_create(&RequestLabels { endpoint, facade, method, kind }).clone()
    }

    /// A client connection begins; it ends when the guard is dropped.
    pub fn connection(&self, endpoint: Endpoint) -> ConnectionGuard {
        let gauge = self.connections.get_or_create(&EndpointLabels { endpoint }).clone();
        gauge.inc();
        ConnectionGuard(gauge)
    }

    /// Bytes went from a client to a controller.
    pub fn relayed_up(&self, bytes: usize) {
        self.relayed[0].inc_by(bytes as u64);
    }

    /// Bytes went from a controller to a client.
    pub fn relayed_down(&self, bytes: usize) {
        self.relayed[1].inc_by(bytes as u64);
    }

    /// Somebody tried to log in; `result` is `ok` or the kind of failure.
    pub fn login(&self, method: &'static str, result: &'static str) {
        self.logins.get_or_create(&LoginLabels { method, result }).inc();
    }

    /// Whether the controllers answer: all there are.
    pub fn controllers<'a>(&self, standing: impl Iterator<Item = (&'a str, bool)>) {
        self.controllers.clear();
        for (name, available) in standing {
            let labels = ControllerLabels { controller: name.to_owned() };
            self.controllers.get_or_create(&labels).set(i64::from(available));
        }
    }

    /// Connections to the database: in all, and idle ones.
    pub fn pool(&self, (all, idle): (u32, usize)) {
        self.pool.get_or_create(&PoolLabels { state: "open" }).set(i64::from(all));
        self.pool.get_or_create(&PoolLabels { state: "idle" }).set(i64::try_from(idle).unwrap_or(i64::MAX));
    }

    /// Moves of models that are running, and those of them that are stuck.
    pub fn migrations(&self, (running, stuck): (i64, i64)) {
        self.migrations.get_or_create(&PoolLabels { state: "running" }).set(running);
        self.migrations.get_or_create(&PoolLabels { state: "stuck" }).set(stuck);
    }

    /// What is measured of the audit log.
    pub(super) fn audit(&self) -> &AuditMetrics {
        &self.audit
    }

    /// What is measured of events.
    pub(super) fn events(&self) -> &EventMetrics {
        &self.events
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    fn bounded(&self, facade: &str, method: &str) -> (String, String) {
        let name = (facade.to_owned(), method.to_owned());
        let fits = facade.len() <= MAX_NAME && method.len() <= MAX_NAME;
        let mut known = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&name) || (fits && known.len() < MAX_METHODS && known.insert(name.clone())) {
            return name;
        }
        ("other".to_owned(), "other".to_owned())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted() {
        let metrics = Metrics::new();
        metrics.request(Endpoint::Controller, ("Cloud", "Clouds"), &OnceLock::new(), "", Duration::from_millis(3));
        let open = metrics.connection(Endpoint::Model);
        assert!(metrics.text().contains(r#"jimm_connections{endpoint="Model"} 1"#), "{}", metrics.text());
        drop(open);
        let text = metrics.text();
        let line = r#"jimm_requests_total{endpoint="Controller",facade="Cloud",method="Clouds",kind="ok"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains(r#"jimm_connections{endpoint="Model"} 0"#), "{text}");
    }

    #[test]
    fn names_made_up_by_clients_do_not_fill_the_memory() {
        let metrics = Metrics::new();
        for n in 0..2 * MAX_METHODS {
            metrics.request(Endpoint::Model, (&format!("F{n}"), "M"), &OnceLock::new(), "", Duration::ZERO);
        }
        assert!(metrics.text().lines().count() < MAX_METHODS + 100);
        assert!(metrics.text().contains(r#"facade="other""#));
    }
}
