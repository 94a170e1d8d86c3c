//! The one table of methods: facade, versions, method, the right it needs, the rule of its audit.
//!
//! From it come the facade list of a login, the dispatch, the audit policy and the access coverage test. A method that
//! is not in the table does not exist.

use std::future::Future;
use std::pin::Pin;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::session::CallContext;

/// The right a caller needs before the method runs. `Checked` methods look at each argument, in the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Any logged-in user.
    User,
    /// Any logged-in user gets in; the use case checks every entity named in the arguments.
    Checked,
    /// An administrator of the broker.
    Admin,
    /// A user who may read the audit log.
    AuditViewer,
}

/// What the audit log may keep of a call's parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audit {
    /// Parameters are known to be free of secrets and are kept.
    Params,
    /// Only that the call was made.
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
    /// The right it needs.
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

/// Reads a method's parameters; `null` and an absent member read as `{}`.
pub fn decode<T: DeserializeOwned>(params: &RawValue) -> Result<T> {
    let text = match params.get() {
        "null" => "{}",
        text => text,
    };
    serde_json::from_str(text).map_err(|e| Error::bad_request(format!("cannot read the parameters: {e}")))
}

/// Writes a method's answer.
pub fn encode<T: Serialize>(answer: &T) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(answer).map_err(Error::internal)
}
