//! Parameter structs of the broker's own facade that speak of rights: groups, roles, relation tuples.
//!
//! Keys are the reference's, underscores and all: the list of groups, and that of roles, stands under `name`.

use serde::{Deserialize, Serialize};

use super::serde_help::{is_false, is_zero, null_default};

/// Tuples that one call takes at most.
pub const MAX_TUPLES: usize = super::common::MAX_ENTRIES;

/// A group or role. The answer of `AddGroup`, `GetGroup`, `AddRole`, `GetRole`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct IdentitySet {
    #[serde(default, deserialize_with = "null_default")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// RFC 3339.
    #[serde(default, deserialize_with = "null_default")]
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, deserialize_with = "null_default")]
    pub updated_at: String,
}

/// Parameters of `AddGroup`, `AddRole`, `RemoveGroup`, `RemoveRole`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SetNameRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
}

/// Parameters of `GetGroup` and `GetRole`: one of the two.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct GetSetRequest {
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// Parameters of `RenameGroup` and `RenameRole`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RenameSetRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub new_name: String,
}

/// Parameters of `ListGroups` and `ListRoles`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ListSetsRequest {
    /// 50 when 0, at most 200.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub limit: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub offset: i64,
}

/// Answer of `ListGroups` and `ListRoles`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ListSetsResponse {
    /// The groups or roles, by name.
    #[serde(default, rename = "name", deserialize_with = "null_default")]
    pub sets: Vec<IdentitySet>,
}

/// Who (`user-alice@example.com`, `group-devs#member`), what (`writer`), to what (`model-alice@example.com/shop`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RelationshipTuple {
    #[serde(default, deserialize_with = "null_default")]
    pub object: String,
    #[serde(default, deserialize_with = "null_default")]
    pub relation: String,
    #[serde(default, deserialize_with = "null_default")]
    pub target_object: String,
}

/// Parameters of `AddRelation`, `RemoveRelation`, `CheckRelations`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RelationsRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub tuples: Vec<RelationshipTuple>,
}

/// Parameters of `CheckRelation`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CheckRelationRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub tuple: RelationshipTuple,
}

/// Answer of `CheckRelation`, and each result of `CheckRelations`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CheckRelationResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub allowed: bool,
    /// Why it could not be told.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// Answer of `CheckRelations`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CheckRelationsResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub results: Vec<CheckRelationResponse>,
}

/// Parameters of `ListRelationshipTuples`. Every part of the tuple may be empty: then it is not asked for. The target
/// may be a kind alone: `model`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ListRelationshipTuplesRequest {
    #[serde(default, deserialize_with = "null_default")]
    pub tuple: RelationshipTuple,
    /// 50 when 0, at most 1000.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_zero")]
    pub page_size: i64,
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub continuation_token: String,
    /// Names instead of UUIDs.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub resolve_uuids: bool,
}

/// Answer of `ListRelationshipTuples`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ListRelationshipTuplesResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub tuples: Vec<RelationshipTuple>,
    /// What could not be turned into a name.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// For the next page; empty on the last.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub continuation_token: String,
}

/// Parameters of `CheckAccess`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CheckAccessRequest {
    /// Whether to put right what differs.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "is_false")]
    pub reconcile: bool,
}

/// Answer of `CheckAccess`. Of tuples that are many a thousand are listed of each kind.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckAccessResponse {
    /// `built-in` or `openfga`: who decides.
    #[serde(default, deserialize_with = "null_default")]
    pub authorizer: String,
    /// The store of OpenFGA; empty without.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub store: String,
    /// The authorization model in it.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Tuples of the broker.
    #[serde(default, deserialize_with = "null_default")]
    pub tuples: u64,
    /// Tuples in the store.
    #[serde(default, deserialize_with = "null_default")]
    pub mirrored: u64,
    /// Tuples that the store should have and has not.
    #[serde(default, deserialize_with = "null_default")]
    pub missing: Vec<RelationshipTuple>,
    /// How many.
    #[serde(default, deserialize_with = "null_default")]
    pub missing_count: u64,
    /// Tuples that the store should not have.
    #[serde(default, deserialize_with = "null_default")]
    pub extra: Vec<RelationshipTuple>,
    /// How many.
    #[serde(default, deserialize_with = "null_default")]
    pub extra_count: u64,
    /// Tuples in the store that are none of the broker's, as they are written there: left alone.
    #[serde(default, deserialize_with = "null_default")]
    pub foreign: Vec<String>,
    /// Tuples of things that are gone.
    #[serde(default, deserialize_with = "null_default")]
    pub orphans: Vec<RelationshipTuple>,
    /// How many.
    #[serde(default, deserialize_with = "null_default")]
    pub orphan_count: u64,
    /// Whether all of it has been put right.
    #[serde(default, deserialize_with = "null_default")]
    pub reconciled: bool,
}

/// Parameters of `ChangeAccess`: all of it is done, or nothing. What is there already, or gone already, is no error.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeAccessRequest {
    /// Names of groups to make.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub add_groups: Vec<String>,
    /// Names of roles to make.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub add_roles: Vec<String>,
    /// Tuples to add; they may speak of the groups and roles that are made.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<RelationshipTuple>,
    /// Tuples to remove, but for those to add.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<RelationshipTuple>,
    /// Names of groups to remove.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remove_groups: Vec<String>,
    /// Names of roles to remove.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "Vec::is_empty")]
    pub remove_roles: Vec<String>,
}
