//! YAML as the reference's command line writes it, byte for byte where scripts may depend on it.
//!
//! Go's writer quotes with `"`, does not indent lists below their key, and writes several lines as a `|` block; the
//! YAML libraries of this language choose otherwise. Only what JSON can hold is written here; reading is the
//! library's.

use std::fmt::Write;

use jimm_proto::time::GoTime;
use serde::Serialize;
use serde_norway::{Mapping, Value};

/// The text of `value`, ending with a newline.
pub(crate) fn to_string(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Mapping(map) if !map.is_empty() => write_map(&mut out, map, 0),
        Value::Sequence(items) if !items.is_empty() => write_list(&mut out, items, 0),
        scalar => {
            write_scalar(&mut out, scalar, 0);
            out.push('\n');
        }
    }
    out
}

fn write_map(out: &mut String, map: &Mapping, indent: usize) {
    for (n, (key, value)) in map.iter().enumerate() {
        if n > 0 {
            pad(out, indent);
        }
        write_scalar(out, key, indent);
        out.push(':');
        match value {
            Value::Mapping(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, indent + 2);
                write_map(out, inner, indent + 2);
            }
            Value::Sequence(items) if !items.is_empty() => {
                out.push('\n');
                pad(out, indent);
                write_list(out, items, indent);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar, indent);
                out.push('\n');
            }
        }
    }
}

fn write_list(out: &mut String, items: &[Value], indent: usize) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Mapping(inner) if !inner.is_empty() => write_map(out, inner, indent + 2),
            Value::Sequence(inner) if !inner.is_empty() => write_list(out, inner, indent + 2),
            scalar => {
                write_scalar(out, scalar, indent);
                out.push('\n');
            }
        }
    }
}

/// The tag of [`Moment`].
const MOMENT: &str = "time";

/// A moment in time, which is written without quotes; a text that looks like one has them.
#[derive(Serialize)]
pub(crate) enum Moment {
    /// That moment.
    #[serde(rename = "time")]
    At(GoTime),
}

fn write_scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Value::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Value::String(text) if is_block(text) => write_block(out, text, indent),
        Value::String(text) => out.push_str(&plain_or_quoted(text)),
        Value::Sequence(_) => out.push_str("[]"),
        Value::Mapping(_) => out.push_str("{}"),
        Value::Tagged(tagged) => match &tagged.value {
            Value::String(time) if tagged.tag == MOMENT => out.push_str(time),
            value => write_scalar(out, value, indent),
        },
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && text.lines().all(|l| !l.ends_with(' '))
        && text.chars().all(|c| c == '\n' || !c.is_control())
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    let (body, chomp) = match text.strip_suffix('\n') {
        Some(body) if body.ends_with('\n') => (body, "|+"),
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    out.push_str(chomp);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent + 2);
            out.push_str(line);
        }
    }
}

fn plain_or_quoted(text: &str) -> String {
    if needs_quotes(text) { quoted(text) } else { text.to_owned() }
}

fn needs_quotes(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    let reserved = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~" | "<<" | ".nan" | ".inf" | "-.inf"
    );
    reserved
        || "-?:,[]{}#&*!|>'\"%@`".contains(first) && !leading_dash_is_plain(text)
        || first == ' '
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || text.chars().any(char::is_control)
        || looks_like_number(text)
        || looks_like_time(text)
}

/// `-x`, `:x` and `?x` are plain scalars when no blank follows.
fn leading_dash_is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    matches!(chars.next(), Some('-' | ':' | '?')) && chars.next().is_some_and(|c| !c.is_whitespace() && c != '-')
}

fn looks_like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']).replace('_', "");
    let radix = |prefix: &str, radix: u32| {
        digits.strip_prefix(prefix).is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_digit(radix)))
    };
    let starts_like_one = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    starts_like_one && digits.parse::<f64>().is_ok() || radix("0x", 16) || radix("0o", 8) || radix("0b", 2)
}

/// A string that a YAML reader would take for a moment in time: `2026-11-20` or longer.
fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..].iter().all(|b| b.is_ascii_digit() || b"-:.TtZz+ ".contains(b))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! json { ($($t:tt)*) => { serde_json::from_str::<Value>(stringify!($($t)*)).expect("valid JSON") } }

    #[test]
    fn writes_as_the_reference_does() {
        let value = json!([{
            "name": "stub1",
            "publicaddress": "127.0.0.1:17071",
            "apiaddresses": ["127.0.0.1:17071"],
            "cacertificate": "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
            "username": "",
            "agentversion": "3.5.4",
            "status": {"status": "available", "info": "", "data": {}, "since": null}
        }]);
        let expected = "- name: stub1\n  publicaddress: 127.0.0.1:17071\n  apiaddresses:\n  - 127.0.0.1:17071\n  cacertificate: |\n    -----BEGIN CERTIFICATE-----\n    abc\n    -----END CERTIFICATE-----\n  username: \"\"\n  agentversion: 3.5.4\n  status:\n    status: available\n    info: \"\"\n    data: {}\n    since: null\n";
        assert_eq!(to_string(&value), expected);
    }

    #[test]
    fn a_moment_has_no_quotes_and_a_text_like_one_has() {
        #[derive(Serialize)]
        struct Row {
            at: Moment,
            text: &'static str,
        }
        let at = Moment::At(serde_norway::from_str("2026-11-20T23:44:34.792Z").expect("a time"));
        let row = serde_norway::to_value(Row { at, text: "2026-11-20" }).expect("YAML");
        assert_eq!(to_string(&row), "at: 2026-11-20T23:44:34.792Z\ntext: \"2026-11-20\"\n");
    }

    #[test]
    fn quotes_what_would_read_as_something_else() {
        for text in ["", "true", "null", "12", "1.5", "0x1f", "2026-11-20T23:45:57Z", "a: b", "#x", "- x", "x ", "@a"] {
            assert!(plain_or_quoted(text).starts_with('"'), "{text}");
        }
        for text in ["a-b", "user-x@example.com", "3.5.4", "127.0.0.1:17071", "-x", "model-1/2"] {
            assert_eq!(plain_or_quoted(text), text);
        }
    }

    #[test]
    fn reads_back_as_the_same_value() {
        let value = serde_json::json!({
            "a": ["x", {"b": null, "c": [1, 2.5, true]}, [["deep"]]],
            "block": "one\ntwo", "block2": "one\n\ntwo\n", "odd": " lead\nline", "tab": "a\tb", "key: odd": "\u{1b}[31m",
            "empty": {}, "none": [], "text": "it's \"quoted\" \\ here", "time": "2026-01-01", "yes": "no",
        });
        let value = serde_norway::to_value(value).expect("a value");
        let back: Value = serde_norway::from_str(&to_string(&value)).expect("valid YAML");
        assert_eq!(back, value);
    }
}
