//! Parameter structs of `ModelManager` (versions 9 to 11).
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{Entity, Error};
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

pub use super::model_info::{
    EntityStatus, MachineHardware, ModelEntityCount, ModelInfo, ModelInfoResult, ModelInfoResults, ModelMachineInfo,
    ModelMigrationStatus, ModelSLAInfo, ModelSummariesRequest, ModelSummary, ModelSummaryResult, ModelSummaryResults,
    ModelUserInfo, SecretBackend, SecretBackendResult, SupportedFeature,
};

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
