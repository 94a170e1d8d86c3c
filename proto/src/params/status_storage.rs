//! The storage in the answer of `Client.FullStatus`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model_info::EntityStatus;
use super::serde_help::{is_false, null_default};

/// Juju's `StorageDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StorageDetails {
    #[serde(default, deserialize_with = "null_default")]
    pub storage_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub owner_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub kind: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub persistent: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub attachments: BTreeMap<String, StorageAttachmentDetails>,
}

/// Juju's `FilesystemDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FilesystemDetails {
    #[serde(default, deserialize_with = "null_default")]
    pub filesystem_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub volume_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub info: FilesystemInfo,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub machine_attachments: BTreeMap<String, FilesystemAttachmentDetails>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub unit_attachments: BTreeMap<String, FilesystemAttachmentDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageDetails>,
}

/// Juju's `VolumeDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeDetails {
    #[serde(default, deserialize_with = "null_default")]
    pub volume_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub info: VolumeInfo,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub machine_attachments: BTreeMap<String, VolumeAttachmentDetails>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub unit_attachments: BTreeMap<String, VolumeAttachmentDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageDetails>,
}

/// Juju's `StorageAttachmentDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StorageAttachmentDetails {
    #[serde(default, deserialize_with = "null_default")]
    pub storage_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub unit_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub machine_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub location: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
}

/// Juju's `FilesystemInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FilesystemInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub filesystem_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub pool: String,
    #[serde(default, deserialize_with = "null_default")]
    pub size: i64,
}

/// Juju's `FilesystemAttachmentDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FilesystemAttachmentDetails {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub mount_point: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub read_only: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
}

/// Juju's `VolumeInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub volume_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub hardware_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub wwn: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub pool: String,
    #[serde(default, deserialize_with = "null_default")]
    pub size: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub persistent: bool,
}

/// Juju's `VolumeAttachmentDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeAttachmentDetails {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub device_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub device_link: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub bus_address: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub read_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_info: Option<VolumeAttachmentPlanInfo>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub life: String,
}

/// Juju's `VolumeAttachmentPlanInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeAttachmentPlanInfo {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub device_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub device_attributes: BTreeMap<String, String>,
}
