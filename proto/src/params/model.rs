//! Parameter structs of the facades on a model connection.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::all_watcher::{Address, CharmRelation};
use super::application_offers::Subnet;
use super::common::{Entity, Error};
use super::serde_help::{is_false, is_zero, null_default};
use super::status::Base;
use crate::time::GoTime;

/// Juju's `ApplicationsDeploy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationsDeploy {
    #[serde(default, deserialize_with = "null_default")]
    pub applications: Vec<ApplicationDeploy>,
}

/// Juju's `DeployFromRepositoryArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeployFromRepositoryArgs {
    #[serde(rename = "Args", default, deserialize_with = "null_default")]
    pub args: Vec<DeployFromRepositoryArg>,
}

/// Juju's `DeployFromRepositoryResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeployFromRepositoryResults {
    #[serde(rename = "Results", default, deserialize_with = "null_default")]
    pub results: Vec<DeployFromRepositoryResult>,
}

/// Juju's `ResolveCharmsWithChannel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResolveCharmsWithChannel {
    #[serde(default, deserialize_with = "null_default")]
    pub resolve: Vec<ResolveCharmWithChannel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macaroon: Option<Value>,
}

/// Juju's `ResolveCharmWithChannelResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResolveCharmWithChannelResults {
    #[serde(rename = "Results", default, deserialize_with = "null_default")]
    pub results: Vec<ResolveCharmWithChannelResult>,
}

/// Juju's `ApplicationGet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationGet {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub branch: String,
}

/// Juju's `ApplicationGetResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationGetResults {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm: String,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub application_config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub base: Base,
    #[serde(default, deserialize_with = "null_default")]
    pub channel: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_bindings: BTreeMap<String, String>,
}

/// Juju's `ConfigSetArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigSetArgs {
    #[serde(rename = "Args", default, deserialize_with = "null_default")]
    pub args: Vec<ConfigSet>,
}

/// Juju's `AddRelation`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddRelation {
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub via_cidrs: Vec<String>,
}

/// Juju's `AddRelationResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddRelationResults {
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: BTreeMap<String, CharmRelation>,
}

/// Juju's `AddMachines`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddMachines {
    #[serde(default, deserialize_with = "null_default")]
    pub params: Vec<AddMachineParams>,
}

/// Juju's `AddMachinesResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddMachinesResults {
    #[serde(default, deserialize_with = "null_default")]
    pub machines: Vec<AddMachinesResult>,
}

/// Juju's `Charm`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Charm {
    #[serde(default, deserialize_with = "null_default")]
    pub revision: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, CharmOption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<CharmMeta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<CharmActions>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<CharmMetrics>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<CharmManifest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lxd_profile: Option<CharmLXDProfile>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Juju's `CharmURL`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmURL {
    #[serde(default, deserialize_with = "null_default")]
    pub url: String,
}

/// Juju's `ListSpacesResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSpacesResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<Space>,
}

/// Juju's `BlockResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BlockResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<BlockResult>,
}

/// Juju's `DestroyApplicationsParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationsParams {
    #[serde(default, deserialize_with = "null_default")]
    pub applications: Vec<DestroyApplicationParams>,
}

/// Juju's `DestroyApplicationResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<DestroyApplicationResult>,
}

/// Juju's `RunParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunParams {
    #[serde(default, deserialize_with = "null_default")]
    pub commands: String,
    #[serde(default, deserialize_with = "null_default")]
    pub timeout: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub parallel: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub execution_group: String,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_context: Option<bool>,
}

/// Juju's `EnqueuedActions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnqueuedActions {
    #[serde(default, deserialize_with = "null_default")]
    pub operation: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionResult>,
}

/// Juju's `ActionResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ActionResult>,
}

/// Juju's `StatusHistoryRequests`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusHistoryRequests {
    #[serde(default, deserialize_with = "null_default")]
    pub requests: Vec<StatusHistoryRequest>,
}

/// Juju's `LogMessage`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogMessage {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub ts: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub sev: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#mod: String,
    #[serde(default, deserialize_with = "null_default")]
    pub loc: String,
    #[serde(default, deserialize_with = "null_default")]
    pub msg: String,
    /// Juju 4.0 sends a map of strings here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab: Option<Value>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
}

/// Juju's `SSHProxyResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SSHProxyResult {
    #[serde(default, deserialize_with = "null_default")]
    pub use_proxy: bool,
}

/// Juju's `SSHAddressResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SSHAddressResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<SSHAddressResult>,
}

/// Juju's `SSHPublicKeysResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SSHPublicKeysResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<SSHPublicKeysResult>,
}

/// Juju's `ApplicationDeploy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationDeploy {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charm_origin: Option<CharmOrigin>,
    #[serde(default, deserialize_with = "null_default")]
    pub channel: String,
    #[serde(default, deserialize_with = "null_default")]
    pub num_units: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default")]
    pub config_yaml: String,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub placement: Vec<Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub policy: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub attach_storage: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_bindings: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, String>,
    #[serde(rename = "Force", default, deserialize_with = "null_default")]
    pub force: bool,
}

/// Juju's `DeployFromRepositoryArg`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeployFromRepositoryArg {
    #[serde(rename = "CharmName", default, deserialize_with = "null_default")]
    pub charm_name: String,
    #[serde(rename = "ApplicationName", default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(rename = "AttachStorage", default, deserialize_with = "null_default")]
    pub attach_storage: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(rename = "ConfigYAML", default, deserialize_with = "null_default")]
    pub config_yaml: String,
    #[serde(rename = "Cons", default, deserialize_with = "null_default")]
    pub cons: Value,
    #[serde(rename = "Devices", default, deserialize_with = "null_default")]
    pub devices: BTreeMap<String, Value>,
    #[serde(rename = "DryRun", default, deserialize_with = "null_default")]
    pub dry_run: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_bindings: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub num_units: i64,
    #[serde(rename = "Placement", default, deserialize_with = "null_default")]
    pub placement: Vec<Option<Value>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub revision: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, String>,
    /// Juju 3.6 only.
    #[serde(rename = "Storage", default, skip_serializing_if = "Option::is_none")]
    pub storage_capital: Option<BTreeMap<String, Value>>,
    #[serde(rename = "Trust", default, deserialize_with = "null_default")]
    pub trust: bool,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<BTreeMap<String, Value>>,
}

/// Juju's `DeployFromRepositoryResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeployFromRepositoryResult {
    #[serde(rename = "Errors", default, deserialize_with = "null_default")]
    pub errors: Vec<Option<Error>>,
    #[serde(rename = "Info", default, deserialize_with = "null_default")]
    pub info: DeployFromRepositoryInfo,
    #[serde(rename = "PendingResourceUploads", default, deserialize_with = "null_default")]
    pub pending_resource_uploads: Vec<Option<PendingResourceUpload>>,
}

/// Juju's `ResolveCharmWithChannel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResolveCharmWithChannel {
    #[serde(default, deserialize_with = "null_default")]
    pub reference: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_origin: CharmOrigin,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub switch_charm: bool,
}

/// Juju's `ResolveCharmWithChannelResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResolveCharmWithChannelResult {
    #[serde(default, deserialize_with = "null_default")]
    pub url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_origin: CharmOrigin,
    #[serde(default, deserialize_with = "null_default")]
    pub supported_bases: Vec<Base>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ConfigSet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigSet {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub generation: String,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default")]
    pub config_yaml: String,
}

/// Juju's `AddMachineParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddMachineParams {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub jobs: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub parent_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub container_type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub nonce: String,
    #[serde(default, deserialize_with = "null_default")]
    pub hardware_characteristics: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub addresses: Vec<Address>,
}

/// Juju's `AddMachinesResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddMachinesResult {
    #[serde(default, deserialize_with = "null_default")]
    pub machine: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `CharmOption`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmOption {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// Juju's `CharmMeta`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmMeta {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub summary: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinate: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub provides: BTreeMap<String, CharmRelation>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: BTreeMap<String, CharmRelation>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<String, CharmRelation>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub extra_bindings: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Vec<String>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<String, CharmStorage>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, CharmDevice>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<CharmDeployment>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_classes: Option<BTreeMap<String, CharmPayloadClass>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, CharmResourceMeta>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub min_juju_version: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<String, CharmContainer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumes_expr: Option<Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub charm_user: String,
}

/// Juju's `CharmActions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmActions {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub specs: BTreeMap<String, CharmActionSpec>,
}

/// Juju's `CharmMetrics`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmMetrics {
    #[serde(default, deserialize_with = "null_default")]
    pub metrics: BTreeMap<String, CharmMetric>,
    #[serde(default, deserialize_with = "null_default")]
    pub plan: CharmPlan,
}

/// Juju's `CharmManifest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmManifest {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<CharmBase>,
}

/// Juju's `CharmLXDProfile`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmLXDProfile {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub devices: BTreeMap<String, BTreeMap<String, String>>,
}

/// Juju's `Space`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Space {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subnets: Vec<Subnet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `BlockResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BlockResult {
    #[serde(default, deserialize_with = "null_default")]
    pub result: Block,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `DestroyApplicationParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationParams {
    #[serde(default, deserialize_with = "null_default")]
    pub application_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub destroy_storage: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub max_wait: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// Juju's `DestroyApplicationResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<DestroyApplicationInfo>,
}

/// Juju's `ActionResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    #[serde(default, deserialize_with = "null_default")]
    pub enqueued: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub completed: GoTime,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<ActionMessage>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub output: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `StatusHistoryRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusHistoryRequest {
    #[serde(rename = "historyKind", default, deserialize_with = "null_default")]
    pub history_kind: String,
    #[serde(default, deserialize_with = "null_default")]
    pub size: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub filter: StatusHistoryFilter,
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
}

/// Juju's `SSHAddressResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SSHAddressResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// Juju's `SSHPublicKeysResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SSHPublicKeysResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub public_keys: Vec<String>,
}

/// Juju's `CharmOrigin`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmOrigin {
    #[serde(default, deserialize_with = "null_default")]
    pub source: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub hash: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub risk: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub revision: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub track: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub branch: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub architecture: String,
    #[serde(default, deserialize_with = "null_default")]
    pub base: Base,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub instance_key: String,
}

/// Juju's `DeployFromRepositoryInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeployFromRepositoryInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub architecture: String,
    #[serde(default, deserialize_with = "null_default")]
    pub base: Base,
    #[serde(default, deserialize_with = "null_default")]
    pub channel: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub effective_channel: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub revision: i64,
}

/// Juju's `PendingResourceUpload`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PendingResourceUpload {
    #[serde(rename = "Name", default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(rename = "Filename", default, deserialize_with = "null_default")]
    pub filename: String,
    #[serde(rename = "Type", default, deserialize_with = "null_default")]
    pub r#type: String,
}

/// Juju's `CharmStorage`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmStorage {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub shared: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub read_only: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub count_min: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub count_max: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub minimum_size: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub location: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

/// Juju's `CharmDevice`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmDevice {
    #[serde(rename = "Name", default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(rename = "Description", default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(rename = "Type", default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(rename = "CountMin", default, deserialize_with = "null_default")]
    pub count_min: i64,
    #[serde(rename = "CountMax", default, deserialize_with = "null_default")]
    pub count_max: i64,
}

/// Juju's `CharmDeployment`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmDeployment {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub mode: String,
    #[serde(default, deserialize_with = "null_default")]
    pub service: String,
    #[serde(default, deserialize_with = "null_default")]
    pub min_version: String,
}

/// Juju's `CharmPayloadClass`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmPayloadClass {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
}

/// Juju's `CharmResourceMeta`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmResourceMeta {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub path: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
}

/// Juju's `CharmContainer`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmContainer {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub resource: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<CharmMount>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub uid: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub gid: i64,
}

/// Juju's `CharmActionSpec`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmActionSpec {
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub params: BTreeMap<String, Value>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<bool>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_group: Option<String>,
}

/// Juju's `CharmMetric`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmMetric {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
}

/// Juju's `CharmPlan`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmPlan {
    #[serde(default, deserialize_with = "null_default")]
    pub required: bool,
}

/// Juju's `CharmBase`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmBase {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
}

/// Juju's `Block`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Block {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Juju's `DestroyApplicationInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationInfo {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub detached_storage: Vec<Entity>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub destroyed_storage: Vec<Entity>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub destroyed_units: Vec<Entity>,
}

/// Juju's `Action`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Action {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub receiver: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub parallel: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub execution_group: String,
}

/// Juju's `ActionMessage`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionMessage {
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// Juju's `StatusHistoryFilter`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusHistoryFilter {
    #[serde(default, deserialize_with = "null_default")]
    pub size: i64,
    #[serde(default)]
    pub date: Option<GoTime>,
    #[serde(default)]
    pub delta: Option<i64>,
    #[serde(default, deserialize_with = "null_default")]
    pub exclude: Vec<String>,
}

/// Juju's `CharmMount`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmMount {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub location: String,
}
