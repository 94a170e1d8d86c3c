//! Frames as nearly everybody writes them: one object without blanks, known members once each, names and texts without
//! escapes. What is written otherwise is left to serde, complaints included; what is read here is what serde would read.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Text, Wire};

/// The members of a frame, or nothing: then serde has to read it.
pub(super) fn read(text: &str) -> Option<Wire<'_>> {
    let mut members = Members::default();
    let mut rest = members.take(text.strip_prefix('{')?)?;
    while let Some(next) = rest.strip_prefix(',') {
        rest = members.take(next)?;
    }
    let end = rest.strip_prefix('}')?;
    end.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).then_some(members.wire)
}

/// The members before the body of a response, or nothing where something else may come behind: of the body, only the ends
/// are looked at.
pub(super) fn read_head(text: &str) -> Option<Wire<'_>> {
    let mut members = Members::default();
    let mut rest = text.strip_prefix('{')?;
    while !rest.starts_with("\"response\":{") {
        rest = members.take(rest)?.strip_prefix(',')?;
    }
    let is_whole = rest.trim_ascii_end().ends_with("}}") && members.wire.request_id != 0;
    is_whole.then_some(members.wire)
}

/// What has been read of a frame.
#[derive(Default)]
struct Members<'a> {
    wire: Wire<'a>,
    /// A bit for each.
    seen: u16,
}

impl<'a> Members<'a> {
    /// Reads the next member, and gives what comes after it.
    fn take(&mut self, text: &'a str) -> Option<&'a str> {
        let wire = &mut self.wire;
        let (name, value) = quoted(text)?;
        let value = value.strip_prefix(':')?;
        let (member, rest) = match name {
            "request-id" => (1, put(&mut wire.request_id, number(value)?)),
            "type" => (1 << 1, put(&mut wire.facade, text_of(value)?)),
            "version" => {
                let (version, after) = number(value)?;
                (1 << 2, put(&mut wire.version, (Some(version.cast_signed()), after)))
            }
            "id" => (1 << 3, put(&mut wire.id, text_of(value)?)),
            "request" => (1 << 4, put(&mut wire.method, text_of(value)?)),
            "params" => (1 << 5, put(&mut wire.params, object(value)?)),
            "response" => (1 << 6, put(&mut wire.response, object(value)?)),
            "error" => (1 << 7, put(&mut wire.error, text_of(value)?)),
            "error-code" => (1 << 8, put(&mut wire.error_code, text_of(value)?)),
            _ => return None,
        };
        if self.seen & member != 0 {
            return None;
        }
        self.seen |= member;
        Some(rest)
    }
}

/// Keeps the value, and gives what comes after it.
fn put<'a, T>(into: &mut T, (value, after): (T, &'a str)) -> &'a str {
    *into = value;
    after
}

/// What is between quotes, and what comes after them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = text.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20)?;
    let after = text[end..].strip_prefix('"')?;
    Some((&text[..end], after))
}

fn text_of(text: &str) -> Option<(Text<'_>, &str)> {
    quoted(text).map(|(text, after)| (Text(Cow::Borrowed(text)), after))
}

/// A whole number that every type here has room for. That nothing of a number is left is seen by what has to follow.
fn number(text: &str) -> Option<(u64, &str)> {
    const DIGITS: usize = 18;
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let digits = &text[..end];
    if digits.is_empty() || digits.len() > DIGITS || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), &text[end..]))
}

/// A body: serde looks whether it is JSON.
fn object(text: &str) -> Option<(Option<&RawValue>, &str)> {
    if !text.starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some((Some(value), &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames of clients and controllers, byte for byte as these write them.
    const USUAL: &[&str] = &[
        r#"{"request-id":2,"type":"Block","version":2,"request":"List","params":{}}"#,
        r#"{"request-id":7,"type":"Client","version":8,"id":"","request":"FullStatus","params":{"patterns":[]}}"#,
        r#"{"type":"AllWatcher","request":"Next","version":3,"params":{},"request-id":5,"id":"1"}"#,
        "{\"request-id\":2,\"response\":{\"results\":[{\"n\":9007199254740993,\"s\":\"\\u2028}\"}]}}\n",
        "{\"request-id\":3,\"error\":\"kein Würfel\",\"error-code\":\"not found\",\"response\":{}}\n",
    ];
    /// For serde to read, or to refuse.
    const UNUSUAL: &[&str] = &[
        "{}",
        r#"{"request-id":01}"#,
        r#"{"request-id":1.5}"#,
        r#"{"request-id":1e2}"#,
        r#"{"request-id":-1}"#,
        r#"{"request-id":18446744073709551615,"response":{}}"#,
        r#"{"request-id":1,"request-id":2}"#,
        r#"{"request-id":1,"Id":"1"}"#,
        r#"{"request-id":1,"error":null}"#,
        r#"{"request-id":1,"error-info":{}}"#,
        r#"{"request-id":1,"params":null}"#,
        r#"{"request-id":1,"params":{"a":}}"#,
        r#"{"request-id":1,"params":{"a":1}"#,
        r#"{"request-id":1,"type":"a\"b"}"#,
        "{\"request-id\":1,\"type\":\"a\nb\"}",
        r#"{"request-id": 1}"#,
        r#"{"request-id":1,}"#,
        r#"{"request-id":1}}"#,
        r#"{"request-id":1}x"#,
    ];

    /// What is read here is what serde reads.
    fn agrees(text: &str) -> bool {
        let Some(plain) = read(text) else { return false };
        let serde: Wire<'_> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let texts = |wire: &Wire<'_>| {
            [&wire.facade, &wire.id, &wire.method, &wire.error, &wire.error_code].map(|text| text.0.to_string())
        };
        let bodies =
            |wire: &Wire<'_>| [wire.params, wire.response, wire.error_info].map(|body| body.map(RawValue::to_string));
        assert_eq!((plain.request_id, plain.version), (serde.request_id, serde.version), "{text}");
        assert_eq!((texts(&plain), bodies(&plain)), (texts(&serde), bodies(&serde)), "{text}");
        true
    }

    #[test]
    fn what_is_usual_is_read_and_the_rest_left_alone() {
        for text in USUAL {
            assert!(agrees(text), "{text}");
        }
        for text in UNUSUAL {
            assert!(read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn members_in_any_order(
            members in prop::collection::vec((0..11usize, 0..14usize), 0..8),
            end in prop::sample::select(vec!["}", "}\n", "} \t", "}}", "},", ""]),
        ) {
            const NAMES: [&str; 11] = [
                "request-id", "type", "version", "id", "Id", "request", "params", "response", "error", "error-code",
                "error-info",
            ];
            const VALUES: [&str; 14] = [
                "0", "7", "00", "123456789012345678", "1234567890123456789", "null", "\"\"", "\"Client\"", "\"é\\n\"",
                "{}", "{\"a\":[1,{\"b\":\"}\"}]}", "{\"a\":tru}", "[]", " {}",
            ];
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("\"{}\":{}", NAMES[*name], VALUES[*value])).collect();
            agrees(&format!("{{{}{end}", members.join(",")));
        }

        #[test]
        fn usual_ones_with_something_wrong(which in 0..USUAL.len(), at in any::<prop::sample::Index>(), what in "[ -~\n\u{0}é]{0,2}", cut in 0..3usize) {
            let text: Vec<char> = USUAL[which].chars().collect();
            let at = at.index(text.len());
            let after = text.iter().skip(at + cut);
            let text: String = text[..at].iter().copied().chain(what.chars()).chain(after.copied()).collect();
            agrees(&text);
        }
    }
}
