//! Parameter structs of `Admin` and of the streams that begin with a login.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reticence::shows_only;
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Juju's `LoginRequest`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub auth_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credentials: String,
    #[serde(default, deserialize_with = "null_default")]
    pub nonce: String,
    #[serde(default, deserialize_with = "null_default")]
    pub macaroons: Vec<Vec<Value>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub bakery_version: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub token: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cli_args: String,
    #[serde(default, deserialize_with = "null_default")]
    pub user_data: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub client_version: String,
}

shows_only!(LoginRequest { auth_tag, bakery_version, cli_args, client_version });

/// Juju's `LoginResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discharge_required: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bakery_discharge_required: Option<Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub discharge_required_error: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Vec<HostPort>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub public_dns_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller_tag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<AuthUserInfo>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub facades: Vec<FacadeVersions>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub server_version: String,
}

/// Juju's `SecretKeyLoginRequestPayload`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretKeyLoginRequestPayload {
    #[serde(default, deserialize_with = "null_default")]
    pub password: String,
}

shows_only!(SecretKeyLoginRequestPayload {});

/// Juju's `CLICommands`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CLICommands {
    #[serde(default, deserialize_with = "null_default")]
    pub user: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub credentials: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub macaroons: Vec<Vec<Value>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub active_branch: String,
    #[serde(default, deserialize_with = "null_default")]
    pub commands: Vec<String>,
}

shows_only!(CLICommands { user, commands });

/// Juju's `HostPort`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostPort {
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
    #[serde(default, deserialize_with = "null_default")]
    pub port: i64,
}

/// Juju's `AuthUserInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthUserInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub identity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connection: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub credentials: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_access: String,
    #[serde(default, deserialize_with = "null_default")]
    pub model_access: String,
}

/// Juju's `FacadeVersions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FacadeVersions {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub versions: Vec<i64>,
}

/// Juju's `Proxy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proxy {
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
}
