//! Parameter structs of `SecretBackends`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model_manager::SecretBackendResult;
use super::reticence::shows_only;
use super::serde_help::{is_false, is_zero, null_default};

/// Juju's `AddSecretBackendArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddSecretBackendArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub args: Vec<AddSecretBackendArg>,
}

/// Juju's `UpdateSecretBackendArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateSecretBackendArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub args: Vec<UpdateSecretBackendArg>,
}

/// Juju's `ListSecretBackendsArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSecretBackendsArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub names: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub reveal: bool,
}

/// Juju's `ListSecretBackendsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSecretBackendsResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<SecretBackendResult>,
}

/// Juju's `RemoveSecretBackendArgs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoveSecretBackendArgs {
    #[serde(default, deserialize_with = "null_default")]
    pub args: Vec<RemoveSecretBackendArg>,
}

/// Juju's `AddSecretBackendArg`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddSecretBackendArg {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub backend_type: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub token_rotate_interval: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub id: String,
}

shows_only!(AddSecretBackendArg { name, backend_type, token_rotate_interval, id });

/// Juju's `UpdateSecretBackendArg`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateSecretBackendArg {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub name_change: String,
    #[serde(default)]
    pub token_rotate_interval: Option<i64>,
    #[serde(default, deserialize_with = "null_default")]
    pub config: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub reset: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
}

shows_only!(UpdateSecretBackendArg { name, name_change, token_rotate_interval, reset, force });

/// Juju's `RemoveSecretBackendArg`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoveSecretBackendArg {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
}
