//! One event as one line of JSON: time, level, the event's fields, target.
//!
//! Written straight into the log's buffer: a request is a line, and the line must not cost more than the request.

use std::cell::Cell;
use std::fmt::{self, Debug, Write};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
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
        write_time(&mut writer, SystemTime::now().into())?;
        writer.write_str("\",\"level\":\"")?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_char('"')?;
        let mut fields = Fields { writer: &mut writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        writer.write_str(",\"target\":\"")?;
        Escaped(&mut writer).write_str(event.metadata().target())?;
        writer.write_str("\"}\n")
    }
}

/// `2026-11-22T23:39:14.123456Z`. What the last line of this thread had too is not made once more.
fn write_time(writer: &mut impl Write, now: DateTime<Utc>) -> fmt::Result {
    /// Up to the second.
    type Second = [u8; 19];
    thread_local!(static LAST: Cell<(i64, Second)> = const { Cell::new((i64::MIN, [0; 19])) });
    let (mut second, mut text) = LAST.get();
    if second != now.timestamp() {
        second = now.timestamp();
        text = now.format("%FT%T").to_string().into_bytes().try_into().map_err(|_| fmt::Error)?;
        LAST.set((second, text));
    }
    let mut micros = *b".000000Z";
    // A leap second has more than a million of them.
    let mut left = now.timestamp_subsec_micros().min(999_999);
    for digit in micros[1..=6].iter_mut().rev() {
        *digit = b"0123456789"[(left % 10) as usize];
        left /= 10;
    }
    for part in [text.as_slice(), &micros] {
        writer.write_str(str::from_utf8(part).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

struct Fields<'a, W> {
    writer: &'a mut W,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    /// `,"name":` and the value; nothing after a failure.
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        if self.result.is_ok() {
            let named = [",\"", field.name(), "\":"].into_iter().try_for_each(|part| self.writer.write_str(part));
            self.result = named.and_then(|()| value(self.writer));
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
        // Hardly any text has one: looked at without branches, many bytes at a time.
        if !text.bytes().fold(false, |any, byte| any | is_first(byte)) {
            return self.0.write_str(text);
        }
        let mut plain = 0;
        for (at, _) in text.bytes().enumerate().filter(|(_, byte)| is_first(*byte)) {
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

/// Whether a character that is escaped may begin with this byte: the last two are those with which what a terminal or an
/// editor takes for more than a letter begins.
#[expect(clippy::needless_bitwise_bool, reason = "so that the compiler compares many bytes with one instruction")]
fn is_first(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte == 0x7f) | (byte == 0xc2) | (byte == 0xe2)
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
    fn the_time_is_told_to_the_microsecond() {
        let begin = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for micros in [0, 1, 999_999, 1_000_000, 1_000_007, -1, 86_400_000_000] {
            let time = begin + chrono::TimeDelta::microseconds(micros);
            let mut told = String::new();
            write_time(&mut told, time).unwrap();
            assert_eq!(told, time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
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
