//! Sets up the log: JSON lines for machines, or lines for people.

use tracing_subscriber::EnvFilter;

use crate::config::LogSettings;

/// Sends everything that is logged to stderr, in the form the settings ask for. A second call changes nothing.
pub fn init(settings: &LogSettings) {
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter(settings));
    let done = if settings.dev_mode {
        subscriber.try_init()
    } else {
        subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    if let Err(error) = done {
        tracing::debug!(error, "the log is set up already");
    }
}

fn filter(settings: &LogSettings) -> EnvFilter {
    let sql = if settings.sql { "sqlx::query=debug" } else { "sqlx::query=error" };
    EnvFilter::try_new(format!("{},{sql}", settings.level)).unwrap_or_else(|_| EnvFilter::new("info"))
}
