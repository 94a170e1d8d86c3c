//! Parameter structs of `ModelConfig`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::serde_help::null_default;

/// Juju's `ModelConfigResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelConfigResults {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, ConfigValue>,
}

/// Juju's `ModelSet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSet {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ModelUnset`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUnset {
    #[serde(default, deserialize_with = "null_default")]
    pub keys: Vec<String>,
}

/// Juju's `ModelSequencesResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSequencesResult {
    #[serde(default, deserialize_with = "null_default")]
    pub sequences: BTreeMap<String, i64>,
}

/// Juju's `GetConstraintsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GetConstraintsResults {
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
}

/// Juju's `SetConstraints`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetConstraints {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
}

/// Juju's `ConfigValue`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigValue {
    #[serde(default, deserialize_with = "null_default")]
    pub value: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub source: String,
}
