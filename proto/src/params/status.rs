//! Parameter structs of `Client.FullStatus`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::application_offers::RemoteEndpoint;
use super::common::Error;
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

pub use super::status_storage::{
    FilesystemAttachmentDetails, FilesystemDetails, FilesystemInfo, StorageAttachmentDetails, StorageDetails,
    VolumeAttachmentDetails, VolumeAttachmentPlanInfo, VolumeDetails, VolumeInfo,
};

/// Juju's `StatusParams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusParams {
    #[serde(default, deserialize_with = "null_default")]
    pub patterns: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub include_storage: bool,
}

/// Juju's `FullStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FullStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub model: ModelStatusInfo,
    #[serde(default, deserialize_with = "null_default")]
    pub machines: BTreeMap<String, MachineStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub applications: BTreeMap<String, ApplicationStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub remote_applications: BTreeMap<String, RemoteApplicationStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub offers: BTreeMap<String, ApplicationOfferStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub relations: Vec<RelationStatus>,
    #[serde(default)]
    pub controller_timestamp: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub branches: BTreeMap<String, BranchStatus>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<StorageDetails>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub filesystems: Vec<FilesystemDetails>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeDetails>,
}

/// Juju's `ModelStatusInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelStatusInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region: String,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub available_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_status: DetailedStatus,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter_status: Option<MeterStatus>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<String>,
}

/// Juju's `MachineStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MachineStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub agent_status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub modification_status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    #[serde(default, deserialize_with = "null_default")]
    pub dns_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub ip_addresses: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub base: Base,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub network_interfaces: BTreeMap<String, NetworkInterface>,
    #[serde(default, deserialize_with = "null_default")]
    pub containers: BTreeMap<String, MachineStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: String,
    #[serde(default, deserialize_with = "null_default")]
    pub hardware: String,
    #[serde(default, deserialize_with = "null_default")]
    pub jobs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub has_vote: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub wants_vote: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub lxd_profiles: BTreeMap<String, LXDProfile>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub primary_controller_machine: bool,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_role: Option<String>,
}

/// Juju's `ApplicationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub charm: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_profile: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub charm_channel: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub charm_rev: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub base: Base,
    #[serde(default, deserialize_with = "null_default")]
    pub exposed: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_endpoints: BTreeMap<String, ExposedEndpoint>,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub relations: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "null_default")]
    pub can_upgrade_to: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinate_to: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub units: BTreeMap<String, UnitStatus>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter_statuses: Option<BTreeMap<String, MeterStatus>>,
    #[serde(default, deserialize_with = "null_default")]
    pub status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub workload_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoint_bindings: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub int: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub public_address: String,
}

/// Juju's `RemoteApplicationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteApplicationStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub relations: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "null_default")]
    pub status: DetailedStatus,
}

/// Juju's `ApplicationOfferStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: BTreeMap<String, RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default")]
    pub active_connected_count: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub total_connected_count: i64,
}

/// Juju's `RelationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RelationStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub key: String,
    #[serde(default, deserialize_with = "null_default")]
    pub interface: String,
    #[serde(default, deserialize_with = "null_default")]
    pub scope: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<EndpointStatus>,
    #[serde(default, deserialize_with = "null_default")]
    pub status: DetailedStatus,
}

/// Juju's `BranchStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BranchStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub assigned_units: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "null_default")]
    pub created: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub created_by: String,
}

/// Juju's `DetailedStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DetailedStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub info: String,
    #[serde(default, deserialize_with = "null_default")]
    pub data: BTreeMap<String, Value>,
    #[serde(default)]
    pub since: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
}

/// Juju's `MeterStatus`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MeterStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub color: String,
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// Juju's `Base`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Base {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub channel: String,
}

/// Juju's `NetworkInterface`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkInterface {
    #[serde(default, deserialize_with = "null_default")]
    pub ip_addresses: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub mac_address: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub dns_nameservers: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub space: String,
    #[serde(default, deserialize_with = "null_default")]
    pub is_up: bool,
}

/// Juju's `LXDProfile`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LXDProfile {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub devices: BTreeMap<String, BTreeMap<String, String>>,
}

/// Juju's `ExposedEndpoint`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExposedEndpoint {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub expose_to_spaces: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub expose_to_cidrs: Vec<String>,
}

/// Juju's `UnitStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub agent_status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub workload_status: DetailedStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub workload_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub machine: String,
    #[serde(default, deserialize_with = "null_default")]
    pub opened_ports: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub public_address: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinates: BTreeMap<String, UnitStatus>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub leader: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// Juju's `EndpointStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndpointStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub application: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub role: String,
    #[serde(default, deserialize_with = "null_default")]
    pub subordinate: bool,
}
