//! What must hold for any text from a peer. Shared by the property tests and the fuzz targets.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use jimm_proto::envelope::{Frame, Request, Response, write_error, write_request, write_response};
use jimm_proto::names::{ApplicationName, CloudName, ControllerName, CredentialName, ModelName, OfferUrl, UserName};
use jimm_proto::tags::Tag;
use jimm_proto::time::GoTime;
use jimm_proto::version::AgentVersion;
use serde_json::value::RawValue;

/// A frame that we read, we also write such that it reads the same, bodies byte for byte.
pub(crate) fn frame(text: &str) {
    assert!(Frame::skim(text).is_ok() || Frame::parse(text).is_err(), "{text}");
    match Frame::parse(text) {
        Ok(Frame::Request(request)) => request_again(&request),
        Ok(Frame::Response(response)) => response_again(&response),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

pub(crate) fn request_again(request: &Request<'_>) {
    let text = write_request(request);
    assert!(text.ends_with("}\n"));
    let Ok(Frame::Request(again)) = Frame::parse(&text) else { panic!("not a request: {text}") };
    assert_eq!(again.request_id, request.request_id);
    assert_eq!((&again.facade, again.version), (&request.facade, request.version));
    assert_eq!((&again.id, &again.method), (&request.id, &request.method));
    assert_eq!(again.params.map(RawValue::get), Some(body(request.params)));
}

/// No body, and `null`, are written as an empty one.
fn body(raw: Option<&RawValue>) -> &str {
    raw.map(RawValue::get).filter(|text| *text != "null").unwrap_or("{}")
}

pub(crate) fn response_again(response: &Response<'_>) {
    let text = match response.to_error() {
        Some(error) => write_error(response.request_id, &error),
        None => write_response(response.request_id, response.response),
    };
    let Ok(Frame::Response(again)) = Frame::parse(&text) else { panic!("not a response: {text}") };
    assert_eq!(again.request_id, response.request_id);
    // Without a look at the body it says the same.
    let Ok(Frame::Response(skimmed)) = Frame::skim(&text) else { panic!("not a response: {text}") };
    let head = |of: &Response<'_>| (of.request_id, of.error.to_string(), of.error_code.to_string());
    assert_eq!(head(&skimmed), head(&again), "{text}");
    // As controllers write it, with a number that a client ever gets to.
    let is_usual =
        again.error.is_empty() && body(response.response).starts_with('{') && again.request_id < 10_u64.pow(18);
    assert!(skimmed.response.is_none() || !is_usual, "{text}");
    match (response.to_error(), again.to_error()) {
        (Some(error), Some(again)) => {
            assert_eq!((error.code, error.info), (again.code, again.info));
            assert!(error.message.is_empty() || error.message == again.message);
            // python-libjuju needs the member beside an error.
            assert!(text.ends_with("\"response\":{}}\n"));
        }
        (None, None) => {
            assert_eq!(again.response.map(RawValue::get), Some(body(response.response)));
        }
        (error, again) => panic!("{error:?} became {again:?}"),
    }
}

/// A text that reads as a tag, name, version or time is written such that it reads as the same.
pub(crate) fn words(text: &str) {
    again::<Tag>(text);
    again::<UserName>(text);
    again::<ModelName>(text);
    again::<CloudName>(text);
    again::<CredentialName>(text);
    again::<ControllerName>(text);
    again::<ApplicationName>(text);
    again::<OfferUrl>(text);
    again::<AgentVersion>(text);
    time(text);
}

fn again<T: FromStr<Err: Debug> + Display + Debug + PartialEq>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    let written = value.to_string();
    match written.parse::<T>() {
        Ok(read) => assert_eq!(read, value, "{text:?} was written as {written:?}"),
        Err(error) => panic!("{text:?} was written as {written:?}: {error:?}"),
    }
}

fn time(text: &str) {
    let Ok(time) = serde_json::from_value::<GoTime>(text.into()) else { return };
    let written = serde_json::to_value(time).expect("written");
    assert_eq!(serde_json::from_value::<GoTime>(written.clone()).ok(), Some(time), "{text:?} became {written}");
}
