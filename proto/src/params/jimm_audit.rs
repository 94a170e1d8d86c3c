//! Parameter structs of the broker's own facade that speak of the audit log. Keys are the reference's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Parameters of `FindAuditEvents`; what is empty is not asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FindAuditEventsRequest {
    /// Not earlier than, RFC 3339.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Not later than, RFC 3339.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub before: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub user_tag: String,
    /// `controller/model`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub method: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub offset: i64,
    /// 50 when below 1, 1000 at most.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub limit: i64,
    /// Newest first.
    #[serde(default, rename = "sortTime", deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub sort_time: bool,
}

/// When somebody asked, or was answered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct AuditEvent {
    /// When.
    pub time: GoTime,
    /// Who and what.
    #[serde(flatten)]
    pub what: AuditEventBody,
}

/// A request or a reply.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditEventBody {
    /// Which connection.
    pub conversation_id: String,
    /// The request id on it.
    pub message_id: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub facade_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub facade_method: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub facade_version: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object_id: String,
    #[serde(default)]
    pub user_tag: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    pub is_response: bool,
    /// As far as they may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Value>,
}

/// Answer of `FindAuditEvents`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct AuditEvents {
    #[serde(default, deserialize_with = "null_default")]
    pub events: Vec<AuditEvent>,
}

/// Parameters of `GrantAuditLogAccess` and `RevokeAuditLogAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditLogAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    /// There is one level only: it is not looked at.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub level: String,
}

/// Parameters of `PurgeLogs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PurgeLogsRequest {
    /// What is older goes; RFC 3339.
    #[serde(default, deserialize_with = "null_default")]
    pub date: String,
}

/// Answer of `PurgeLogs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PurgeLogsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub deleted_count: i64,
}
