//! What operators see: log lines and metrics. It never sees parameters or secrets, and knows nobody who reports to it.

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
