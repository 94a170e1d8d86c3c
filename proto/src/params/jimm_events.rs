//! Parameter structs of the broker's own facade that speak of events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Something that happened: as it is answered, streamed, and sent to web hooks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventInfo {
    /// Its place in the order of events.
    pub id: i64,
    pub time: GoTime,
    /// What: one of docs/reference/events.md.
    pub code: String,
    /// What it is about: `model`, `controller`, `job`, `plan`.
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default)]
    pub data: Value,
}

/// Parameters of `ListEvents`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventsRequest {
    /// Those after this one; the newest when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// 100 when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// How many seconds to wait for one when there is none.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub wait: i64,
}

/// Answer of `ListEvents`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventsAnswer {
    #[serde(default, deserialize_with = "null_default")]
    pub events: Vec<EventInfo>,
    /// Where to go on.
    #[serde(default, deserialize_with = "null_default")]
    pub last: i64,
    /// Events were forgotten before they were asked for.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub gap: bool,
}
