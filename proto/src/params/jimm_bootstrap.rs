//! Parameter structs of the broker's own facade that speak of making and destroying controllers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cloud::CloudCredential;
use super::reticence::shows_only;
use super::serde_help::{is_false, null_default};
use crate::time::GoTime;

/// Texts by name.
pub type Texts = BTreeMap<String, String>;

/// Parameters of `StartBootstrap`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapParams {
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: BootstrapCloud,
    #[serde(default, deserialize_with = "null_default")]
    pub credential: CloudCredential,
    #[serde(default, deserialize_with = "null_default")]
    pub bootstrap_options: BootstrapOptions,
    /// What the controller is to run; empty for what the broker's client brings.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller_version: String,
    /// The cloud's name in an earlier form, where `cloud` has none.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud_name: String,
    /// The region's name in that form.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region_name: String,
    /// Settings in that form.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: Texts,
}

shows_only!(BootstrapParams { controller_name, controller_version, cloud_name, region_name });

/// Where a controller is made.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapCloud {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Empty for one that the Juju client knows by its name.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub auth_types: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub ca_certificates: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, serde_json::Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub host_cloud_region: String,
    #[serde(default, deserialize_with = "null_default")]
    pub region: BootstrapRegion,
}

/// A region of such a cloud.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapRegion {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
}

/// How a controller is made.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapOptions {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub bootstrap_base: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub bootstrap_constraints: Texts,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub model_constraints: Texts,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub model_default: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_pool: Option<StoragePool>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub bootstrap_config: Texts,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub controller_config: Texts,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub controller_model_config: Texts,
}

shows_only!(BootstrapOptions { bootstrap_base, bootstrap_constraints, model_constraints });

/// The storage pool that a controller is made with.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoragePool {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Texts,
}

/// Answer of `StartBootstrap` and `StartDestroyController`, and parameters of `StopBootstrap`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobId {
    #[serde(default, deserialize_with = "null_default")]
    pub job_id: String,
}

/// Parameters of `BootstrapInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapInfoRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub job_id: String,
    /// The number of the first line of the log that is wanted, as the answer before gave it.
    #[serde(default, deserialize_with = "null_default")]
    pub watermark: i64,
}

/// Answer of `BootstrapInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootstrapInfo {
    /// `pending`, `running`, `successful` or `failed`.
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub logs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub watermark: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// Parameters of `StartDestroyController`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyControllerParams {
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
    /// Destroy what the controller's own model has stored. Ours.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub destroy_storage: bool,
    /// Leave it. Ours.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub release_storage: bool,
}

/// Saved settings for making controllers, without secrets.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerProfile {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub juju_version: String,
    /// How often it was saved; who saves it again says what it was.
    #[serde(default, deserialize_with = "null_default")]
    pub version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<GoTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: BootstrapCloud,
    #[serde(default, deserialize_with = "null_default")]
    pub bootstrap_options: BootstrapOptions,
}

/// Parameters of `GetControllerProfile` and `RemoveControllerProfile`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileName {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
}

/// Parameters of `ListControllerProfiles`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListProfilesRequest {
    /// Only those whose version this begins with.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub juju_version: String,
}

/// Answer of `ListControllerProfiles`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListedProfiles {
    #[serde(default, deserialize_with = "null_default")]
    pub profiles: Vec<ListedProfile>,
}

/// A profile of a list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListedProfile {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<GoTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<GoTime>,
}
