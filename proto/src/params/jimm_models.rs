//! Parameter structs of the broker's own facade that speak of making models.

use serde::{Deserialize, Serialize};

use super::model_manager::ModelCreateArgs;
use super::serde_help::null_default;

/// Parameters of `AddModelToController`: those of Juju's `CreateModel`, and where.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddModelToControllerRequest {
    /// The model.
    #[serde(flatten)]
    pub model: ModelCreateArgs,
    /// Empty: the broker chooses.
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
}
