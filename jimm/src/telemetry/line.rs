//! One event as one line of JSON: time, level, the event's fields, target.
//!
//! Written straight into the log's buffer: a request is a line, and the line must not cost more than the request.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as JSON.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut fields = Fields { writer: &mut writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        writer.write_str(",\"target\":\"")?;
        Escaped(&mut writer).write_str(event.metadata().target())?;
        writer.write_str("\"}\n")
    }
}

struct Fields<'a, W> {
    writer: &'a mut W,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    /// `,"name":` and the value; nothing after a failure.
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = write!(self.writer, ",\"{}\":", field.name()).and_then(|()| value(self.writer));
        }
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |w| if value.is_finite() { write!(w, "{value:?}") } else { w.write_str("null") });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |w| write!(w, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |w| write!(w, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |w| write!(w, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |w| {
            w.write_char('"')?;
            Escaped(w).write_str(value)?;
            w.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |w| {
            w.write_char('"')?;
            write!(Escaped(w), "{value:?}")?;
            w.write_char('"')
        });
    }
}

/// The inside of a JSON string.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        // Two bytes with which what a terminal or an editor takes for more than a letter may begin.
        let first = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2);
        for (at, _) in text.bytes().enumerate().filter(|(_, byte)| first(byte)) {
            let Some(c) = text[at..].chars().next().filter(|c| matches!(c, '"' | '\\') || is_control(*c)) else {
                continue;
            };
            self.0.write_str(&text[plain..at])?;
            plain = at + c.len_utf8();
            match c {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                '\n' => self.0.write_str("\\n")?,
                other => write!(self.0, "\\u{:04x}", u32::from(other))?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

/// Whether it would end a line, or tell a terminal something, in place of being shown.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Text for people, in which nothing ends the line or turns a colour.
pub(super) struct Shown<'a, W>(pub(super) &'a mut W);

impl<W: Write> Write for Shown<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if is_control(c) { write!(self.0, "{}", c.escape_default())? } else { self.0.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt().event_format(JsonLine).with_writer(move || writer.clone()).finish();
        let missing: Option<&str> = None;
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                request.id = 7u64,
                below = -1i64,
                elapsed.ms = 0.25,
                nothing = f64::NAN,
                good = true,
                name = "a \"b\" \\ \n \u{1} é \u{9b}31m\u{2028}â",
                shown = %"x\"y",
                debugged = ?["z"],
                missing,
                "hello"
            );
        });
        let written = sink.0.lock().unwrap().clone();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.chars().filter(|c| is_control(*c)).eq(['\n']), "{text:?}");
        let mut line: Value = serde_json::from_str(&text).unwrap();
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
        let expected = json!({
            "level": "INFO", "message": "hello", "request.id": 7, "below": -1, "elapsed.ms": 0.25, "nothing": null,
            "good": true, "name": "a \"b\" \\ \n \u{1} é \u{9b}31m\u{2028}â", "shown": "x\"y", "debugged": "[\"z\"]",
            "target": "jimm::telemetry::line::tests",
        });
        assert_eq!(line, expected);
    }
}
