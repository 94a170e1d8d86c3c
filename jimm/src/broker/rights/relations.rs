//! Relations between people and things, as administrators write them: add, remove, list.
//!
//! Which relation a thing has to the one it belongs to (a model to its controller, an offer to its model) is written with
//! the rows of these things and by nobody else.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jimm_authz::{Object, ObjectKind, Relation, Subject, Tuple};
use jimm_proto::params::jimm_rights::{
    ChangeAccessRequest, ListRelationshipTuplesRequest, ListRelationshipTuplesResponse, MAX_TUPLES, RelationshipTuple,
};
use jimm_store::groups::{self, SetKind};
use jimm_store::tuples::{self, Filter, TupleRow};
use jimm_store::{PgConnection, identities, tuples_many};

use super::groups::ensure_set;
use super::tags::{Known, relation, take_apart};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};
use crate::tuple_rows::{from_row, to_row};

/// Tuples of a page that nobody asked a length for, and at most.
const PAGE: (i64, i64) = (50, 1000);

impl Broker {
    /// Adds tuples, all or none. One that is there already is no error.
    pub async fn add_relations(&self, who: &Requester, written: &[RelationshipTuple]) -> Result<()> {
        let tuples = self.tuples_to_change(who, written).await?;
        let mut tx = self.store.begin().await?;
        Self::insert_tuples(&mut tx, &tuples).await?;
        tx.commit().await?;
        tell("relation added", who, &tuples);
        Ok(())
    }

    /// Removes tuples, all or none. One that is not there is no error.
    pub async fn remove_relations(&self, who: &Requester, written: &[RelationshipTuple]) -> Result<()> {
        let tuples = self.tuples_to_change(who, written).await?;
        let mut tx = self.store.begin().await?;
        tuples_many::delete(&mut tx, &rows(&tuples)).await?;
        tx.commit().await?;
        tell("relation removed", who, &tuples);
        Ok(())
    }

    /// Makes and removes groups, roles and tuples, all or nothing. The caller has to be an administrator of the broker.
    pub async fn change_access(&self, who: &Requester, asked: &ChangeAccessRequest) -> Result<()> {
        let ChangeAccessRequest { add_groups, add_roles, add, remove, remove_groups, remove_roles } = asked;
        check_count(add.len() + remove.len() + add_groups.len() + add_roles.len())?;
        let mut tx = self.store.begin().await?;
        for (kind, names) in [(SetKind::Group, add_groups), (SetKind::Role, add_roles)] {
            for name in names {
                ensure_set(&mut tx, kind, name).await?;
            }
        }
        let added = self.parse_to_change(&mut tx, add).await?;
        let mut removed = self.parse_to_change(&mut tx, remove).await?;
        // The same relation may be written in several ways.
        let kept: HashSet<&Tuple> = added.iter().collect();
        removed.retain(|tuple| !kept.contains(tuple));
        Self::insert_tuples(&mut tx, &added).await?;
        tuples_many::delete(&mut tx, &rows(&removed)).await?;
        for (kind, names) in [(SetKind::Group, remove_groups), (SetKind::Role, remove_roles)] {
            for name in names {
                if let Some(row) = groups::get_by_name(&mut tx, kind, name).await? {
                    groups::delete(&mut tx, kind, row.uuid).await?;
                }
            }
        }
        tx.commit().await?;
        tracing::info!(?add_groups, ?add_roles, ?remove_groups, ?remove_roles, requester = %who.name, "access changed");
        tell("relation added", who, &added);
        tell("relation removed", who, &removed);
        Ok(())
    }

    async fn insert_tuples(tx: &mut jimm_store::Tx, tuples: &[Tuple]) -> Result<()> {
        let user = |tuple: &Tuple| match &tuple.subject {
            Subject::User(name) => Some(name.clone()),
            _ => None,
        };
        let users: BTreeSet<String> = tuples.iter().filter_map(user).collect();
        identities::ensure_many(tx, &users.into_iter().collect::<Vec<_>>()).await?;
        Ok(tuples_many::insert(tx, &rows(tuples)).await?)
    }

    /// The tuples, if the caller may change each of them: administrators of the broker any, those of a model, cloud or offer
    /// the ones on it.
    async fn tuples_to_change(&self, who: &Requester, written: &[RelationshipTuple]) -> Result<Vec<Tuple>> {
        check_count(written.len())?;
        if !self.is_admin(who).await? {
            let targets: HashSet<&str> = written.iter().map(|one| one.target_object.as_str()).collect();
            for target in targets {
                self.require_share(who, target).await?;
            }
        }
        self.parse_to_change(&mut *self.store.acquire().await?, written).await
    }

    /// Refuses who may not share the thing. Who may not need not learn whether there is such a thing.
    async fn require_share(&self, who: &Requester, target: &str) -> Result<()> {
        let parsed = self.parse_object(&mut *self.store.acquire().await?, &mut Known::default(), target).await;
        let object = parsed.map_err(|_| Error::unauthorized())?;
        let shared = [ObjectKind::Model, ObjectKind::Cloud, ObjectKind::ApplicationOffer];
        if !shared.contains(&object.kind) {
            return Err(Error::unauthorized());
        }
        self.require(who, Relation::Administrator, &object).await.map(|_| ())
    }

    async fn parse_to_change(&self, conn: &mut PgConnection, written: &[RelationshipTuple]) -> Result<Vec<Tuple>> {
        let mut tuples = Vec::with_capacity(written.len());
        let mut known = Known::default();
        for one in written {
            let tuple = self.parse_tuple(conn, &mut known, one).await?;
            if matches!(tuple.relation, Relation::Controller | Relation::Model) {
                let text = format!("relation {} is the broker's own: it changes with the thing itself", tuple.relation);
                return Err(Error::bad_request(text));
            }
            tuples.push(tuple);
        }
        Ok(tuples)
    }

    /// A page of the tuples that are written down. Inherited rights are not.
    pub async fn list_relations(
        &self,
        request: &ListRelationshipTuplesRequest,
    ) -> Result<ListRelationshipTuplesResponse> {
        if request.page_size < 0 {
            return Err(Error::bad_request("the page size must not be negative"));
        }
        let size = if request.page_size == 0 { PAGE.0 } else { request.page_size.min(PAGE.1) };
        let after = match request.continuation_token.as_str() {
            "" => None,
            token => Some(read_token(token).ok_or_else(|| Error::bad_request("invalid continuation token"))?),
        };
        let mut conn = self.store.acquire().await?;
        let filter = self.filter(&mut conn, &request.tuple).await?;
        let mut rows = tuples::list(&mut conn, &filter, after.as_ref(), size + 1).await?;
        let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let continuation_token = if more { rows.last().map(token).unwrap_or_default() } else { String::new() };
        let found: Vec<Tuple> = rows.into_iter().filter_map(from_row).collect();
        let (tuples, errors) = self.write_tuples(&mut conn, &found, request.resolve_uuids).await?;
        Ok(ListRelationshipTuplesResponse { tuples, errors, continuation_token })
    }

    async fn filter(&self, conn: &mut PgConnection, asked: &RelationshipTuple) -> Result<Filter> {
        let mut filter = Filter::default();
        if !asked.object.is_empty() {
            let subject = self.parse_subject(conn, &mut Known::default(), &asked.object).await?;
            let (kind, id, set) = subject.parts();
            filter = Filter {
                subject_kind: kind.to_owned(),
                subject_id: id.to_owned(),
                subject_relation: Some(set.to_owned()),
                ..filter
            };
        }
        if !asked.relation.is_empty() {
            filter.relation = relation(&asked.relation)?.to_string();
        }
        if let Ok(kind) = asked.target_object.parse::<ObjectKind>() {
            filter.object_kind = kind.to_string();
        } else if !asked.target_object.is_empty() {
            take_apart(&asked.target_object)?;
            let Object { kind, id } = self.parse_object(conn, &mut Known::default(), &asked.target_object).await?;
            filter.object_kind = kind.to_string();
            filter.object_id = id;
        }
        Ok(filter)
    }
}

fn rows(tuples: &[Tuple]) -> Vec<TupleRow> {
    tuples.iter().map(to_row).collect()
}

/// Refuses more changes than one call may make.
pub(in crate::broker) fn check_count(asked: usize) -> Result<()> {
    if asked <= MAX_TUPLES {
        return Ok(());
    }
    Err(Error::bad_request(format!("{asked} changes in one call: {MAX_TUPLES} at most, ask in several calls")))
}

/// One line of the log for each.
fn tell(what: &str, who: &Requester, tuples: &[Tuple]) {
    for tuple in tuples {
        tracing::info!(%tuple, requester = %who.name, "{what}");
    }
}

/// A tuple as the place where the next page begins.
pub(in crate::broker) fn token(row: &TupleRow) -> String {
    let parts =
        [&row.object_kind, &row.object_id, &row.relation, &row.subject_kind, &row.subject_id, &row.subject_relation];
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
}

/// The place again; nothing when it is not one.
pub(in crate::broker) fn read_token(token: &str) -> Option<TupleRow> {
    let parts: [String; 6] = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let [object_kind, object_id, relation, subject_kind, subject_id, subject_relation] = parts;
    Some(TupleRow { subject_kind, subject_id, subject_relation, relation, object_kind, object_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back() {
        let row = to_row(&Tuple::new(Subject::user("a@b.c"), Relation::Reader, Object::cloud("aws")));
        assert_eq!(read_token(&token(&row)), Some(row));
        for wrong in ["", "x", "WyJhIl0", "!!"] {
            assert_eq!(read_token(wrong), None);
        }
    }
}
