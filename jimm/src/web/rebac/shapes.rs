//! What identities, groups and roles look like in the API, and how somebody being in one is written.

use chrono::{DateTime, SecondsFormat, Utc};
use jimm_authz::Relation;
use jimm_proto::params::jimm_rights::{IdentitySet, RelationshipTuple};
use jimm_store::identities::Identity;
use serde::{Deserialize, Serialize};

use crate::broker::{Holder, SetKind};

/// A group or role as the API shows it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    id: String,
    name: String,
}

pub(super) fn shown(set: IdentitySet) -> Shown {
    Shown { id: set.uuid, name: set.name }
}

/// An identity as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownIdentity {
    id: String,
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    first_name: String,
    /// Who brought it here: nobody but itself.
    added_by: &'static str,
    source: &'static str,
    joined: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login: Option<String>,
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn identity(row: Identity) -> ShownIdentity {
    ShownIdentity {
        id: row.name.clone(),
        email: row.name,
        first_name: row.display_name,
        added_by: "identity provider",
        source: "oidc",
        joined: time(row.created_at),
        last_login: row.last_login.map(time),
    }
}

/// A patch of assignments.
#[derive(Debug, Deserialize)]
pub(super) struct HasRole {
    pub(super) role: String,
}

/// The holder in a group, or with a role.
pub(super) fn in_set(holder: &Holder, kind: SetKind, id: &str) -> RelationshipTuple {
    RelationshipTuple {
        object: holder.tag(),
        relation: relation_of(kind).to_string(),
        target_object: format!("{}-{id}", kind.as_str()),
    }
}

/// The relation between who is in a group or role and it.
fn relation_of(kind: SetKind) -> Relation {
    match kind {
        SetKind::Group => Relation::Member,
        SetKind::Role => Relation::Assignee,
    }
}
