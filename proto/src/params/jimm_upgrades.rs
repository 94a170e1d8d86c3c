//! Parameter structs of the broker's own facade that speak of upgrades and of jobs.

use serde::{Deserialize, Serialize};

use super::common::Error;
use super::serde_help::null_default;
use crate::time::GoTime;

/// Parameters of `SupportedJujuVersions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupportedVersionsRequest {
    /// Nothing older than this; empty for all.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub min_version: String,
}

/// Answer of `SupportedJujuVersions`: the newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupportedVersions {
    #[serde(default, deserialize_with = "null_default")]
    pub versions: Vec<SupportedVersion>,
}

/// A version that a model can be upgraded to by moving it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupportedVersion {
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    /// Empty: the broker knows what its controllers run, and not since when there is that.
    #[serde(default, deserialize_with = "null_default")]
    pub date: String,
    /// Empty, for the same reason.
    #[serde(default, deserialize_with = "null_default")]
    pub link_to_release: String,
}

/// Parameters of `UpgradeTo`: several models, or one by its tag.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeToRequest {
    /// UUIDs, or `owner/name`.
    #[serde(default, deserialize_with = "null_default")]
    pub model_uuids: Vec<String>,
    /// The one model, as the reference's `jimmctl` names it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller_name: String,
}

/// Answer of `UpgradeTo`; one result for each model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeToResults {
    /// Whether every upgrade has been begun.
    #[serde(default, deserialize_with = "null_default")]
    pub success: bool,
    /// The job of the only model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<i64>,
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<UpgradeToResult>,
}

/// What came of one model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeToResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// How the newest upgrade of a model stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeToJobStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub job_id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub detail: UpgradeToJobDetail,
}

/// See [`UpgradeToJobStatus`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpgradeToJobDetail {
    /// `available`, `running`, `completed` or `discarded`.
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// What it does at the moment, or why it failed.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// Parameters of `JobInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobInfoRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub job_id: String,
}

/// Answer of `JobInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    /// `pending`, `running`, `successful` or `failed`.
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// What it is about, such as a model's UUID. Ours.
    #[serde(default, deserialize_with = "null_default")]
    pub subject: String,
    /// What it does. Ours.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default", rename = "current_attempt")]
    pub current_attempt: i64,
    /// Zero: a job is tried until it has ended.
    #[serde(default, deserialize_with = "null_default", rename = "max_attempts")]
    pub max_attempts: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "finished_at")]
    pub finished_at: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<JobError>,
}

/// Why a job, or an attempt, failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobError {
    pub at: GoTime,
    pub attempt: i64,
    pub error: String,
}

/// Parameters of `ListJobs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListJobsRequest {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<String>,
    /// 100 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// What the answer before gave as `next_cursor`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
}

/// Answer of `ListJobs`: the newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListJobsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub jobs: Vec<ListedJob>,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "String::is_empty",
        rename = "next_cursor"
    )]
    pub next_cursor: String,
}

/// A job of a list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListedJob {
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub status: String,
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// Ours.
    #[serde(default, deserialize_with = "null_default")]
    pub subject: String,
    #[serde(default, deserialize_with = "null_default", rename = "max_attempts")]
    pub max_attempts: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub attempt: i64,
}
