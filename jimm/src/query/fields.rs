//! A JSON object in the making: members that are empty are left out, as Juju's client leaves them out.

use std::collections::BTreeMap;

use jimm_proto::time::GoTime;
use serde_json::{Map, Value};

/// The members.
#[derive(Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A member that is there in any case.
    pub(super) fn put(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// A member that is there when it says something.
    pub(super) fn some(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::Bool(it) => !it,
            Value::Number(it) => it.as_i64() == Some(0),
            Value::String(it) => it.is_empty(),
            Value::Array(it) => it.is_empty(),
            Value::Object(it) => it.is_empty(),
        };
        if !empty {
            self.0.insert(key.to_owned(), value);
        }
        self
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A map by name.
pub(super) fn map<T>(items: &BTreeMap<String, T>, show: impl Fn(&T) -> Value) -> Value {
    Value::Object(items.iter().map(|(name, item)| (name.clone(), show(item))).collect())
}

/// A moment, as Juju's client writes it where it is not told otherwise.
pub(super) fn moment(at: Option<GoTime>) -> String {
    at.map(|at| at.0.format("%d %b %Y %H:%M:%SZ").to_string()).unwrap_or_default()
}

/// A tag without its kind.
pub(super) fn id(tag: &str) -> &str {
    tag.split_once('-').map_or(tag, |(_, id)| id)
}
