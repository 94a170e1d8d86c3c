//! Delta bodies of `AllWatcher` and `AllModelWatcher` (Juju 3.6 only).
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::Error;
use super::model_manager::ModelSLAInfo;
use super::serde_help::{is_false, null_default};
use crate::time::GoTime;

/// Juju's `AllWatcherNextResults`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AllWatcherNextResults {
    #[serde(default, deserialize_with = "null_default")]
    pub deltas: Vec<Value>,
}

/// Juju's `ModelUpdate`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUpdate {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub owner: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub is_controller: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub status: StatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub sla: ModelSLAInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_region: String,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
}

/// Juju's `MachineInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MachineInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_status: StatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_status: StatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub base: String,
    #[serde(default, deserialize_with = "null_default")]
    pub container_type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub supported_containers: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub supported_containers_known: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_characteristics: Option<Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub charm_profiles: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub jobs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub addresses: Vec<Address>,
    #[serde(default, deserialize_with = "null_default")]
    pub has_vote: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub wants_vote: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub hostname: String,
}

/// Juju's `ApplicationInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub exposed: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub owner_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub min_units: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Value,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinate: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub status: StatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub workload_version: String,
}

/// Juju's `UnitInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub base: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub public_address: String,
    #[serde(default, deserialize_with = "null_default")]
    pub private_address: String,
    #[serde(default, deserialize_with = "null_default")]
    pub machine_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub ports: Vec<Port>,
    #[serde(default, deserialize_with = "null_default")]
    pub port_ranges: Vec<PortRange>,
    #[serde(default, deserialize_with = "null_default")]
    pub principal: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinate: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub workload_status: StatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_status: StatusInfo,
}

/// Juju's `RelationInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RelationInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub key: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<Endpoint>,
}

/// Juju's `RemoteApplicationUpdate`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteApplicationUpdate {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: StatusInfo,
}

/// Juju's `ApplicationOfferInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub total_connected_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub active_connected_count: i64,
}

/// Juju's `CharmInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default)]
    pub profile: Option<Profile>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
}

/// Juju's `ActionInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub receiver: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub enqueued: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub completed: GoTime,
}

/// Juju's `AnnotationInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AnnotationInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub annotations: BTreeMap<String, String>,
}

/// Juju's `BlockInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BlockInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
}

/// Juju's `BranchInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BranchInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub assigned_units: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_config: BTreeMap<String, Vec<ItemChange>>,
    #[serde(default, deserialize_with = "null_default")]
    pub created: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub created_by: String,
    #[serde(default, deserialize_with = "null_default")]
    pub completed: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub completed_by: String,
    #[serde(default, deserialize_with = "null_default")]
    pub generation_id: i64,
}

/// Juju's `StatusInfo`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub current: String,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
}

/// Juju's `Address`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Address {
    #[serde(default, deserialize_with = "null_default")]
    pub value: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cidr: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub scope: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub space_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub space_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub config_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub is_secondary: bool,
}

/// Juju's `Port`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Port {
    #[serde(default, deserialize_with = "null_default")]
    pub protocol: String,
    #[serde(default, deserialize_with = "null_default")]
    pub number: i64,
}

/// Juju's `PortRange`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PortRange {
    #[serde(default, deserialize_with = "null_default")]
    pub from_port: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub to_port: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub protocol: String,
}

/// Juju's `Endpoint`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Endpoint {
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub relation: CharmRelation,
}

/// Juju's `Profile`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, BTreeMap<String, String>>,
}

/// Juju's `ItemChange`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ItemChange {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// Juju's `CharmRelation`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CharmRelation {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub role: String,
    #[serde(default, deserialize_with = "null_default")]
    pub interface: String,
    #[serde(default, deserialize_with = "null_default")]
    pub optional: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub limit: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub scope: String,
}
