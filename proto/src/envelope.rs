//! Frames: one JSON object a message, request and response told apart by their members.
//!
//! Bodies (`params`, `response`, `error-info`) stay raw text: who only passes a frame on never pays for its body, and
//! nothing in it can change. Reading borrows from the frame; unknown members are ignored.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::params::common;

mod plain;

/// A request: somebody asks for `facade(version)[id].method(params)`.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Chosen by the asker, unique on its connection; from 1 upward.
    pub request_id: u64,
    /// `type` on the wire.
    pub facade: Cow<'a, str>,
    /// 0 when the client found no common version.
    pub version: u32,
    /// Of watcher-like objects; else empty.
    pub id: Cow<'a, str>,
    /// `request` on the wire.
    pub method: Cow<'a, str>,
    /// Absent and `{}` mean the same.
    pub params: Option<&'a RawValue>,
}

/// A response: `response`, or `error` with its code and info.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// The request's.
    pub request_id: u64,
    /// The result; Juju sends `{}` beside an error too.
    pub response: Option<&'a RawValue>,
    /// Empty means success.
    pub error: Cow<'a, str>,
    /// One of [`crate::error_code`], or empty.
    pub error_code: Cow<'a, str>,
    /// Details of some codes.
    pub error_info: Option<&'a RawValue>,
}

/// A message of either kind.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// Has `type` or `request`.
    Request(Request<'a>),
    /// Has neither.
    Response(Response<'a>),
}

/// A message that is no frame. Juju ends the connection on one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON, not an object, or a member of the wrong type.
    #[error("malformed frame: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The capitalised form from before Juju 2.0, or no `request-id` at all.
    #[error("frame without request-id")]
    NoRequestId,
}

impl<'a> Frame<'a> {
    /// Reads the envelope of a message.
    pub fn parse(text: &'a str) -> Result<Self, FrameError> {
        Self::of(plain::read(text).map_or_else(|| Wire::read(text), Ok)?)
    }

    /// The same for a response that is only passed on: where its body comes last, as Juju writes it, not a byte of that is
    /// read, and `response` is `None`. What is behind the head is taken for the body: who needs to know of an error makes
    /// sure that there is none.
    pub fn skim(text: &'a str) -> Result<Self, FrameError> {
        plain::read_head(text).map_or_else(|| Self::parse(text), Self::of)
    }

    fn of(wire: Wire<'a>) -> Result<Self, FrameError> {
        if wire.request_id == 0 {
            return Err(FrameError::NoRequestId);
        }
        if wire.facade.0.is_empty() && wire.method.0.is_empty() {
            return Ok(Self::Response(Response {
                request_id: wire.request_id,
                response: wire.response,
                error: wire.error.0,
                error_code: wire.error_code.0,
                error_info: wire.error_info,
            }));
        }
        Ok(Self::Request(Request {
            request_id: wire.request_id,
            facade: wire.facade.0,
            // Nobody serves a version beyond the type: it is as unknown as any other.
            version: wire.version.map_or(0, |version| u32::try_from(version).unwrap_or(u32::MAX)),
            id: wire.id.0,
            method: wire.method.0,
            params: wire.params,
        }))
    }
}

impl Response<'_> {
    /// The error as the parameter structs have it, when there is one.
    pub fn to_error(&self) -> Option<common::Error> {
        if self.error.is_empty() && self.error_code.is_empty() {
            return None;
        }
        let info = self.error_info.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        Some(common::Error {
            message: self.error.clone().into_owned(),
            code: self.error_code.clone().into_owned(),
            info,
        })
    }
}

/// The text of a request, ended by a newline as Go's peers do. Without parameters, `{}` is sent.
pub fn write_request(request: &Request<'_>) -> String {
    #[derive(Serialize)]
    struct Out<'a> {
        #[serde(rename = "request-id")]
        request_id: u64,
        r#type: &'a str,
        #[serde(skip_serializing_if = "is_zero")]
        version: u32,
        #[serde(skip_serializing_if = "str::is_empty")]
        id: &'a str,
        request: &'a str,
    }
    let head = Out {
        request_id: request.request_id,
        r#type: &request.facade,
        version: request.version,
        id: &request.id,
        request: &request.method,
    };
    finish(&head, "params", body_text(request.params))
}

/// The text of a successful response. An absent body, and `null`, is `{}`: clients depend on it.
pub fn write_response(request_id: u64, body: Option<&RawValue>) -> String {
    finish(&Id { request_id }, "response", body_text(body))
}

fn body_text(body: Option<&RawValue>) -> &str {
    body.map(RawValue::get).filter(|text| *text != "null").unwrap_or("{}")
}

/// The text of a failed response; `"response":{}` goes with it, as real controllers do and python-libjuju needs.
pub fn write_error(request_id: u64, error: &common::Error) -> String {
    // An empty text would read as success.
    let text = if error.message.is_empty() { "unknown error" } else { &error.message };
    let mut out = serde_json::Map::new();
    out.insert("request-id".into(), request_id.into());
    out.insert("error".into(), text.into());
    if !error.code.is_empty() {
        out.insert("error-code".into(), error.code.clone().into());
    }
    if !error.info.is_empty() {
        out.insert("error-info".into(), error.info.clone().into_iter().collect());
    }
    finish(&out, "response", "{}")
}

#[derive(Serialize)]
struct Id {
    #[serde(rename = "request-id")]
    request_id: u64,
}

/// Appends a raw member to an object that is otherwise written by serde.
fn finish<T: Serialize>(head: &T, member: &str, raw: &str) -> String {
    // The heads above are plain maps of strings and numbers: writing them cannot fail.
    let mut text = serde_json::to_string(head).unwrap_or_else(|_| "{".to_owned());
    text.pop();
    text.reserve(member.len() + raw.len() + 6);
    text.push_str(",\"");
    text.push_str(member);
    text.push_str("\":");
    text.push_str(raw);
    text.push_str("}\n");
    text
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[derive(Default, Deserialize)]
struct Wire<'a> {
    #[serde(rename = "request-id", default)]
    request_id: u64,
    #[serde(rename = "type", borrow, default)]
    facade: Text<'a>,
    #[serde(default)]
    version: Option<i64>,
    // Controllers do not look at the case of names, and python-libjuju writes this one so.
    #[serde(borrow, default, alias = "Id")]
    id: Text<'a>,
    #[serde(rename = "request", borrow, default)]
    method: Text<'a>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Text<'a>,
    #[serde(rename = "error-code", borrow, default)]
    error_code: Text<'a>,
    #[serde(rename = "error-info", borrow, default)]
    error_info: Option<&'a RawValue>,
}

impl<'a> Wire<'a> {
    /// However it is written.
    fn read(text: &'a str) -> Result<Self, FrameError> {
        // A list would be read as the members in their order.
        if !text.trim_start().starts_with('{') {
            return Err(FrameError::Malformed(de::Error::custom("not a JSON object")));
        }
        serde_json::from_str(text).map_err(FrameError::Malformed)
    }
}

/// A string that borrows when it can (no escapes), and reads `null` as empty.
#[derive(Default)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        de.deserialize_any(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request<'_> {
        match Frame::parse(text).expect("a frame") {
            Frame::Request(request) => request,
            Frame::Response(_) => panic!("not a request: {text}"),
        }
    }

    fn response(text: &str) -> Response<'_> {
        match Frame::parse(text).expect("a frame") {
            Frame::Response(response) => response,
            Frame::Request(_) => panic!("not a response: {text}"),
        }
    }

    #[test]
    fn a_request_borrows_and_keeps_its_body() {
        let text = r#"{"request-id":7,"type":"Client","version":8,"request":"FullStatus","params":{"patterns": null, "n":9007199254740993}}"#;
        let request = request(text);
        assert_eq!((request.request_id, request.version), (7, 8));
        assert!(matches!(request.facade, Cow::Borrowed("Client")));
        assert_eq!(request.params.expect("params").get(), r#"{"patterns": null, "n":9007199254740993}"#);
    }

    #[test]
    fn odd_but_legal_frames() {
        let r = request(
            r#"{"params":null,"request":"Pi\u006eg","type":"Pinger","request-id":1,"trace-id":"x","trace-flags":1}"#,
        );
        assert_eq!((r.method.as_ref(), r.version, r.params.is_none()), ("Ping", 0, true));
        let r = request(r#"{"request-id":1,"type":"StringsWatcher","version":null,"id":"9","request":"Next"}"#);
        assert_eq!(r.id, "9");
        let r = request(r#"{"type":"AllWatcher","request":"Next","version":3,"params":{},"Id":"1","request-id":5}"#);
        assert_eq!(r.id, "1");
        let r = response(r#"{"error":"no","error-code":"not found","request-id":3}"#);
        assert_eq!((r.error.as_ref(), r.response.is_none()), ("no", true));
        let r = response(r#"{"request-id":3,"error":null,"response":{}}"#);
        assert!(r.to_error().is_none());
    }

    #[test]
    fn what_is_no_frame() {
        for text in [
            "",
            "x",
            "[]",
            r#"[1,"Pinger",1,"","Ping"]"#,
            "{}",
            r#"{"request-id":-1}"#,
            r#"{"request-id":"1","type":"X"}"#,
            r#"{"RequestId":1,"Type":"X"}"#,
        ] {
            assert!(Frame::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_never_reads_as_success() {
        let text = write_error(4, &common::Error::default());
        assert!(response(&text).to_error().is_some());
        assert!(text.contains(r#""response":{}"#));
    }

    #[test]
    fn no_body_is_an_empty_one() {
        for body in [None, Some(RawValue::NULL)] {
            assert_eq!(write_response(4, body), "{\"request-id\":4,\"response\":{}}\n");
        }
    }

    #[test]
    fn the_body_of_what_is_skimmed_may_be_anything() {
        let skim = |text| match Frame::skim(text) {
            Ok(Frame::Response(response)) => Some(response),
            _ => None,
        };
        let skimmed = skim("{\"request-id\":3,\"response\":{\"a\":[1,\"}\"],\"b\":nonsense,\"error\":\"no\"}}\n");
        let skimmed = skimmed.expect("a response");
        assert_eq!((skimmed.request_id, skimmed.error.as_ref(), skimmed.response.is_none()), (3, "", true));
        let failed = skim(r#"{"request-id":4,"error":"kein Würfel","error-code":"not found","response":{}}"#);
        let failed = failed.expect("a response");
        assert_eq!((failed.error.as_ref(), failed.error_code.as_ref()), ("kein Würfel", "not found"));
        assert!(failed.response.is_none());
        for read in [
            // The body is not at the top, or within a string, or comes first or not last, or there is none.
            r#"{"request-id":3,"results":{"x":1,"response":{}}}"#,
            r#"{"request-id":3,"error":"x,\"response\":{}"}"#,
            r#"{"response":{},"request-id":3,"more":{}}"#,
            r#"{"request-id":3,"response":{},"error":"no"}"#,
            r#"{"request-id":3,"response":[{}]}"#,
            r#"{"request-id":3}"#,
            // It is cut off, or no response.
            r#"{"request-id":3,"response":{"#,
            r#"{"request-id":3,"response":{}"#,
            r#"{"error":"no id","response":{}}"#,
            r#"{"request-id":3,"error":"no","error-info":{"a":1},"response":{}}"#,
            "",
        ] {
            assert!(plain::read_head(read).is_none(), "{read}");
            assert_eq!(format!("{:?}", Frame::skim(read).ok()), format!("{:?}", Frame::parse(read).ok()), "{read}");
        }
    }

    #[test]
    fn an_error_keeps_its_code_and_info() {
        let mut error =
            common::Error { message: "a \"quoted\" text".into(), code: "access required".into(), ..Default::default() };
        error.info.insert("model-x".into(), "write".into());
        let text = write_error(4, &error);
        assert_eq!(response(&text).to_error(), Some(error));
    }
}
