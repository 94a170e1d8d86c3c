//! Parameter structs of the broker's own facade that speak of queries over many models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::serde_help::null_default;

/// Parameters of `CrossModelQuery` and `StartCrossModelQuery`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CrossModelQueryRequest {
    /// `jq`.
    #[serde(default, deserialize_with = "null_default")]
    pub r#type: String,
    /// The program.
    #[serde(default, deserialize_with = "null_default")]
    pub query: String,
}

/// Answer of `CrossModelQuery`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct CrossModelQueryResponse {
    /// What the program made of each model, by the model's UUID.
    #[serde(default, deserialize_with = "null_default")]
    pub results: BTreeMap<String, Vec<Box<RawValue>>>,
    /// What went wrong, by the model's UUID.
    #[serde(default, deserialize_with = "null_default")]
    pub errors: BTreeMap<String, Vec<String>>,
}

/// Answer of `StartCrossModelQuery`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StartedQuery {
    /// What the connection calls the query.
    pub query_id: String,
    /// How many models are asked.
    pub models: usize,
}

/// Parameters of `NextCrossModelQuery` and `StopCrossModelQuery`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueryId {
    #[serde(default, deserialize_with = "null_default")]
    pub query_id: String,
}

/// Answer of `NextCrossModelQuery`. Ours.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct NextAnswers {
    /// What has come since; may be empty.
    #[serde(default, deserialize_with = "null_default")]
    pub answers: Vec<ModelAnswer>,
    /// Whether that is all.
    #[serde(default)]
    pub done: bool,
}

/// What a query found in a model. Ours.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelAnswer {
    pub model_uuid: String,
    /// OWNER/NAME.
    pub model: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl ModelAnswer {
    /// About how long it is on the wire.
    pub fn length(&self) -> usize {
        let results: usize = self.results.iter().map(|it| it.get().len() + 1).sum();
        let errors: usize = self.errors.iter().map(|it| it.len() + 3).sum();
        100 + self.model.len() + results + errors
    }
}
