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
    /// Where the page before this one ended, as its answer told; the other parameters have to be the same. The offset is
    /// not looked at then.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
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
    /// Its name, the same for ever.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// `login`, `change` or `read`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// What happened, for rules: `jimm.add-group`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event_code: String,
    /// Of a reply: `ok`, or the kind of failure.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// Of a reply: how long it took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_us: Option<u64>,
    /// Where the connection comes from: the socket's other end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client_address: String,
    /// How the user logged in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub auth_method: String,
}

/// Answer of `FindAuditEvents`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct AuditEvents {
    #[serde(default, deserialize_with = "null_default")]
    pub events: Vec<AuditEvent>,
    /// Where this page ended, when there may be more.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
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

/// Parameters of `AuditCheckpoints`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditCheckpointsRequest {
    /// Only those with a greater number.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub after_no: i64,
}

/// Answer of `AuditCheckpoints`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditCheckpoints {
    /// The keys that sign, Ed25519.
    #[serde(default, deserialize_with = "null_default")]
    pub keys: Vec<AuditKey>,
    /// In their order.
    #[serde(default, deserialize_with = "null_default")]
    pub checkpoints: Vec<AuditCheckpoint>,
}

/// A key that signs checkpoints.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditKey {
    /// SHA-256 of the public key, hexadecimal.
    pub kid: String,
    /// The public key, hexadecimal.
    pub public: String,
}

/// A signed statement about the chains of the audit log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditCheckpoint {
    /// From 1, without gaps.
    pub no: i64,
    /// JSON, signed as it is.
    pub body: String,
    /// The key.
    pub kid: String,
    /// Hexadecimal.
    pub signature: String,
}

/// Parameters of `AuditBatches`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditBatchesRequest {
    /// The place that the last answer told.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub after: String,
}

/// Answer of `AuditBatches`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditBatches {
    /// By class, day, chain and their number in it.
    #[serde(default, deserialize_with = "null_default")]
    pub batches: Vec<AuditBatch>,
    /// Where to go on; empty at the end.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub after: String,
}

/// A batch of the audit log, as it is chained.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditBatch {
    pub class: String,
    /// `2026-11-21`.
    pub day: String,
    pub chain: String,
    pub seq: i64,
    /// Microseconds.
    pub first: i64,
    /// Microseconds.
    pub last: i64,
    pub size: i32,
    pub identities: Vec<String>,
    pub models: Vec<String>,
    pub methods: Vec<String>,
    /// JSON.
    pub entries: String,
    /// Hexadecimal.
    pub prev: String,
    /// Hexadecimal.
    pub hash: String,
}
