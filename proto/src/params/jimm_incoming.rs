//! Parameter structs of `JIMM` about models that come in from controllers that are none of the broker's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::serde_help::null_default;
use crate::time::GoTime;

/// Parameters of `PrepareModelMigration`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PrepareModelMigrationRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    /// The controller of the broker that is to host the model.
    #[serde(default, deserialize_with = "null_default")]
    pub backing_controller_name: String,
    /// Local user of the source to user of the broker; an empty one is left behind.
    #[serde(default, deserialize_with = "null_default")]
    pub user_mapping: BTreeMap<String, Option<String>>,
}

/// Answer of `PrepareModelMigration`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
pub struct PrepareModelMigrationResponse {
    /// What the source logs in to the broker with.
    #[serde(default, deserialize_with = "null_default")]
    pub token: String,
}

impl std::fmt::Debug for PrepareModelMigrationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrepareModelMigrationResponse").finish_non_exhaustive()
    }
}

/// Parameters of `IncomingMigrationStatus`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct IncomingMigrationStatusRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
}

/// Answer of `IncomingMigrationStatus`. Ours.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct IncomingMigrationStatus {
    /// `prepared`, `importing`, `active` or `aborted`.
    #[serde(default, deserialize_with = "null_default")]
    pub state: String,
    /// What it was refused for last.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, deserialize_with = "null_default")]
    pub prepared: GoTime,
    #[serde(default, deserialize_with = "null_default")]
    pub changed: GoTime,
}
