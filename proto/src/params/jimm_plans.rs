//! Parameter structs of the broker's own facade that speak of plans. All of them are ours.
//!
//! A plan is written by the broker and edited by people: a member that it does not know is an error there, not ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::serde_help::{is_zero, null_default};
use crate::time::GoTime;

/// The format of plans that this program writes and reads.
pub const FORMAT: i64 = 1;

/// Which models go where, in which order: the file that people edit.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: i64,
    /// `drain`, `rebalance` or `upgrade`.
    pub kind: String,
    /// The controllers that get no more models and are to be empty at the end.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    #[serde(default)]
    pub limits: PlanLimits,
    /// For people; not read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<PlanForecast>,
    /// One after the other.
    pub waves: Vec<PlanWave>,
    /// Models of the sources that have no place, and why; not read back.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<PlanLeft>,
}

/// How much at a time, and when to stop.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PlanLimits {
    /// Models under way at a time.
    pub parallel: i64,
    /// The same of one source.
    pub per_source: i64,
    /// The same of one target.
    pub per_target: i64,
    /// Stop when so many have failed.
    pub failures: i64,
    /// Seconds that a model has to be as well as before, after its upgrade.
    pub patience: i64,
}

impl Default for PlanLimits {
    fn default() -> Self {
        Self { parallel: 10, per_source: 10, per_target: 10, failures: 1, patience: 900 }
    }
}

/// What may be expected.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanForecast {
    #[serde(default, deserialize_with = "null_default")]
    pub models: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub machines: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub units: i64,
    /// Earlier moves from which the times come.
    #[serde(default, deserialize_with = "null_default")]
    pub known_moves: i64,
    /// All of it, if models take as long as most did; nothing when no move is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The same if they take as long as the slowest tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_at_worst: Option<i64>,
    /// The same in words.
    #[serde(default, deserialize_with = "null_default")]
    pub text: String,
}

/// Models that move together; the next wave begins when all have ended.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlanWave {
    pub name: String,
    pub models: Vec<PlanStep>,
}

/// A model that moves.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlanStep {
    /// `owner/name`.
    pub model: String,
    /// Its UUID; where it is not given, the model is the one that has that name when the plan is applied.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    /// The controller that has it; where it is not given, whichever has.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The controller that gets it.
    pub to: String,
    /// For people.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A model that the plan leaves where it is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanLeft {
    #[serde(default, deserialize_with = "null_default")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub why: String,
}

/// What the planning commands have in common.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanWishes {
    /// Controllers that will do; none for all.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Only models whose `owner/name` this matches: `*` for any characters, `?` for one.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty", rename = "match")]
    pub patterns: Vec<String>,
    /// Labels that the targets must have.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: BTreeMap<String, String>,
    /// Taints that do not matter.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tolerates: BTreeMap<String, String>,
    /// How many models are tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canaries: Option<i64>,
    /// How many models a wave has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_size: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PlanLimits>,
}

/// Parameters of `PlanDrain`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanDrainRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub controller: String,
    #[serde(default)]
    pub wishes: PlanWishes,
}

/// Parameters of `PlanRebalance`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanRebalanceRequest {
    /// Models that move at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<i64>,
    #[serde(default)]
    pub wishes: PlanWishes,
}

/// Parameters of `PlanUpgrade`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanUpgradeRequest {
    /// Controllers of that version, or of that series (`3.6`), are drained.
    #[serde(default, deserialize_with = "null_default")]
    pub from: String,
    /// A controller, or a version or series that the targets run.
    #[serde(default, deserialize_with = "null_default")]
    pub to: String,
    #[serde(default)]
    pub wishes: PlanWishes,
}

/// Parameters of `ApplyPlan`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyPlanRequest {
    pub plan: Plan,
    /// Only look for problems.
    #[serde(default, deserialize_with = "null_default")]
    pub check: bool,
}

/// Answer of `ApplyPlan`: the number of the plan that runs now, or everything that keeps it from that.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyPlanResult {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub plan: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Parameters of `ShowPlan`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShowPlanRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub plan: i64,
    /// Only models that changed after this: `as-of` of an answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_after: Option<GoTime>,
}

/// How a plan stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanStatus {
    pub plan: i64,
    pub kind: String,
    /// `running`, `paused`, `stopped`, `aborting`, `proving`, `done` or `aborted`.
    pub state: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, deserialize_with = "null_default")]
    pub sources: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub requested_by: String,
    pub created: GoTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<GoTime>,
    /// Models by their state.
    #[serde(default, deserialize_with = "null_default")]
    pub models: BTreeMap<String, i64>,
    /// The wave that is under way, and how many there are.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub wave: String,
    #[serde(default, deserialize_with = "null_default")]
    pub waves: i64,
    /// What each source told at the end.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<PlanProof>,
}

/// What a source told when everything had ended.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanProof {
    #[serde(default, deserialize_with = "null_default")]
    pub controller: String,
    /// Nothing that the broker sends anybody to is there.
    #[serde(default, deserialize_with = "null_default")]
    pub empty: bool,
    /// Copies of models that live elsewhere now: nobody is sent to them.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remains: Vec<String>,
    /// Models that are still there.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Why it could not tell.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// How a model of a plan stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanModelStatus {
    #[serde(default, deserialize_with = "null_default")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub wave: String,
    #[serde(default, deserialize_with = "null_default")]
    pub from: String,
    #[serde(default, deserialize_with = "null_default")]
    pub to: String,
    /// `waiting`, `moving`, `upgrading`, `verifying`, `done`, `failed`, `skipped` or `cancelled`.
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// What it waits for, or what came of it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, deserialize_with = "null_default")]
    pub attempts: i64,
    /// What got worse by the upgrade.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub worse: Vec<String>,
    /// The job that moves or upgrades it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<GoTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<GoTime>,
}

/// Answer of `ShowPlan`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanDetails {
    pub status: PlanStatus,
    pub as_of: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub models: Vec<PlanModelStatus>,
}

/// Answer of `ListPlans`: the newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanList {
    #[serde(default, deserialize_with = "null_default")]
    pub plans: Vec<PlanStatus>,
}

/// Parameters of `ChangePlan`; its answer is a [`PlanDetails`] without models.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangePlanRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub plan: i64,
    /// `pause`, `resume`, `abort`, `skip` or `retry`.
    #[serde(default, deserialize_with = "null_default")]
    pub change: String,
    /// The models to skip or retry, UUID or `owner/name`; for `retry`, none means all that failed.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}
