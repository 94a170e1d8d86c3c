//! Parameter structs of `ModelManager` (versions 9 to 11).
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{Entity, Error};
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Juju's `ModelCreateArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelCreateArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub credential: String,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_controller: Option<String>,
}

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

/// Juju's `UserModelList`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserModelList {
    #[serde(default, deserialize_with = "null_default")]
    pub user_models: Vec<UserModel>,
}

/// Juju's `DestroyModelsParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyModelsParams {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<DestroyModelParams>,
}

/// Juju's `ModifyModelAccessRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyModelAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub changes: Vec<ModifyModelAccess>,
}

/// Juju's `ModelStatusResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelStatusResults {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<ModelStatus>,
}

/// Juju's `DumpModelRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DumpModelRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub entities: Vec<Entity>,
    #[serde(default, deserialize_with = "null_default")]
    pub simplified: bool,
}

/// Juju's `ModelDefaultsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelDefaultsResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ModelDefaultsResult>,
}

/// Juju's `SetModelDefaults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetModelDefaults {
    #[serde(default, deserialize_with = "null_default")]
    pub config: Vec<ModelDefaultValues>,
}

/// Juju's `UnsetModelDefaults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnsetModelDefaults {
    #[serde(default, deserialize_with = "null_default")]
    pub keys: Vec<ModelUnsetKeys>,
}

/// Juju's `ChangeModelCredentialsParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeModelCredentialsParams {
    #[serde(default, deserialize_with = "null_default")]
    pub model_credentials: Vec<ChangeModelCredentialParams>,
}

/// Juju's `ValidateModelUpgradeParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ValidateModelUpgradeParams {
    #[serde(default, deserialize_with = "null_default")]
    pub model: Vec<ModelParam>,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
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

/// Juju's `UserModel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserModel {
    #[serde(default, deserialize_with = "null_default")]
    pub model: Model,
    #[serde(default)]
    pub last_connection: Option<GoTime>,
}

/// Juju's `DestroyModelParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyModelParams {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub destroy_storage: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub max_wait: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub timeout: i64,
}

/// Juju's `ModifyModelAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyModelAccess {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub action: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
}

/// Juju's `ModelStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub hosted_machine_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub application_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub unit_count: i64,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<ModelApplicationInfo>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<ModelMachineInfo>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ModelVolumeInfo>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub filesystems: Vec<ModelFilesystemInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Juju's `ModelApplicationInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelApplicationInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
}

/// Juju's `ModelVolumeInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelVolumeInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub detachable: bool,
}

/// Juju's `ModelFilesystemInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelFilesystemInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub detachable: bool,
}

/// Juju's `ModelDefaultsResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelDefaultsResult {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, ModelDefaults>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelDefaultValues`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelDefaultValues {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ModelUnsetKeys`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUnsetKeys {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default")]
    pub keys: Vec<String>,
}

/// Juju's `ChangeModelCredentialParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeModelCredentialParams {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credential_tag: String,
}

/// Juju's `ModelParam`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelParam {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
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

/// Juju's `Model`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Juju's `ModelDefaults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelDefaults {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionDefaults>,
}

/// Juju's `RegionDefaults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RegionDefaults {
    #[serde(default, deserialize_with = "null_default")]
    pub region_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub value: Value,
}
