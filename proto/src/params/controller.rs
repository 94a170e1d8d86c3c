//! Parameter structs of `Controller` (versions 11 to 14) and `ModelSummaryWatcher`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admin::Proxy;
use super::cloud::CloudSpec;
use super::common::Error;
use super::reticence::shows_only;
use super::serde_help::{is_false, is_zero, null_default};

/// Juju's `ControllerConfigResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerConfigResult {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ControllerConfigSet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerConfigSet {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ControllerVersionResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerVersionResults {
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub git_commit: String,
}

/// Juju's `InitiateMigrationArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitiateMigrationArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub specs: Vec<MigrationSpec>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Juju's `InitiateMigrationResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitiateMigrationResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<InitiateMigrationResult>,
}

/// Juju's `ModifyControllerAccessRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyControllerAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub changes: Vec<ModifyControllerAccess>,
}

/// Juju's `UserAccessResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserAccessResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<UserAccessResult>,
}

/// Juju's `ModelBlockInfoList`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelBlockInfoList {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelBlockInfo>,
}

/// Juju's `HostedModelConfigsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostedModelConfigsResults {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<HostedModelConfig>,
}

/// Juju's `DestroyControllerArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyControllerArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub destroy_models: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub destroy_storage: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub max_wait: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub model_timeout: i64,
}

/// Juju's `DashboardConnectionInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DashboardConnectionInfo {
    #[serde(default)]
    pub proxy_connection: Option<Proxy>,
    #[serde(default)]
    pub ssh_connection: Option<DashboardConnectionSSHTunnel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ControllerAPIInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerAPIInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ControllerAPIInfoResult>,
}

/// Juju's `SummaryWatcherID`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SummaryWatcherID {
    #[serde(default, deserialize_with = "null_default")]
    pub watcher_id: String,
}

/// Juju's `SummaryWatcherNextResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SummaryWatcherNextResults {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<ModelAbstract>,
}

/// Juju's `AllWatcherId`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AllWatcherId {
    #[serde(default, deserialize_with = "null_default")]
    pub watcher_id: String,
}

/// Juju's `MigrationSpec`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationSpec {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_info: MigrationTargetInfo,
}

/// Juju's `InitiateMigrationResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitiateMigrationResult {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub migration_id: String,
}

/// Juju's `ModifyControllerAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyControllerAccess {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub action: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `UserAccessResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserAccessResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<UserAccess>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelBlockInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelBlockInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub blocks: Vec<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Juju's `HostedModelConfig`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostedModelConfig {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_spec: Option<CloudSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Juju's `DashboardConnectionSSHTunnel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DashboardConnectionSSHTunnel {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub entity: String,
    #[serde(default, deserialize_with = "null_default")]
    pub host: String,
    #[serde(default, deserialize_with = "null_default")]
    pub port: String,
}

/// Juju's `ControllerAPIInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerAPIInfoResult {
    #[serde(default, deserialize_with = "null_default")]
    pub addresses: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub cacert: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelAbstract`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelAbstract {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub removed: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub admins: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub credential: String,
    #[serde(default, deserialize_with = "null_default")]
    pub size: ModelSummarySize,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ModelSummaryMessage>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Juju's `MigrationTargetInfo`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationTargetInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub controller_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller_alias: String,
    #[serde(default, deserialize_with = "null_default")]
    pub addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub ca_cert: String,
    #[serde(default, deserialize_with = "null_default")]
    pub auth_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub password: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub macaroons: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub skip_user_checks: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub token: String,
}

shows_only!(MigrationTargetInfo { controller_tag, controller_alias, addrs, auth_tag, skip_user_checks });

/// Juju's `UserAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserAccess {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `ModelSummarySize`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummarySize {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub machines: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub containers: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub applications: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub units: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub relations: i64,
}

/// Juju's `ModelSummaryMessage`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummaryMessage {
    #[serde(default, deserialize_with = "null_default")]
    pub agent: String,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}
