//! What a method of the controller connection is: its row of the table, and how parameters and answers are read and
//! written. Which there are is [`super::registry`]'s to know.

use std::future::Future;
use std::pin::Pin;

use jimm_proto::complaint::without_value;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::CallContext;
use crate::error::{Error, Result};

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
        $crate::facades::method::Method {
            facade: $facade,
            versions: &$versions,
            method: $name,
            access: $access,
            audit: $audit,
            run: |ctx, params| {
                Box::pin(async move {
                    let args = $crate::facades::method::decode(params)?;
                    $crate::facades::method::encode(&$run(ctx, args).await?)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

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
}
