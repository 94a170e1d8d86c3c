//! Parameter structs of `UserManager`.
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use serde::{Deserialize, Serialize};

use super::common::{Entity, Error};
use super::model_manager::ModelUserInfo;
use super::reticence::shows_only;
use super::serde_help::null_default;
use crate::time::GoTime;

/// Juju's `AddUsers`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddUsers {
    #[serde(default, deserialize_with = "null_default")]
    pub users: Vec<AddUser>,
}

/// Juju's `AddUserResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddUserResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<AddUserResult>,
}

/// Juju's `UserInfoRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserInfoRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub entities: Vec<Entity>,
    #[serde(default, deserialize_with = "null_default")]
    pub include_disabled: bool,
}

/// Juju's `UserInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<UserInfoResult>,
}

/// Juju's `ModelUserInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUserInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ModelUserInfoResult>,
}

/// Juju's `EntityPasswords`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EntityPasswords {
    #[serde(default, deserialize_with = "null_default")]
    pub changes: Vec<EntityPassword>,
}

/// Juju's `AddUser`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddUser {
    #[serde(default, deserialize_with = "null_default")]
    pub username: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub password: String,
}

shows_only!(AddUser { username, display_name });

/// Juju's `AddUserResult`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddUserResult {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub secret_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

shows_only!(AddUserResult { tag, error });

/// Juju's `UserInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<UserInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModelUserInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUserInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ModelUserInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `EntityPassword`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EntityPassword {
    #[serde(default, deserialize_with = "null_default")]
    pub tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub password: String,
}

shows_only!(EntityPassword { tag });

/// Juju's `UserInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub username: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
    #[serde(default, deserialize_with = "null_default")]
    pub created_by: String,
    #[serde(default, deserialize_with = "null_default")]
    pub date_created: GoTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connection: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default")]
    pub disabled: bool,
}
