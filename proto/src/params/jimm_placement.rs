//! Parameter structs of the broker's own facade that speak of where models go. All of them are ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::serde_help::null_default;
use crate::time::GoTime;

/// Parameters of `SetControllerLabels`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetControllerLabelsRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Labels to add or change.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Taints to add or change.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub taints: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remove_labels: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remove_taints: Vec<String>,
}

/// Parameters of `CordonController`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CordonControllerRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// `false` takes the cordon away.
    #[serde(default, deserialize_with = "null_default")]
    pub cordoned: bool,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// That a controller gets no models, in `ControllerInfo`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cordon {
    pub since: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub by: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Parameters of `ExplainPlacement`: a model that is there, or the cloud and owner of one to come.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExplainPlacementRequest {
    /// `model-UUID`, a bare UUID, or `owner/name`.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub cloud: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Empty for the caller.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Labels that the controller must have.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: BTreeMap<String, String>,
}

/// Answer of `ExplainPlacement`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlacementExplained {
    pub cloud: String,
    pub region: String,
    pub owner: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Those that will do, the best first, then the others.
    #[serde(default, deserialize_with = "null_default")]
    pub controllers: Vec<PlacementHost>,
}

/// A controller, and what is thought of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlacementHost {
    /// 1 for the best; 0 for one that will not do.
    pub place: i64,
    pub name: String,
    pub agent_version: String,
    pub region: String,
    pub priority: i64,
    pub models: i64,
    pub machines: i64,
    pub units: i64,
    /// Models of the owner there.
    pub owned: i64,
    /// How long it took to list its models.
    pub response_ms: i64,
    pub points: PlacementPoints,
    /// Why it will not do.
    #[serde(default, deserialize_with = "null_default")]
    pub excluded: Vec<String>,
}

/// The parts of a score; of 100.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlacementPoints {
    pub total: f64,
    pub models: f64,
    pub machines: f64,
    pub units: f64,
    pub response: f64,
    pub spread: f64,
}
