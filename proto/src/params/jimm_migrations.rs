//! Parameter structs of the broker's own facade that speak of moves of models: what there are and were, stopping one,
//! trying one again.

use serde::{Deserialize, Serialize};

use super::jimm::MigrationLogLine;
use super::serde_help::null_default;
use crate::time::GoTime;

/// Parameters of `ListMigrations`; what is empty stands for any.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListMigrationsRequest {
    /// Of this model: `model-UUID`, a bare UUID or `owner/name`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// From or to this controller.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub controller: String,
    /// In these states: `running`, `done`, `aborted`, or `stuck`, which are running ones.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// Of this plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<i64>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// From the answer before.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
}

/// Answer of `ListMigrations`: the newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListMigrationsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub migrations: Vec<Migration>,
    /// For the next page; empty when there is none.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub next_cursor: String,
}

/// Names a move: parameters of `ShowMigration`, `AbortMigration` and `RetryMigration`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationName {
    /// Its number, or the model (`model-UUID`, a bare UUID, `owner/name`), whose newest move it is.
    #[serde(default, deserialize_with = "null_default")]
    pub migration: String,
}

/// Answer of `AbortMigration`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AbortMigrationResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    /// Whether the move has ended already; else it ends by itself, one way or the other.
    #[serde(default, deserialize_with = "null_default")]
    pub ended: bool,
    /// What happens now, and what cannot.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// A move of a model, with all its attempts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Migration {
    #[serde(default, deserialize_with = "null_default")]
    pub id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// `owner/name`, as it was.
    #[serde(default, deserialize_with = "null_default")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source_controller: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_controller: String,
    #[serde(default, deserialize_with = "null_default")]
    pub requested_by: String,
    /// The plan that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<i64>,
    /// Which attempt it is, from 1.
    #[serde(default, deserialize_with = "null_default")]
    pub attempt: i64,
    /// `running`, `done` or `aborted` (the model is where it was).
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// How far it is: `waiting`, `asking`, the phases of Juju where the source tells (`quiesce`, `import`,
    /// `process-relations`, `validation`, `success`, `log-transfer`, `reap`, `abort`), `moving` where it does not,
    /// `handed-over`; then the state.
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    /// The last word of the controllers, or of the broker.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    /// The source's name for it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub migration_id: String,
    /// Agents that have reported, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_reported: Option<i64>,
    /// Agents that reported failure, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_failed: Option<i64>,
    /// Log records that were sent, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_records: Option<i64>,
    /// How it ended: `moved`, `record-changed`, `refused`, `cancelled`, `source-aborted`, `source-silent`, `half-import`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// How it ended, for people.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Since when it has got no further, when that is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_since: Option<GoTime>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub stuck_reason: String,
    /// What to do, when it is stuck or has ended badly.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub next_step: String,
    /// Who wants it stopped.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub abort_requested_by: String,
    /// What the model had when the move was asked for.
    #[serde(default, deserialize_with = "null_default")]
    pub machines: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub units: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub created: GoTime,
    /// When the newest attempt began.
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    /// When the source was asked to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<GoTime>,
    /// When it last got further.
    #[serde(default, deserialize_with = "null_default")]
    pub progress: GoTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<GoTime>,
    /// Of the newest attempt, until now or until it ended.
    #[serde(default, deserialize_with = "null_default")]
    pub elapsed_seconds: i64,
    /// When it came to each phase; not in lists.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<MigrationPhase>,
    /// The attempts before the newest; not in lists.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<MigrationAttempt>,
    /// What was found of relations across models after the switch; not in lists.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<MigrationRelation>,
    /// What was owed after the switch, and what came of it; not in lists.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub aftercare: Vec<MigrationAftercare>,
    /// What was told of the newest attempt, line by line; not in lists.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<MigrationLogLine>,
}

/// When a move came to a phase.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationPhase {
    #[serde(default, deserialize_with = "null_default")]
    pub phase: String,
    #[serde(default, deserialize_with = "null_default")]
    pub attempt: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub at: GoTime,
}

/// An attempt that did not do it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationAttempt {
    #[serde(default, deserialize_with = "null_default")]
    pub attempt: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub job: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub ended: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub code: String,
    #[serde(default, deserialize_with = "null_default")]
    pub reason: String,
}

/// A relation across models that the move concerned, as it was found after the switch.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationRelation {
    /// `offer` for one that others consume, `saas` for one that the model consumes.
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// The offer's URL.
    #[serde(default, deserialize_with = "null_default")]
    pub offer: String,
    /// The consuming model, `owner/name` where it is known, and its name for what it consumes.
    #[serde(default, deserialize_with = "null_default")]
    pub consumer: String,
    /// `ok`, `repaired`, `broken`, `unknown`, or `unanswered` while a controller is asked again.
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to run, when it is broken.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

/// Something that was owed after the model had moved.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationAftercare {
    /// `relations`: relations across models are looked at and put right; `source`: what becomes of the copy there;
    /// `agents`: whether the model's agents report to the target.
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// `owed`, `done` or `given-up`.
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// Of relations the worst that was found, as in their states, or `gone`; of the source `removed`, `kept`, `reap-failed`,
    /// `detached` or `came-back`; of agents `ok`, `gone`, `moved-on`, or `lost` while some are missed and asked after.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// The same for people; of what is owed, why the last try was not enough.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How often it was begun.
    #[serde(default, deserialize_with = "null_default")]
    pub tries: i64,
    /// When it is tried next, while it is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<GoTime>,
}
