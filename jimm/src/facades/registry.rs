//! The one table of methods: facade, versions, method, the right it needs, the rule of its audit.
//!
//! From it come the facade list of a login, the dispatch, the audit policy and the access coverage test. A method that
//! is not in the table does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use jimm_proto::complaint::without_value;
use jimm_proto::params::admin::FacadeVersions;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};
use crate::session::CallContext;

pub use super::access::Access;

/// What the audit log may keep of a call's parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audit {
    /// Those that [`super::audited`] lists are kept; of the others type and length.
    Params,
    /// Of all of them type and length.
    NoParams,
}

/// The future of a handler.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Box<RawValue>>> + Send + 'a>>;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Method {
    /// The facade's name on the wire.
    pub facade: &'static str,
    /// The versions in which the method is served.
    pub versions: &'static [u32],
    /// The method's name on the wire.
    pub method: &'static str,
    /// The right it needs: see [`Access`].
    pub access: Access,
    /// What the audit may keep.
    pub audit: Audit,
    /// Decode, run, encode.
    pub run: for<'a> fn(&'a CallContext, &'a RawValue) -> Reply<'a>,
}

/// One row: `method!("Cloud", [7], "Clouds", Access::User, Audit::Params, clouds)`, where `clouds` is
/// `async fn(&CallContext, Args) -> Result<Answer>`. Methods without parameters take [`Empty`].
macro_rules! method {
    ($facade:expr, $versions:expr, $name:expr, $access:expr, $audit:expr, $run:path) => {
        $crate::facades::registry::Method {
            facade: $facade,
            versions: &$versions,
            method: $name,
            access: $access,
            audit: $audit,
            run: |ctx, params| {
                Box::pin(async move {
                    let args = $crate::facades::registry::decode(params)?;
                    $crate::facades::registry::encode(&$run(ctx, args).await?)
                })
            },
        }
    };
}
pub(crate) use method;

/// The parameters, or the answer, of a method that has none: `{}`.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, Serialize)]
pub struct Empty {}

/// Reads a method's parameters; `null` and an absent member read as `{}`. More than one call may be about is refused.
pub fn decode<T: DeserializeOwned>(params: &RawValue) -> Result<T> {
    let text = match params.get() {
        "null" => "{}",
        text => text,
    };
    // A list would be read as the members in their order.
    if !text.starts_with('{') {
        return Err(Error::bad_request("cannot read the parameters: not a JSON object"));
    }
    super::bulk::check(text)?;
    serde_json::from_str(text)
        .map_err(|e| Error::bad_request(format!("cannot read the parameters: {}", without_value(&e.to_string()))))
}

/// Writes a method's answer.
pub fn encode<T: Serialize>(answer: &T) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(answer).map_err(Error::internal)
}

/// A method that is served in this version, or the reason why the call goes nowhere, in Juju's words.
pub fn find(facade: &str, version: u32, method: &str) -> Result<&'static Method> {
    let of_facade = || rows().filter(|row| row.facade == facade);
    if let Some(row) = of_facade().find(|row| row.method == method && row.versions.contains(&version)) {
        return Ok(row);
    }
    let message = if of_facade().next().is_none() {
        format!("unknown object type {facade:?}")
    } else if !of_facade().any(|row| row.versions.contains(&version)) {
        format!("unknown version ({version}) of interface {facade:?}")
    } else {
        format!("no such request - method {facade}({version}).{method} is not implemented")
    };
    Err(Error::new(Kind::NotImplemented, message))
}

/// The facades of the controller connection and their versions, as a login result lists them: sorted, without gaps.
pub fn facades() -> Vec<FacadeVersions> {
    let mut facades = BTreeMap::<&str, BTreeSet<u32>>::new();
    for row in rows() {
        facades.entry(row.facade).or_default().extend(row.versions);
    }
    facades
        .into_iter()
        .map(|(name, versions)| FacadeVersions {
            name: name.to_owned(),
            versions: versions.into_iter().map(i64::from).collect(),
        })
        .collect()
}

/// All rows of the table.
pub fn rows() -> impl Iterator<Item = &'static Method> {
    super::table::TABLE.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facade_method_and_version_is_served_once() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(!row.versions.is_empty(), "{}.{} has no version", row.facade, row.method);
            for version in row.versions {
                assert!(
                    seen.insert((row.facade, version, row.method)),
                    "{}({version}).{} twice",
                    row.facade,
                    row.method
                );
            }
        }
    }

    #[test]
    fn a_wrong_value_is_not_repeated() {
        let told = |json: &str| {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            decode::<BTreeMap<String, u32>>(&raw).unwrap_err().message().to_owned()
        };
        let text = "cannot read the parameters: invalid type: string, expected u32 at line 1 column 16";
        assert_eq!(told(r#"{"a":"s3, expec"}"#), text);
        assert_eq!(told("[1]"), "cannot read the parameters: not a JSON object");
        assert!(told(r#"{"a":-77}"#).contains("invalid value: integer, expected u32"));
        assert!(decode::<Empty>(&RawValue::from_string("\"s3cret\"".to_owned()).unwrap()).is_err());
    }

    #[test]
    fn what_is_not_served_is_refused_in_jujus_words() {
        let refused = |facade, version, method| find(facade, version, method).err().expect("not served").to_wire();
        assert!(find("Pinger", 1, "Ping").is_ok());
        assert_eq!(refused("Nobody", 1, "Ping").message, "unknown object type \"Nobody\"");
        assert_eq!(refused("Pinger", 9, "Ping").message, "unknown version (9) of interface \"Pinger\"");
        let refused = refused("Pinger", 1, "Pong");
        assert_eq!(refused.message, "no such request - method Pinger(1).Pong is not implemented");
        assert_eq!(refused.code, "not implemented");
    }
}
