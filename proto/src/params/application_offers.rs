//! Parameter structs of `ApplicationOffers` (versions 4 to 6).
//!
//! Field names, order and optionality are those of Juju 3.6.11 and 4.0.8; a field of one series only is an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::Error;
use super::model_manager::EntityStatus;
use super::serde_help::{is_false, is_zero, null_default};

/// Juju's `AddApplicationOffers`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddApplicationOffers {
    #[serde(rename = "Offers", default, deserialize_with = "null_default")]
    pub offers: Vec<AddApplicationOffer>,
}

/// Juju's `OfferFilters`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfferFilters {
    #[serde(rename = "Filters", default, deserialize_with = "null_default")]
    pub filters: Vec<OfferFilter>,
}

/// Juju's `QueryApplicationOffersResultsV5`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueryApplicationOffersResultsV5 {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ApplicationOfferAdminDetailsV5>,
}

/// Juju's `QueryApplicationOffersResultsV4`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueryApplicationOffersResultsV4 {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<ApplicationOfferAdminDetailsV4>,
}

/// Juju's `OfferURLs`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfferURLs {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub offer_urls: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub bakery_version: i64,
}

/// Juju's `ApplicationOffersResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOffersResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ApplicationOfferResult>,
}

/// Juju's `ConsumeOfferDetailsArg`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConsumeOfferDetailsArg {
    #[serde(default, deserialize_with = "null_default")]
    pub offer_urls: OfferURLs,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub user_tag: String,
}

/// Juju's `ConsumeOfferDetailsResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConsumeOfferDetailsResults {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ConsumeOfferDetailsResult>,
}

/// Juju's `DestroyApplicationOffers`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestroyApplicationOffers {
    #[serde(default, deserialize_with = "null_default")]
    pub offer_urls: Vec<String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub force: bool,
}

/// Juju's `ModifyOfferAccessRequest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyOfferAccessRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub changes: Vec<ModifyOfferAccess>,
}

/// Juju's `RemoteApplicationInfoResults`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteApplicationInfoResults {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<RemoteApplicationInfoResult>,
}

/// Juju's `AddApplicationOffer`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddApplicationOffer {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub owner_tag: String,
}

/// Juju's `OfferFilter`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfferFilter {
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub model_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_user: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<EndpointFilterAttributes>,
    #[serde(default, deserialize_with = "null_default")]
    pub connected_users: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub allowed_users: Vec<String>,
    /// Juju 4.0 and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_qualifier: Option<String>,
}

/// Juju's `ApplicationOfferAdminDetailsV5`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferAdminDetailsV5 {
    #[serde(default, deserialize_with = "null_default")]
    pub source_model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_description: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<OfferUserDetails>,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<OfferConnection>,
}

/// Juju's `ApplicationOfferAdminDetailsV4`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferAdminDetailsV4 {
    #[serde(default, deserialize_with = "null_default")]
    pub source_model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_description: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<OfferUserDetails>,
    #[serde(default, deserialize_with = "null_default")]
    pub application_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub charm_url: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<OfferConnection>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub spaces: Vec<RemoteSpace>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub bindings: BTreeMap<String, String>,
}

/// Juju's `ApplicationOfferResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ApplicationOfferAdminDetailsV5>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ConsumeOfferDetailsResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConsumeOfferDetailsResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<ApplicationOfferDetailsV5>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macaroon: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_controller: Option<ExternalControllerInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `ModifyOfferAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModifyOfferAccess {
    #[serde(default, deserialize_with = "null_default")]
    pub user_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub action: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
}

/// Juju's `RemoteApplicationInfoResult`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteApplicationInfoResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RemoteApplicationInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Juju's `EndpointFilterAttributes`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndpointFilterAttributes {
    #[serde(default, deserialize_with = "null_default")]
    pub role: String,
    #[serde(default, deserialize_with = "null_default")]
    pub interface: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
}

/// Juju's `RemoteEndpoint`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteEndpoint {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub role: String,
    #[serde(default, deserialize_with = "null_default")]
    pub interface: String,
    #[serde(default, deserialize_with = "null_default")]
    pub limit: i64,
}

/// Juju's `OfferUserDetails`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfferUserDetails {
    #[serde(default, deserialize_with = "null_default")]
    pub user: String,
    #[serde(default, deserialize_with = "null_default")]
    pub display_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub access: String,
}

/// Juju's `OfferConnection`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfferConnection {
    #[serde(default, deserialize_with = "null_default")]
    pub source_model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub relation_id: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub username: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoint: String,
    #[serde(default, deserialize_with = "null_default")]
    pub status: EntityStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub ingress_subnets: Vec<String>,
}

/// Juju's `RemoteSpace`. Juju 3.6 only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteSpace {
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub provider_attributes: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub subnets: Vec<Subnet>,
}

/// Juju's `ApplicationOfferDetailsV5`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplicationOfferDetailsV5 {
    #[serde(default, deserialize_with = "null_default")]
    pub source_model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub application_description: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<OfferUserDetails>,
}

/// Juju's `ExternalControllerInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExternalControllerInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub controller_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub controller_alias: String,
    #[serde(default, deserialize_with = "null_default")]
    pub addrs: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub ca_cert: String,
}

/// Juju's `RemoteApplicationInfo`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteApplicationInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub model_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    #[serde(default, deserialize_with = "null_default")]
    pub offer_url: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub source_model_label: String,
    #[serde(default, deserialize_with = "null_default")]
    pub endpoints: Vec<RemoteEndpoint>,
    #[serde(default, deserialize_with = "null_default")]
    pub icon_url_path: String,
}

/// Juju's `Subnet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Subnet {
    #[serde(default, deserialize_with = "null_default")]
    pub cidr: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_network_id: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub provider_space_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub vlan_tag: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub life: String,
    #[serde(default, deserialize_with = "null_default")]
    pub space_tag: String,
    #[serde(default, deserialize_with = "null_default")]
    pub zones: Vec<String>,
    /// Juju 3.6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}
