//! Parameter structs of the broker's own facade that speak of accounts: sessions and service accounts.

use serde::{Deserialize, Serialize};

use super::cloud::{CloudCredentialArg, TaggedCredential};
use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Parameters of `ListSessions`: one's own, a user's, or all.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSessionsRequest {
    /// Empty for oneself.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub user_tag: String,
    /// Everybody's.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub all: bool,
}

/// Answer of `ListSessions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSessionsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub sessions: Vec<SessionInfo>,
}

/// A session that lives.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub created: GoTime,
    /// Accurate to a minute or so.
    #[serde(default, deserialize_with = "null_default")]
    pub last_used: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub expires: GoTime,
    /// Seconds that it may lie unused, if there is such a limit.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub idle_timeout: i64,
    /// How the user was proven when it began.
    #[serde(default, deserialize_with = "null_default")]
    pub auth_method: String,
    /// Where it was begun from.
    #[serde(default, deserialize_with = "null_default")]
    pub client_address: String,
    /// Whether the caller uses it.
    #[serde(default, deserialize_with = "null_default")]
    pub current: bool,
}

/// Parameters of `RevokeSessions`: a user's, one session, or all.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevokeSessionsRequest {
    /// All of this user's.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub user_tag: String,
    /// Only this one.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// Everybody's.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub all: bool,
}

/// Answer of `RevokeSessions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevokeSessionsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub revoked_count: u64,
}

/// Answer of `ListSessionPolicies`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListSessionPoliciesResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub policies: Vec<SessionPolicy>,
}

/// How long somebody's logins last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionPolicy {
    /// `default`, `serviceaccounts`, `group-NAME` or `user-NAME@DOMAIN`.
    #[serde(default, deserialize_with = "null_default")]
    pub subject: String,
    /// Seconds from the login.
    #[serde(default, deserialize_with = "null_default")]
    pub lifetime: i64,
    /// Seconds that a login may lie unused, if there is such a limit.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub idle_timeout: i64,
    /// `stored` by an administrator, or `configured`.
    #[serde(default, deserialize_with = "null_default")]
    pub source: String,
    /// Who stored it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub updated_by: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<GoTime>,
}

/// Parameters of `SetSessionPolicy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetSessionPolicyRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub subject: String,
    /// In seconds, here and below.
    #[serde(default, deserialize_with = "null_default")]
    pub lifetime: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub idle_timeout: i64,
}

/// Parameters of `RemoveSessionPolicy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoveSessionPolicyRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub subject: String,
}

/// Parameters of `AddServiceAccount`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddServiceAccountRequest {
    /// With or without the domain `serviceaccount`, here and below.
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
}

/// Parameters of `ListServiceAccountCredentials`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListServiceAccountCredentialsRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
    /// All when empty.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CloudCredentialArg>,
    #[serde(default, deserialize_with = "null_default")]
    pub include_secrets: bool,
}

/// Parameters of `UpdateServiceAccountCredentials`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateServiceAccountCredentialsRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credentials: Vec<TaggedCredential>,
    #[serde(default, deserialize_with = "null_default")]
    pub force: bool,
}

/// Parameters of `CopyServiceAccountCredential`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CopyServiceAccountCredentialRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub credential_name: String,
}

/// Parameters of `GrantServiceAccountAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GrantServiceAccountAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
    /// Tags of users and groups.
    #[serde(default, deserialize_with = "null_default")]
    pub entities: Vec<String>,
}
