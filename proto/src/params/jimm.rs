//! Parameter structs of the broker's own facade, `JIMM` version 4.
//!
//! Names and spellings that clients of the reference depend on are kept (`ModelTag`, `Patterns`); what the reference
//! does not have is marked "ours".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::common::Error;
use super::jimm_placement::Cordon;
use super::reticence::shows_only;
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// A controller to attach; also the file of `jimmctl add-controller`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddControllerRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// `host:port` at which clients and the broker reach the controller with a certificate of the system's roots.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub public_address: String,
    /// The name in the controller's certificate when it is not `juju-apiserver`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub tls_hostname: String,
    /// `host:port` each.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub api_addresses: Vec<String>,
    /// PEM.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub ca_certificate: String,
    /// The controller's administrator, without `user-`.
    #[serde(default, deserialize_with = "null_default")]
    pub username: String,
    /// Secret.
    #[serde(default, deserialize_with = "null_default")]
    pub password: String,
}

shows_only!(AddControllerRequest { uuid, name, public_address, api_addresses, username });

/// State of a controller: `available`, `deprecated`, `cordoned` (ours) or `unavailable`; the later one wins.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub info: String,
    /// Since when it is unavailable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<GoTime>,
}

/// A controller behind the broker. Its password is never told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub public_address: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub api_addresses: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub ca_certificate: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub username: String,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: ControllerStatus,
    /// Models that the broker knows there. Ours; only in `ShowController`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<i64>,
    /// What operators say of it. Ours.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What keeps models away from it. Ours.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub taints: BTreeMap<String, String>,
    /// That it gets no models. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cordon: Option<Cordon>,
}

/// Answer of `ListControllers` and `ListMigrationTargets`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListControllersResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub controllers: Vec<ControllerInfo>,
}

/// Names a controller: `ShowController` (ours).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerName {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
}

/// Parameters of `RemoveController`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoveControllerRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
}

/// Parameters of `SetControllerDeprecated`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetControllerDeprecatedRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub deprecated: bool,
}

/// Parameters of `FullModelStatus`; the capitals are the reference's.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FullModelStatusRequest {
    /// `model-UUID`; a bare UUID and `owner/name` are understood as well.
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub patterns: Vec<String>,
}

/// Parameters of `ImportModel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImportModelRequest {
    /// The controller's name in the broker.
    #[serde(default, deserialize_with = "null_default")]
    pub controller: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// The new owner; empty keeps the model's own.
    #[serde(default, deserialize_with = "null_default")]
    pub owner: String,
}

/// Answer of `ImportModel`. Ours: the reference answers an empty object.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImportModelResult {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// What an operator should know, such as rights of users on the controller that were not taken over.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Parameters of `UpdateMigratedModel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateMigratedModelRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// The controller's name in the broker.
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller: String,
}

/// One model to move.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrateModelSpec {
    /// `model-UUID`, a bare UUID, or `owner/name`.
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// The target's name in the broker.
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller: String,
}

/// Parameters of `MigrateModel` (answer: `InitiateMigrationResults`) and of `CheckMigration` (ours; answer:
/// [`CheckMigrationResults`]), which checks the same and changes nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrateModelRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub specs: Vec<MigrateModelSpec>,
}

/// One check before a move. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationCheck {
    /// Stable name, such as `target-reachable`.
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub ok: bool,
    /// What was found and, when not ok, what to do about it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do, where that is more than the message says.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub action: String,
}

/// The report on one model before a move. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckMigrationResult {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// `owner/name`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Name of the controller that hosts it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub source_controller: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub target_controller: String,
    /// Whether the move would be started.
    #[serde(default, deserialize_with = "null_default")]
    pub ok: bool,
    /// How many machines and units the model has, where its source tells.
    #[serde(default, deserialize_with = "null_default")]
    pub machines: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub units: i64,
    /// How long similar moves took; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_seconds: Option<i64>,
    #[serde(default, deserialize_with = "null_default")]
    pub checks: Vec<MigrationCheck>,
    /// Why there is no report: model or target unknown, no right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Answer of `CheckMigration`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckMigrationResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<CheckMigrationResult>,
}

/// Parameters of `MigrationStatus`. Ours: the newest move of each model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationStatusRequest {
    /// `model-UUID`, bare UUID or `owner/name`; none means every move that the caller may see.
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<String>,
}

/// Where one move stands. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// `owner/name`.
    #[serde(default, deserialize_with = "null_default")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default")]
    pub migration_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source_controller: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller: String,
    /// `running`, `done`, `aborted` (the model is where it was) or `failed` (needs an operator: see `message`).
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// The broker's step: `check`, `initiate`, `follow`, `conclude`, `done`, `aborted`.
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    /// The latest word, of the source controller where it tells any.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    /// Absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub elapsed_seconds: i64,
    /// Newest last.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<MigrationLogLine>,
    /// Why nothing can be told: model unknown, never moved, no right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// One line of a move's log. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationLogLine {
    #[serde(default, deserialize_with = "null_default")]
    pub time: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub text: String,
}

/// Answer of `MigrationStatus`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationStatusResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<MigrationStatus>,
}

/// Parameters of `ListMigrationTargets`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListMigrationTargetsRequest {
    /// `model-UUID`, a bare UUID, or `owner/name`.
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
}

/// Parameters of `ModelControllerInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelControllerInfoRequest {
    /// UUID, `model-UUID` or `owner/name`.
    #[serde(default, deserialize_with = "null_default")]
    pub model: String,
}

/// Answer of `ModelControllerInfo`: which controller hosts a model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelControllerInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_uuid: String,
    /// How its newest upgrade by a move stands, when there ever was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_to_job_status: Option<super::jimm_upgrades::UpgradeToJobStatus>,
}

/// Parameters of `ListModels`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListModelsRequest {
    /// All models instead of those that the caller may read; administrators of the broker only.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub all: bool,
    /// Only models on the controller of this name.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller: String,
    /// Only this model: UUID, `model-UUID` or `owner/name`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
}

/// A model as the broker records it. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelRow {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub owner: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: String,
    #[serde(default, deserialize_with = "null_default")]
    pub region: String,
    /// `cloudcred-CLOUD_OWNER_NAME`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub credential_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    /// As last seen on the controller.
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    /// Empty, or what is being done with the model: `migrating`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub mode: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub agent_version: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub machines: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub applications: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub units: i64,
    /// When status and counts were last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed: Option<GoTime>,
}

/// Answer of `ListModels`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListModelsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<ModelRow>,
    /// Controllers whose models' states are old because they do not answer.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<ControllerInfo>,
}

/// Answer of `Version`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VersionResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub commit: String,
}
