//! One event as one line of JSON: time, level, the event's fields, target.
//!
//! Written into one string, without a formatter for each piece. Those of requests are in `request_line`.

use std::cell::Cell;
use std::fmt::{self, Debug, Write};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Room for a line of the usual length.
const USUAL: usize = 512;

/// Writes events as JSON.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = begin(*event.metadata().level());
        event.record(&mut Fields(&mut line));
        writer.write_str(&end(line, event.metadata().target()))
    }
}

/// What every line begins with.
pub(super) fn begin(level: Level) -> String {
    let mut line = String::with_capacity(USUAL);
    line.push_str("{\"timestamp\":\"");
    push_time(&mut line, SystemTime::now().into());
    line.push('"');
    push_text(&mut line, "level", level.as_str());
    line
}

/// What every line ends with.
pub(super) fn end(mut line: String, target: &str) -> String {
    push_text(&mut line, "target", target);
    line.push_str("}\n");
    line
}

/// Writes a member but the first: `,"name":"value"`.
pub(super) fn push_text(line: &mut String, name: &str, value: &str) {
    push_name(line, name);
    line.push('"');
    push_escaped(line, value);
    line.push('"');
}

/// Writes `,"name":`.
pub(super) fn push_name(line: &mut String, name: &str) {
    line.push_str(",\"");
    line.push_str(name);
    line.push_str("\":");
}

/// `2026-11-22T23:39:14.123456Z`. What the last line of this thread had too is not made once more.
fn push_time(line: &mut String, now: DateTime<Utc>) {
    /// Up to the second.
    type Second = [u8; 19];
    thread_local!(static LAST: Cell<(i64, Second)> = const { Cell::new((i64::MIN, [b'0'; 19])) });
    let (mut second, mut text) = LAST.get();
    if second != now.timestamp() {
        second = now.timestamp();
        // After the year 9999 it is longer, and no more right.
        let told = now.format("%FT%T").to_string();
        text = told.as_bytes().first_chunk().copied().unwrap_or(text);
        LAST.set((second, text));
    }
    line.push_str(str::from_utf8(&text).unwrap_or_default());
    line.push('.');
    // A leap second has more than a million of them.
    push_digits::<6>(line, now.timestamp_subsec_micros().min(999_999));
    line.push('Z');
}

/// So many digits, zeros in front.
pub(super) fn push_digits<const N: usize>(line: &mut String, mut left: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789"[(left % 10) as usize];
        left /= 10;
    }
    line.push_str(str::from_utf8(&digits).unwrap_or_default());
}

/// Writes the fields of an event: `,"name":` and the value.
struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> &mut String {
        push_name(self.0, field.name());
        self.0
    }

    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        // A string takes whatever it is given.
        let _ = write!(self.name(field), "{value}");
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let line = self.name(field);
        if let Some(thousandths) = thousandths(value) {
            let _ = write!(line, "{}.", thousandths / 1000);
            push_digits::<3>(line, thousandths % 1000);
        } else if value.is_finite() {
            let _ = write!(line, "{value:?}");
        } else {
            line.push_str("null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        push_text(self.0, field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let line = self.name(field);
        line.push('"');
        let _ = write!(Escaped(line), "{value:?}");
        line.push('"');
    }
}

/// A number of thousandths, where it is one: times are told so.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within what the type holds")]
#[expect(clippy::float_cmp, reason = "only what reads as the very same number")]
fn thousandths(value: f64) -> Option<u32> {
    let thousandths = (value * 1e3).round();
    let is_one = (0.0..=f64::from(u32::MAX)).contains(&thousandths) && thousandths / 1e3 == value;
    is_one.then_some(thousandths as u32)
}

/// Writes the inside of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// Writes what stands between the quotes of a JSON string.
fn push_escaped(line: &mut String, text: &str) {
    // Hardly any text has one: looked at without branches, many bytes at a time.
    if !text.bytes().fold(false, |any, byte| any | is_first(byte)) {
        line.push_str(text);
        return;
    }
    let mut plain = 0;
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| is_first(*byte)) {
        let Some(c) = text[at..].chars().next().filter(|c| matches!(c, '"' | '\\') || is_control(*c)) else {
            continue;
        };
        line.push_str(&text[plain..at]);
        plain = at + c.len_utf8();
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            other => {
                let _ = write!(line, "\\u{:04x}", u32::from(other));
            }
        }
    }
    line.push_str(&text[plain..]);
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
            push_time(&mut told, time);
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
                late = 12.007,
                tiny = 1e-7,
                third = -1.0 / 3.0,
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
            "level": "INFO", "message": "hello", "request.id": 7, "below": -1, "elapsed.ms": 0.25, "late": 12.007,
            "tiny": 1e-7, "third": -1.0 / 3.0, "nothing": null,
            "good": true, "name": "a \"b\" \\ \n \u{1} é \u{9b}31m\u{2028}â", "shown": "x\"y", "debugged": "[\"z\"]",
            "target": "jimm::telemetry::line::tests",
        });
        assert_eq!(line, expected);
    }
}
