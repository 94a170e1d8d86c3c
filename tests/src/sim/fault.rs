//! How a call fails on the wire.

use jimm_proto::error_code;
use jimm_proto::params::common::Error;
use serde_json::{Value, json};

/// A failed call.
#[derive(Clone, Debug)]
pub(super) struct Fault(pub(super) Error);

pub(super) type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    pub(super) fn new(message: impl Into<String>, code: &str) -> Self {
        Self(Error { message: message.into(), code: code.to_owned(), ..Error::default() })
    }

    /// A token lacks a right: the info maps one tag to the missing level.
    pub(super) fn access_required(tag: &str, level: &str) -> Self {
        let mut fault =
            Self::new(format!("access permissions required: map[{tag}:{level}]"), error_code::ACCESS_REQUIRED);
        fault.0.info.insert(tag.to_owned(), json!(level));
        fault
    }

    pub(super) fn denied() -> Self {
        Self::new("permission denied", error_code::UNAUTHORIZED)
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(what, error_code::NOT_FOUND)
    }

    pub(super) fn bad(what: impl Into<String>) -> Self {
        Self::new(what, "")
    }

    /// As an entry of a bulk answer.
    pub(super) fn entry(&self) -> Value {
        json!({"error": self.0})
    }
}

impl From<jimm_bakery::Error> for Fault {
    fn from(error: jimm_bakery::Error) -> Self {
        Self::bad(error.to_string())
    }
}

/// A bulk answer: one entry an argument, `{}` for plain success.
pub(super) fn results<T>(args: impl IntoIterator<Item = T>, mut each: impl FnMut(T) -> Result<Value>) -> Value {
    let entries: Vec<Value> = args.into_iter().map(|arg| each(arg).unwrap_or_else(|fault| fault.entry())).collect();
    json!({"results": entries})
}

/// The items of an array parameter; `null` and absence are empty.
pub(super) fn items<'a>(params: &'a Value, key: &str) -> Vec<&'a Value> {
    params.get(key).and_then(Value::as_array).map(|a| a.iter().collect()).unwrap_or_default()
}

/// A string parameter; `null` and absence are empty.
pub(super) fn text<'a>(params: &'a Value, key: &str) -> &'a str {
    params.get(key).and_then(Value::as_str).unwrap_or_default()
}
