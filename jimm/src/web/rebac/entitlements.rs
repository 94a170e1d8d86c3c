//! Entitlements: which there may be, which somebody has, and changes of them.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header;
use jimm_authz::{Object, ObjectKind, Relation, Subject, Tuple, model_text};
use jimm_proto::params::jimm_rights::RelationshipTuple;
use serde::{Deserialize, Serialize};

use super::answers::{Answer, Asked, Given, Patch};
use super::bad;
use crate::broker::{CODE_TUPLE, Holder, Requester};
use crate::error::{Error, Kind, Result};
use crate::session::Services;

/// A right to a thing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Entitlement {
    /// The relation: `administrator`.
    #[serde(alias = "entitlement_type")]
    entitlement: String,
    /// The thing's UUID or name.
    #[serde(alias = "entity_name")]
    entity_id: String,
    /// The thing's kind: `model`.
    entity_type: String,
}

/// A patch of rights.
#[derive(Debug, Deserialize)]
pub(super) struct Entitled {
    entitlement: Entitlement,
}

/// A right that there may be.
#[derive(Debug, Serialize)]
pub(super) struct Possible {
    entitlement: &'static str,
    receiver_type: &'static str,
    entity_type: &'static str,
}

/// Every right that an identity, group or role may have.
pub(super) async fn list(asked: Asked) -> Json<Answer<Possible>> {
    let matches = |it: &Possible| {
        let texts = [it.entitlement, it.receiver_type, it.entity_type];
        asked.filter.is_empty() || texts.iter().any(|text| text.contains(&asked.filter))
    };
    Json(Answer::whole("List of entitlements", possible().into_iter().filter(matches).collect()))
}

fn possible() -> Vec<Possible> {
    let receivers =
        [("identity", Subject::user("a@b.c")), ("group", Subject::members("x")), ("role", Subject::assignees("x"))];
    let mut found = Vec::new();
    for &kind in ObjectKind::ALL.iter().filter(|kind| !matches!(kind, ObjectKind::Group | ObjectKind::Role)) {
        for &relation in Relation::ALL {
            for (receiver_type, subject) in &receivers {
                if Tuple::new(subject.clone(), relation, Object::new(kind, "x")).is_valid() {
                    found.push(Possible { entitlement: relation.as_str(), receiver_type, entity_type: kind.as_str() });
                }
            }
        }
    }
    found
}

/// The relation model as text.
pub(super) async fn raw() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], model_text()).into_response()
}

/// A page of what the holder has by tuples of its own.
pub(super) async fn of(services: &Services, holder: &Holder, asked: &Asked) -> Given<Json<Answer<Entitlement>>> {
    let found = services.broker.rights_of(holder, &asked.token, asked.limit()).await?;
    Ok(Json(Answer::stretch("List of entitlements", asked, found, |tuple: Tuple| Entitlement {
        entitlement: tuple.relation.to_string(),
        entity_id: tuple.object.id,
        entity_type: tuple.object.kind.to_string(),
    })))
}

/// Gives and takes rights, all or none.
pub(super) async fn patch(
    services: &Services,
    who: &Requester,
    holder: &Holder,
    patches: Vec<Patch<Entitled>>,
) -> Result<()> {
    for patch in &patches {
        patch.what.entitlement.check()?;
    }
    let tuple = |it: &Entitlement| RelationshipTuple {
        object: holder.tag(),
        relation: it.entitlement.clone(),
        target_object: format!("{}-{}", it.entity_type, it.entity_id),
    };
    let tuples = patches.iter().map(|patch| (patch.is_addition(), tuple(&patch.what.entitlement)));
    // The relation makes sense: what remains is a thing that there is not, or cannot be.
    services.broker.patch_relations(who, tuples.collect()).await.map_err(|error| match error.kind() {
        Kind::BadRequest if error.juju_code() == CODE_TUPLE => Error::not_found(error.message()),
        _ => error,
    })
}

impl Entitlement {
    fn check(&self) -> Result<()> {
        let known = self.entity_type.parse().ok().zip(self.entitlement.parse().ok());
        let makes_sense = known.is_some_and(|(kind, relation): (ObjectKind, Relation)| {
            Tuple::new(Subject::user("x"), relation, Object::new(kind, "x")).is_valid()
        });
        if makes_sense {
            return Ok(());
        }
        let Self { entitlement, entity_type, .. } = self;
        Err(bad(format!("{entitlement:?} on {entity_type:?} makes no sense: see /entitlements")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_possible_right_is_listed_and_no_structure() {
        let all = possible();
        let has = |relation, receiver, kind| {
            all.iter().any(|it| (it.entitlement, it.receiver_type, it.entity_type) == (relation, receiver, kind))
        };
        assert!(has("administrator", "identity", "model") && has("can_addmodel", "role", "cloud"));
        assert!(has("audit_log_viewer", "group", "controller"));
        assert!(!all.iter().any(|it| matches!(it.entitlement, "controller" | "model" | "member" | "assignee")));
    }
}
