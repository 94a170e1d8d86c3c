//! Relation tuples as the rights know them, and as the store keeps them. Neither knows the other.

use jimm_authz::{Object, Subject, Tuple, Tuples};
use jimm_store::tuples::{TupleRow, TupleRows};

/// A tuple of another release's words is none of ours.
pub fn from_row(row: TupleRow) -> Option<Tuple> {
    let subject = Subject::from_parts(&row.subject_kind, &row.subject_id, &row.subject_relation).ok()?;
    let object = Object::new(row.object_kind.parse().ok()?, row.object_id);
    Some(Tuple::new(subject, row.relation.parse().ok()?, object))
}

/// The same for many that are alike.
pub fn from_rows(rows: TupleRows) -> Option<Tuples> {
    let subject = Subject::from_parts(&rows.subject_kind, &rows.subject_id, &rows.subject_relation).ok()?;
    let (relation, kind) = (rows.relation.parse().ok()?, rows.object_kind.parse().ok()?);
    Some(Tuples { subject, relation, kind, ids: rows.object_ids })
}

/// The tuple as a row.
pub fn to_row(tuple: &Tuple) -> TupleRow {
    let (kind, id, relation) = tuple.subject.parts();
    TupleRow {
        subject_kind: kind.to_owned(),
        subject_id: id.to_owned(),
        subject_relation: relation.to_owned(),
        relation: tuple.relation.as_str().to_owned(),
        object_kind: tuple.object.kind.as_str().to_owned(),
        object_id: tuple.object.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use jimm_authz::Relation;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn tuples_survive_the_way_through_the_table() {
        let uuid = Uuid::nil();
        for tuple in [
            Tuple::new(Subject::user("alice@example.com"), Relation::Writer, Object::model(uuid)),
            Tuple::new(Subject::Everyone, Relation::Reader, Object::offer(uuid)),
            Tuple::new(Subject::members(uuid), Relation::Administrator, Object::cloud("aws")),
            Tuple::new(Subject::object(Object::controller(uuid)), Relation::Controller, Object::model(uuid)),
        ] {
            assert_eq!(from_row(to_row(&tuple)), Some(tuple));
        }
    }

    #[test]
    fn words_of_another_release_are_left_out() {
        let tuple = Tuple::new(Subject::Everyone, Relation::Reader, Object::model(Uuid::nil()));
        let row = TupleRow { relation: "juggler".into(), ..to_row(&tuple) };
        assert_eq!(from_row(row), None);
    }
}
