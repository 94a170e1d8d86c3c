//! Parameter structs of the broker's own facade that speak of what was left behind, and of records that are gone.

use serde::{Deserialize, Serialize};

use super::serde_help::{is_false, is_zero, null_default};
use crate::time::GoTime;

/// Answer of `Doctor`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DoctorReport {
    #[serde(default, deserialize_with = "null_default")]
    pub findings: Vec<Finding>,
    /// Controllers that nothing is known of now.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub not_looked_at: Vec<NotLookedAt>,
    /// Models that their controllers do not list and that nobody was asked about: there were too many for one look.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub unasked: i64,
    /// Controllers that were looked at.
    #[serde(default, deserialize_with = "null_default")]
    pub controllers: i64,
    /// Records of models that were compared with them.
    #[serde(default, deserialize_with = "null_default")]
    pub models: i64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The same for the same finding, until it is gone.
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    /// What kind: see docs/guides/doctor.md.
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// The controller that it is about.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model_uuid: String,
    /// What is true.
    #[serde(default, deserialize_with = "null_default")]
    pub what: String,
    /// What to do: a command, or a word on what not to do.
    #[serde(default, deserialize_with = "null_default")]
    pub repair: String,
    /// Whether `DoctorRepair` does it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub repairable: bool,
}

/// A controller that does not answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NotLookedAt {
    #[serde(default, deserialize_with = "null_default")]
    pub controller: String,
    #[serde(default, deserialize_with = "null_default")]
    pub why: String,
}

/// Parameters of `DoctorRepair`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RepairRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub finding: String,
}

/// Answer of `DoctorRepair`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Repaired {
    /// What was done.
    #[serde(default, deserialize_with = "null_default")]
    pub done: String,
}

/// Parameters of `ListArchivedModels`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArchivedRequest {
    /// 100 when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// What the answer before gave as `next-cursor`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
}

/// Answer of `ListArchivedModels`: the newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArchivedModels {
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<ArchivedModel>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub next_cursor: String,
}

/// The record of a model that the broker no longer has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArchivedModel {
    pub uuid: String,
    pub name: String,
    pub owner: String,
    pub controller_name: String,
    pub controller_uuid: String,
    pub archived: GoTime,
}
