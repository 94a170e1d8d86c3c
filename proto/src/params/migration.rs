//! Parameter structs of `MigrationTarget` and of the migration streams.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::Error;
use super::controller::MigrationSpec;
use super::serde_help::null_default;
use crate::time::GoTime;

/// Juju's `MigrationModelInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationModelInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_agent_version: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub facade_versions: BTreeMap<String, Vec<i64>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model_description: String,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Juju's `SerializedModel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SerializedModel {
    #[serde(default, deserialize_with = "null_default")]
    pub bytes: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charms: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub tools: Vec<SerializedModelTools>,
    #[serde(default, deserialize_with = "null_default")]
    pub resources: Vec<SerializedModelResource>,
}

/// Juju's `ModelArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
}

/// Juju's `ActivateModelArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActivateModelArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller_alias: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source_api_addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub source_ca_cert: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cross_model_uuids: Vec<String>,
}

/// Juju's `AdoptResourcesArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AdoptResourcesArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source_controller_version: String,
}

/// Juju's `MasterMigrationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MasterMigrationStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub spec: MigrationSpec,
    #[serde(default, deserialize_with = "null_default")]
    pub migration_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    #[serde(default, deserialize_with = "null_default")]
    pub phase_changed_time: GoTime,
}

/// Juju's `MigrationSourceInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationSourceInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub local_related_models: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller_alias: String,
    #[serde(default, deserialize_with = "null_default")]
    pub addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub ca_cert: String,
}

/// Juju's `MinionReports`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MinionReports {
    #[serde(default, deserialize_with = "null_default")]
    pub migration_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    #[serde(default, deserialize_with = "null_default")]
    pub success_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub unknown_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub unknown_sample: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub failed: Vec<String>,
}

/// Juju's `MigrationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub migration_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub attempt: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source_api_addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub source_ca_cert: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_api_addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub target_ca_cert: String,
}

/// Juju's `SetMigrationPhaseArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetMigrationPhaseArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
}

/// Juju's `SetMigrationStatusMessageArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetMigrationStatusMessageArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// Juju's `PrechecksArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PrechecksArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller_version: String,
}

/// Juju's `ProcessRelations`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProcessRelations {
    #[serde(default, deserialize_with = "null_default")]
    pub controller_alias: String,
}

/// Juju's `ResourceUploadResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResourceUploadResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: GoTime,
}

/// Juju's `CharmsResponse`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmsResponse {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error_code: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub error_info: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Juju's `LogRecord`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogRecord {
    #[serde(default, deserialize_with = "null_default")]
    pub t: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub m: String,
    #[serde(default, deserialize_with = "null_default")]
    pub l: String,
    #[serde(default, deserialize_with = "null_default")]
    pub v: String,
    #[serde(default, deserialize_with = "null_default")]
    pub x: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub e: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<Vec<String>>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<BTreeMap<String, String>>,
}

/// Juju's `SerializedModelTools`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SerializedModelTools {
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uri: String,
    /// Juju 4.0 and later only.
    #[serde(rename = "SHA256", default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Juju's `SerializedModelResource`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SerializedModelResource {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_revision: Option<SerializedModelResourceRevision>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charmstore_revision: Option<SerializedModelResourceRevision>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_revisions: Option<BTreeMap<String, SerializedModelResourceRevision>>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<GoTime>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Juju's `SerializedModelResourceRevision`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SerializedModelResourceRevision {
    #[serde(default, deserialize_with = "null_default")]
    pub revision: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub path: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub origin: String,
    #[serde(default, deserialize_with = "null_default")]
    pub fingerprint: String,
    #[serde(default, deserialize_with = "null_default")]
    pub size: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: GoTime,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub username: String,
}
