//! Parameter structs of `ModelUpgrader`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use serde::{Deserialize, Serialize};

use super::common::Error;
use super::serde_help::{is_false, null_default};

/// Juju's `UpgradeModelParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeModelParams {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_version: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub agent_stream: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub ignore_agent_versions: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// Juju's `UpgradeModelResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeModelResult {
    #[serde(default, deserialize_with = "null_default")]
    pub chosen_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}
