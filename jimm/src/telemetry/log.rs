//! Sets up the log: JSON lines for machines, or lines for people.

use std::fmt::Write as _;
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

use super::buffer::LogBuffer;
use super::line::{JsonLine, Shown};
use super::request_line::RequestLine;
use crate::config::LogSettings;

static BUFFER: OnceLock<LogBuffer> = OnceLock::new();

/// Sends everything that is logged to stderr, in the form the settings ask for. A second call changes nothing.
pub fn init(settings: &LogSettings) {
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter(settings));
    let done = if settings.dev_mode {
        // What comes from clients stays on its line and has no colours.
        let fields = debug_fn(|writer, field, value| match field.name() {
            "message" => write!(Shown(writer), "{value:?}"),
            name => write!(Shown(writer), "{name}={value:?}"),
        });
        subscriber.fmt_fields(fields.delimited(" ")).with_writer(std::io::stderr).try_init()
    } else {
        let buffer = BUFFER.get_or_init(LogBuffer::start).clone();
        subscriber.event_format(JsonLine).with_writer(buffer).try_init()
    };
    if let Err(error) = done {
        tracing::debug!(error, "the log is set up already");
    }
}

/// Writes the lines that wait, before the process ends.
pub fn flush() {
    if let Some(buffer) = BUFFER.get() {
        buffer.flush();
    }
}

/// Logs an answered request; `false` where lines are written for people: these come by `tracing` alone. Whether they are
/// wanted at all is asked by the caller.
pub(crate) fn request(line: &RequestLine<'_>) -> bool {
    let Some(buffer) = BUFFER.get() else { return false };
    buffer.add(line.text().as_bytes(), false);
    true
}

fn filter(settings: &LogSettings) -> EnvFilter {
    let sql = if settings.sql { "sqlx::query=debug" } else { "sqlx::query=error" };
    EnvFilter::try_new(format!("{},{sql}", settings.level)).unwrap_or_else(|_| EnvFilter::new("info"))
}
