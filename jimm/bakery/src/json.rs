//! Macaroons as JSON, with the long names of V1 or the short ones of V2.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::binary::checked;
use crate::bytes::{read_base64, write_base64};
use crate::error::{Error, Result};
use crate::macaroon::{Caveat, Format, Macaroon};
use crate::{LONGEST, MOST_CAVEATS};

#[derive(Deserialize, Serialize)]
struct V1 {
    #[serde(default)]
    caveats: Option<Vec<CaveatV1>>,
    #[serde(default)]
    location: String,
    identifier: String,
    signature: String,
}

#[derive(Deserialize, Serialize)]
struct CaveatV1 {
    cid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vid: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    cl: String,
}

/// Of each pair of members the second is the first in base64.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct V2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<Vec<CaveatV2>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    l: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    i64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s64: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct CaveatV2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    i64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v64: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    l: String,
}

/// Reads a macaroon of either version.
pub fn read_json(value: &Value) -> Result<Macaroon> {
    let is_v1 = value.get("identifier").is_some() || value.get("signature").is_some();
    let macaroon = if is_v1 { read_v1(value) } else { read_v2(value) }?;
    let length: usize = macaroon.caveats.iter().map(|it| it.id.len() + it.location.len()).sum();
    if length + macaroon.id.len() + macaroon.location.len() > LONGEST {
        return Err(Error::TooLong("macaroon"));
    }
    Ok(macaroon)
}

/// Writes a macaroon in its own version. What is no text has no place in V1.
pub fn write_json(macaroon: &Macaroon) -> Result<Value> {
    let written = match macaroon.format {
        Format::V1 => serde_json::to_value(to_v1(macaroon)?),
        Format::V2 => serde_json::to_value(to_v2(macaroon)),
    };
    written.map_err(|_| Error::Form("the macaroon cannot be written as JSON"))
}

fn wrong<E>(_: E) -> Error {
    Error::Form("the macaroon is not in a form that is known")
}

fn bounded<T>(caveats: Option<Vec<T>>) -> Result<Vec<T>> {
    let caveats = caveats.unwrap_or_default();
    if caveats.len() > MOST_CAVEATS { Err(Error::TooMany("caveats")) } else { Ok(caveats) }
}

fn read_v1(value: &Value) -> Result<Macaroon> {
    let read = V1::deserialize(value).map_err(wrong)?;
    let mut caveats = Vec::new();
    for caveat in bounded(read.caveats)? {
        let vid = caveat.vid.filter(|vid| !vid.is_empty());
        let verification_id = vid.as_deref().map(read_base64).transpose()?;
        caveats.push(checked(Caveat { id: caveat.cid.into_bytes(), verification_id, location: caveat.cl })?);
    }
    let signature = hex::decode(read.signature).map_err(wrong)?.try_into().map_err(wrong)?;
    let id = read.identifier.into_bytes();
    Ok(Macaroon { format: Format::V1, location: read.location, id, caveats, signature })
}

fn read_v2(value: &Value) -> Result<Macaroon> {
    let read = V2::deserialize(value).map_err(wrong)?;
    let mut caveats = Vec::new();
    for caveat in bounded(read.c)? {
        let id = either(caveat.i, caveat.i64.as_deref())?.ok_or(Error::Form("a caveat has no id"))?;
        let verification_id = either(caveat.v, caveat.v64.as_deref())?.filter(|sealed| !sealed.is_empty());
        caveats.push(checked(Caveat { id, verification_id, location: caveat.l })?);
    }
    let id = either(read.i, read.i64.as_deref())?.ok_or(Error::Form("the macaroon has no identifier"))?;
    let signature = either(read.s, read.s64.as_deref())?.ok_or(Error::Form("the macaroon has no signature"))?;
    let signature = signature.try_into().map_err(wrong)?;
    Ok(Macaroon { format: Format::V2, location: read.l, id, caveats, signature })
}

fn either(text: Option<String>, encoded: Option<&str>) -> Result<Option<Vec<u8>>> {
    match (text, encoded) {
        (Some(_), Some(_)) => Err(Error::Form("a value is given as text and in base64")),
        (Some(text), None) => Ok(Some(text.into_bytes())),
        (None, Some(encoded)) => read_base64(encoded).map(Some),
        (None, None) => Ok(None),
    }
}

fn to_v1(macaroon: &Macaroon) -> Result<V1> {
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| Error::Form("the macaroon has an id that is no text"))
    };
    let caveat = |caveat: &Caveat| {
        let vid = caveat.verification_id.as_deref().map(write_base64);
        Ok(CaveatV1 { cid: text(&caveat.id)?, vid, cl: caveat.location.clone() })
    };
    Ok(V1 {
        caveats: Some(macaroon.caveats.iter().map(caveat).collect::<Result<_>>()?),
        location: macaroon.location.clone(),
        identifier: text(&macaroon.id)?,
        signature: hex::encode(macaroon.signature),
    })
}

fn to_v2(macaroon: &Macaroon) -> V2 {
    let parts = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(write_base64(bytes))),
    };
    let caveat = |caveat: &Caveat| {
        let (i, i64) = parts(&caveat.id);
        let v64 = caveat.verification_id.as_deref().map(write_base64);
        CaveatV2 { i, i64, v: None, v64, l: caveat.location.clone() }
    };
    let (i, i64) = parts(&macaroon.id);
    V2 {
        c: (!macaroon.caveats.is_empty()).then(|| macaroon.caveats.iter().map(caveat).collect()),
        l: macaroon.location.clone(),
        i,
        i64,
        s: None,
        s64: Some(write_base64(&macaroon.signature)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_come_back() {
        for (format, id) in [(Format::V1, &b"theirs"[..]), (Format::V2, &[0xff, 0])] {
            let mut macaroon = Macaroon::new(b"key", "some id", "here", format);
            macaroon.add_first_party("time-before 2030");
            macaroon.add_third_party(b"third", id, "https://elsewhere");
            let written = write_json(&macaroon).expect("written");
            assert_eq!(read_json(&written), Ok(macaroon), "{written}");
        }
        let binary = Macaroon::new(b"key", [0xff], "here", Format::V1);
        assert!(write_json(&binary).is_err());
    }

    #[test]
    fn what_is_wrong_is_not_read() {
        let s64 = write_base64(&[0; 32]);
        for value in [
            json!(null),
            json!({}),
            json!([]),
            json!({"i": "x"}),
            json!({"i": "x", "s64": "AA"}),
            json!({"i": "x", "i64": "AA", "s64": s64}),
            json!({"i": "x", "s64": s64, "c": [{}]}),
            json!({"i": "x", "s64": s64, "c": [{"i": "y", "l": "https://elsewhere"}]}),
            json!({"i": "x", "s64": s64, "c": vec![json!({"i": "y"}); 1000]}),
            json!({"identifier": "x", "signature": "00"}),
            json!({"identifier": "x", "signature": "zz".repeat(32)}),
            json!({"identifier": 1, "signature": "00".repeat(32)}),
        ] {
            assert!(read_json(&value).is_err(), "{value}");
        }
    }
}
