//! What `ModelManager` (versions 9 to 11) tells of a model: in full, and in a summary.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::Error;
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Juju's `ModelInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub is_controller: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_type: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_series: Option<String>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_base: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_credential_tag: String,
    /// Absent when the controller does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_credential_validity: Option<bool>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub users: Vec<ModelUserInfo>,
    #[serde(default, deserialize_with = "null_default")]
    pub machines: Vec<ModelMachineInfo>,
    #[serde(default, deserialize_with = "null_default")]
    pub secret_backends: Vec<SecretBackendResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<ModelMigrationStatus>,
    /// Juju 3.6 only.
    #[serde(default)]
    pub sla: Option<ModelSLAInfo>,
    #[serde(default)]
    pub agent_version: Option<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub supported_features: Vec<SupportedFeature>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_controller: Option<String>,
}

/// Juju's `ModelInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ModelInfoResult>,
}

/// Juju's `ModelSummariesRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummariesRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub all: bool,
}

/// Juju's `ModelSummaryResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummaryResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ModelSummaryResult>,
}

/// Juju's `EntityStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EntityStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub info: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
    #[serde(default)]
    pub since: Option<GoTime>,
}

/// Juju's `ModelUserInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUserInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub user: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default)]
    pub last_connection: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `ModelMachineInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelMachineInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<MachineHardware>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_vote: Option<bool>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants_vote: Option<bool>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ha_primary: Option<bool>,
}

/// Juju's `SecretBackendResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretBackendResult {
    #[serde(default, deserialize_with = "null_default")]
    pub result: SecretBackend,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub num_secrets: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelMigrationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelMigrationStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default)]
    pub start: Option<GoTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<GoTime>,
}

/// Juju's `ModelSLAInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSLAInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub level: String,
    #[serde(default, deserialize_with = "null_default")]
    pub owner: String,
}

/// Juju's `SupportedFeature`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupportedFeature {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// Juju's `ModelInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ModelInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelSummaryResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummaryResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ModelSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelEntityCount`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelEntityCount {
    #[serde(default, deserialize_with = "null_default")]
    pub entity: String,
    #[serde(default, deserialize_with = "null_default")]
    pub count: i64,
}

/// Juju's `MachineHardware`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MachineHardware {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub arch: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub mem: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub root_disk: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub cores: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub cpu_power: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub availability_zone: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub virt_type: String,
}

/// Juju's `SecretBackend`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretBackend {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub backend_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub token_rotate_interval: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ModelSummary`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummary {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub is_controller: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_type: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_series: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_credential_tag: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub user_access: String,
    #[serde(default)]
    pub last_connection: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub counts: Vec<ModelEntityCount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<ModelMigrationStatus>,
    /// Juju 3.6 only.
    #[serde(default)]
    pub sla: Option<ModelSLAInfo>,
    #[serde(default)]
    pub agent_version: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}
