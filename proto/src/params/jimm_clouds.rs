//! Parameter structs of the broker's own facade that speak of clouds on controllers.

use serde::{Deserialize, Serialize};

use super::cloud::Cloud;
use super::serde_help::{is_false, null_default};

/// Parameters of `AddCloudToController`: those of Juju's `AddCloud`, and where.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddCloudToControllerRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub cloud: Cloud,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
}

/// Parameters of `RemoveCloudFromController`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoveCloudFromControllerRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_name: String,
}
