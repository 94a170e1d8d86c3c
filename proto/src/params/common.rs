//! Parameter structs that every facade shares: errors, entities, plain results.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::serde_help::null_default;

/// Juju's `Error`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Error {
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default")]
    pub code: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub info: BTreeMap<String, Value>,
}

/// Juju's `ErrorResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ErrorResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ErrorResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ErrorResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ErrorResult>,
}

/// Juju's `Entity`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entity {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
}

/// Entries that a list or map in the parameters of one call to the broker has at most.
pub const MAX_ENTRIES: usize = 10_000;

/// Juju's `Entities`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entities {
    #[serde(default, deserialize_with = "null_default")]
    pub entities: Vec<Entity>,
}

/// Juju's `StringResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StringResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub result: String,
}

/// Juju's `StringResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StringResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<StringResult>,
}

/// Juju's `StringsResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StringsResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub result: Vec<String>,
}

/// Juju's `StringsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StringsResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<StringsResult>,
}

/// Juju's `MapResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MapResult {
    #[serde(default, deserialize_with = "null_default")]
    pub result: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `MapResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MapResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<MapResult>,
}
