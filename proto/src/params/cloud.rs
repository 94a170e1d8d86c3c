//! Parameter structs of `Cloud` (version 7).
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{Error, ErrorResult};
use super::reticence::shows_only;
use super::serde_help::{is_false, null_default};

/// Juju's `CloudsResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudsResult {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub clouds: BTreeMap<String, Cloud>,
}

/// Juju's `CloudResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CloudResult>,
}

/// Juju's `CloudInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<CloudInfoResult>,
}

/// Juju's `ListCloudsRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListCloudsRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub all: bool,
}

/// Juju's `ListCloudInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListCloudInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ListCloudInfoResult>,
}

/// Juju's `AddCloudArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddCloudArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: Cloud,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
}

/// Juju's `UpdateCloudArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateCloudArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub clouds: Vec<AddCloudArgs>,
}

/// Juju's `ModifyCloudAccessRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyCloudAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub changes: Vec<ModifyCloudAccess>,
}

/// Juju's `UserClouds`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserClouds {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub user_clouds: Vec<UserCloud>,
}

/// Juju's `TaggedCredentials`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TaggedCredentials {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<TaggedCredential>,
}

/// Juju's `UpdateCredentialArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateCredentialArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub credentials: Vec<TaggedCredential>,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
}

/// Juju's `UpdateCredentialResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateCredentialResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<UpdateCredentialResult>,
}

/// Juju's `RevokeCredentialArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevokeCredentialArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub credentials: Vec<RevokeCredentialArg>,
}

/// Juju's `CloudCredentialResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudCredentialResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CloudCredentialResult>,
}

/// Juju's `CloudCredentialArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudCredentialArgs {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CloudCredentialArg>,
    #[serde(default, deserialize_with = "null_default")]
    pub include_secrets: bool,
}

/// Juju's `CredentialContentResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialContentResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CredentialContentResult>,
}

/// Juju's `CloudSpecResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudSpecResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CloudSpecResult>,
}

/// Juju's `Cloud`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cloud {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub host_cloud_region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub auth_types: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<CloudRegion>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub ca_certificates: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub skip_tls_verify: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub region_config: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub is_controller_cloud: bool,
}

/// Juju's `CloudResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `CloudInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CloudInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ListCloudInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListCloudInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ListCloudInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModifyCloudAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyCloudAccess {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub action: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `UserCloud`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserCloud {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
}

/// Juju's `TaggedCredential`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TaggedCredential {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credential: CloudCredential,
}

/// Juju's `UpdateCredentialResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateCredentialResult {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<UpdateCredentialModelResult>,
}

/// Juju's `RevokeCredentialArg`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevokeCredentialArg {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
}

/// Juju's `CloudCredentialResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudCredentialResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CloudCredential>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `CloudCredentialArg`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudCredentialArg {
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credential_name: String,
}

/// Juju's `CredentialContentResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialContentResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ControllerCredentialInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `CloudSpecResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudSpecResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CloudSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `CloudRegion`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudRegion {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
}

/// Juju's `CloudInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub auth_types: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<CloudRegion>,
    #[serde(default, deserialize_with = "null_default")]
    pub users: Vec<CloudUserInfo>,
}

/// Juju's `ListCloudInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListCloudInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub auth_types: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<CloudRegion>,
    #[serde(default, deserialize_with = "null_default")]
    pub user_access: String,
}

/// Juju's `CloudCredential`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudCredential {
    #[serde(default, deserialize_with = "null_default")]
    pub auth_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<String>,
}

shows_only!(CloudCredential { auth_type, redacted });

/// Juju's `UpdateCredentialModelResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateCredentialModelResult {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorResult>,
}

/// Juju's `ControllerCredentialInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ControllerCredentialInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub content: CredentialContent,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelAccess>,
}

/// Juju's `ModelConfigSchemaArgs`. Juju 4.1 and later only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelConfigSchemaArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub provider_type: String,
}

/// Juju's `CloudSpec`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudSpec {
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub identity_endpoint: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub storage_endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CloudCredential>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub cacertificates: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub skip_tls_verify: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub is_controller_cloud: bool,
}

/// Juju's `CloudUserInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloudUserInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub user: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `CredentialContent`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialContent {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: String,
    #[serde(default, deserialize_with = "null_default")]
    pub auth_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub valid: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
}

shows_only!(CredentialContent { name, cloud, auth_type, valid });

/// Juju's `ModelAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelAccess {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub access: String,
}
