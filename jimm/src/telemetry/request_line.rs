//! The log line of an answered request, as JSON. For each line of any other kind there are a thousand of these, so what
//! all requests of a connection share is written once for all of them, and a line is made past `tracing`.

use std::time::Duration;

use tracing::Level;

use super::line::{begin, end, push_digits, push_name, push_text};

/// Members of a line that all requests of a connection share.
#[derive(Clone, Debug)]
pub(crate) struct SharedMembers(String);

impl SharedMembers {
    /// Writes those that there are.
    pub(crate) fn new(members: &[(&'static str, Option<&str>)]) -> Self {
        let mut text = String::new();
        for (name, value) in members {
            if let Some(value) = value {
                push_text(&mut text, name, value);
            }
        }
        Self(text)
    }
}

/// What a line says.
#[derive(Debug)]
pub(crate) struct RequestLine<'a> {
    /// Who asks, and where.
    pub(crate) shared: &'a SharedMembers,
    /// The module that tells of it.
    pub(crate) target: &'static str,
    pub(crate) id: u64,
    pub(crate) method: &'a str,
    /// `ok`, or the kind of failure.
    pub(crate) kind: &'a str,
    /// Causes that are not for the client.
    pub(crate) error: Option<&'a str>,
    pub(crate) code: &'a str,
    pub(crate) elapsed: Duration,
}

impl RequestLine<'_> {
    /// The line, with its end.
    pub(super) fn text(&self) -> String {
        let mut line = begin(Level::INFO);
        push_text(&mut line, "message", "request answered");
        line.push_str(&self.shared.0);
        push_name(&mut line, "request.id");
        line.push_str(itoa::Buffer::new().format(self.id));
        push_text(&mut line, "request.method", self.method);
        push_text(&mut line, "kind", self.kind);
        if let Some(error) = self.error {
            push_text(&mut line, "error", error);
        }
        push_text(&mut line, "error.code", self.code);
        push_name(&mut line, "elapsed.ms");
        push_millis(&mut line, self.elapsed);
        end(line, self.target)
    }
}

/// Milliseconds to the microsecond.
fn push_millis(line: &mut String, elapsed: Duration) {
    let micros = elapsed.as_nanos().saturating_add(500) / 1000;
    line.push_str(itoa::Buffer::new().format(micros / 1000));
    line.push('.');
    push_digits::<3>(line, u32::try_from(micros % 1000).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let shared = SharedMembers::new(&[
            ("conversation.id", Some("c1")),
            ("requester", Some("a\"\n\u{2028}@example.com")),
            ("model.uuid", None),
        ]);
        let line = RequestLine {
            shared: &shared,
            target: "jimm::x",
            id: u64::MAX,
            method: "Client(8).Full\"Status",
            kind: "not-found",
            error: Some("a \u{1b}[31m cause"),
            code: "not found",
            elapsed: Duration::from_nanos(12_007_499),
        };
        let text = line.text();
        assert!(text.ends_with("}\n") && text.matches('\n').count() == 1, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{2028}']) && text.contains("\"elapsed.ms\":12.007,"), "{text}");
        let mut read: Value = serde_json::from_str(&text).unwrap();
        let time = read.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
        let expected = json!({
            "level": "INFO", "message": "request answered", "conversation.id": "c1",
            "requester": "a\"\n\u{2028}@example.com", "request.id": u64::MAX, "request.method": "Client(8).Full\"Status",
            "kind": "not-found", "error": "a \u{1b}[31m cause", "error.code": "not found", "elapsed.ms": 12.007,
            "target": "jimm::x",
        });
        assert_eq!(read, expected);
        let fine = RequestLine { error: None, elapsed: Duration::from_nanos(999_999_500), ..line };
        assert!(!fine.text().contains("\"error\":") && fine.text().contains("\"elapsed.ms\":1000.000,"));
    }
}
