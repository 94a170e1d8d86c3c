//! Parameters as the audit log may have them: what the list of safe fields names is kept, everything else becomes its
//! type and length. One pass over the text, no tree is built.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Parameters that are longer are not looked into.
const LONGEST: usize = 64 * 1024;
/// What is kept of one text, of one list, of one object, and of all of it.
const TEXT: usize = 256;
const ITEMS: usize = 100;
const MEMBERS: usize = 50;
const ALL: usize = 16 * 1024;

/// What may be kept at some place of the parameters.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Texts, numbers and truth values here.
    keep: bool,
    /// What is below, by name.
    below: Vec<(&'static str, Fields)>,
}

impl Fields {
    /// What may be kept of a member.
    fn member(&self, name: &str) -> Option<&Self> {
        self.below.iter().find(|(known, _)| *known == name).map(|(_, fields)| fields)
    }

    /// Whether there is anything below.
    fn is_object(&self) -> bool {
        !self.below.is_empty()
    }

    /// Lets the texts, numbers and truth values at the end of a path be kept: `changes.user-tag`.
    pub(crate) fn add(&mut self, path: &'static str) {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let at = self.below.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.below.push((name, Self::default()));
            self.below.len() - 1
        });
        let below = &mut self.below[at].1;
        match rest {
            Some(rest) => below.add(rest),
            None => below.keep = true,
        }
    }
}

/// The parameters with everything replaced that is not listed, as JSON; `None` where there are none.
pub(crate) fn redacted(params: &str, fields: Option<&Fields>) -> Option<Box<str>> {
    let params = params.trim();
    if matches!(params, "" | "null" | "{}") {
        return None;
    }
    let mut out = String::with_capacity(64);
    if params.len() <= LONGEST && params.starts_with('{') {
        let mut de = serde_json::Deserializer::from_str(params);
        let none = Fields::default();
        let kept = Redactor { out: &mut out, fields: Some(fields.unwrap_or(&none)), top: true };
        if kept.deserialize(&mut de).is_ok() && de.end().is_ok() {
            return (out != "{}").then(|| out.into_boxed_str());
        }
        out.clear();
    }
    let _ = write!(out, "{{\"(parameters)\":\"({} bytes)\"}}", params.len());
    Some(out.into_boxed_str())
}

struct Redactor<'a> {
    out: &'a mut String,
    /// What may be kept here.
    fields: Option<&'a Fields>,
    top: bool,
}

impl Redactor<'_> {
    fn keeps(&self) -> bool {
        self.fields.is_some_and(|fields| fields.keep) && self.out.len() < ALL
    }

    fn looks_below(&self) -> bool {
        (self.top || self.fields.is_some_and(Fields::is_object)) && self.out.len() < ALL
    }
}

/// Writes a text so that no terminal and no log obeys it, and not more of it than a little.
fn told(out: &mut String, text: &str) {
    out.push('"');
    for (n, c) in text.chars().enumerate() {
        if n == TEXT {
            let _ = write!(out, "… ({} bytes)", text.len());
            break;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_marked(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Characters that turn the order of others around, or break lines.
fn is_marked(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A member's name, unless it looks like something else than one.
fn name(out: &mut String, name: &str) {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.is_empty() && name.len() <= 40 && name.bytes().all(is_name) {
        let _ = write!(out, "\"{name}\":");
    } else {
        let _ = write!(out, "\"(name, {} bytes)\":", name.len());
    }
}

impl<'de> DeserializeSeed<'de> for Redactor<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Redactor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.out.push_str("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        if self.keeps() {
            let _ = write!(self.out, "{value}");
        } else {
            self.out.push_str("\"(bool)\"");
        }
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        if self.keeps() {
            let _ = write!(self.out, "{value}");
        } else {
            self.out.push_str("\"(number)\"");
        }
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        if self.keeps() && value.is_finite() {
            let _ = write!(self.out, "{value:?}");
        } else {
            self.out.push_str("\"(number)\"");
        }
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if self.keeps() {
            told(self.out, value);
        } else {
            let _ = write!(self.out, "\"(text, {} bytes)\"", value.len());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.keeps() && !self.looks_below() {
            let mut count = 0_usize;
            while items.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            let _ = write!(self.out, "\"(list, {count} items)\"");
            return Ok(());
        }
        self.out.push('[');
        let mut count = 0_usize;
        loop {
            let at = self.out.len();
            if count > 0 {
                self.out.push(',');
            }
            let more = if count < ITEMS && self.out.len() < ALL {
                let item = Redactor { out: &mut *self.out, fields: self.fields, top: false };
                items.next_element_seed(item)?.is_some()
            } else {
                let mut rest = 0_usize;
                while items.next_element::<IgnoredAny>()?.is_some() {
                    rest += 1;
                }
                if rest > 0 {
                    let _ = write!(self.out, "\"({rest} more)\"]");
                    return Ok(());
                }
                false
            };
            if !more {
                self.out.truncate(at);
                break;
            }
            count += 1;
        }
        self.out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if !self.looks_below() {
            let mut count = 0_usize;
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                count += 1;
            }
            let _ = write!(self.out, "\"(object, {count} members)\"");
            return Ok(());
        }
        self.out.push('{');
        let (mut count, mut rest) = (0_usize, 0_usize);
        while let Some(key) = members.next_key::<std::borrow::Cow<'_, str>>()? {
            if count == MEMBERS || self.out.len() >= ALL {
                members.next_value::<IgnoredAny>()?;
                rest += 1;
                continue;
            }
            self.out.push_str(if count == 0 { "" } else { "," });
            name(self.out, &key);
            let below = self.fields.and_then(|fields| fields.member(&key));
            members.next_value_seed(Redactor { out: &mut *self.out, fields: below, top: false })?;
            count += 1;
        }
        if rest > 0 {
            let _ = write!(self.out, ",\"(more)\":{rest}");
        }
        self.out.push('}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::facades::audited;

    fn kept(facade: &str, method: &str, params: &str) -> Value {
        let text = redacted(params, audited::own(facade, method)).expect("parameters");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn what_is_listed_is_kept_and_nothing_else() {
        let params = r#"{"changes":[{"user-tag":"user-a","note":"s3cret","action":"grant"}],"x":{"y":"s3cret"},"n":7}"#;
        let expected = serde_json::json!({
            "changes": [{"user-tag": "user-a", "note": "(text, 6 bytes)", "action": "grant"}],
            "x": "(object, 1 members)", "n": "(number)",
        });
        assert_eq!(kept("ModelManager", "ModifyModelAccess", params), expected);
        let nothing = redacted(params, None).expect("parameters");
        assert_eq!(&*nothing, r#"{"changes":"(list, 1 items)","x":"(object, 1 members)","n":"(number)"}"#);
    }

    #[test]
    fn a_listed_name_keeps_no_object() {
        let params = r#"{"name":{"password":"s3cret"},"force":["s3cret",{"a":"s3cret"}]}"#;
        let text = kept("JIMM", "RemoveController", params).to_string();
        assert_eq!(text, r#"{"force":["s3cret","(object, 1 members)"],"name":"(object, 1 members)"}"#);
    }

    #[test]
    fn it_is_bounded_and_harmless() {
        let long = "x".repeat(10_000);
        let told = kept("JIMM", "AddGroup", &format!(r#"{{"name":"a\n\u001b[31m\u202e{long}"}}"#));
        let name = told["name"].as_str().expect("a text");
        assert!(name.starts_with("a\u{fffd}\u{fffd}[31m\u{fffd}xxx") && name.ends_with("… (10010 bytes)"), "{name}");
        let many = format!(r#"{{"tuples":[{}1]}}"#, r#"{"object":"o"},"#.repeat(3000));
        let told = kept("JIMM", "AddRelation", &many);
        assert_eq!(told["tuples"].as_array().expect("a list").len(), ITEMS + 1);
        assert_eq!(told["tuples"][ITEMS], "(2901 more)");
        for params in ["[1]", "\"x\"", &format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST)), "{\"a\":"] {
            let text = redacted(params, None).expect("parameters");
            assert_eq!(&*text, format!("{{\"(parameters)\":\"({} bytes)\"}}", params.len()));
        }
        let names = format!("{{{}}}", (0..200).map(|n| format!("\"s3cret name {n}\":1")).collect::<Vec<_>>().join(","));
        let text = redacted(&names, None).expect("parameters");
        assert!(!text.contains("s3cret") && text.contains("\"(more)\":150"), "{text}");
        assert!(redacted("{}", None).is_none() && redacted(" null ", None).is_none());
    }
}
