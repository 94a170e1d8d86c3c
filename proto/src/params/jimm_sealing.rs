//! Parameter structs of the broker's own facade that speak of how secrets are sealed.

use serde::{Deserialize, Serialize};

use super::serde_help::null_default;
use crate::time::GoTime;

/// Parameters of `RotateSealingKey`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RotateSealingKeyRequest {
    /// What secrets are to be sealed with: refused when it is not the current key or place. Empty for whatever is.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub to: String,
}

/// Answer of `RotateSealingKey` and `SealingStatus`. Keys are told by their ids.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SealingStatus {
    /// What seals new secrets: `key ID`, or `vault`.
    pub current: String,
    /// What seals those that there are.
    #[serde(default, deserialize_with = "null_default")]
    pub secrets: Vec<SealedWith>,
    /// The rotation that is in work, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<SealingRotation>,
}

/// How many secrets something seals.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SealedWith {
    /// `key ID`, or `vault`.
    pub sealed_with: String,
    pub count: i64,
}

/// How a rotation goes, or went.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SealingRotation {
    /// `pending`, `running`, `successful` or `failed`.
    pub state: String,
    /// What secrets are sealed with by it.
    pub to: String,
    /// Sealed anew.
    pub rewrapped: i64,
    /// Found as they should be.
    pub already_current: i64,
    /// Written by somebody else at that moment, and left alone.
    pub changed_meanwhile: i64,
    /// Do not open, and were left alone.
    pub lost: i64,
    /// Why it failed, or is tried again.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, deserialize_with = "null_default")]
    pub requested_by: String,
    #[serde(default, deserialize_with = "null_default")]
    pub started: GoTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<GoTime>,
}
