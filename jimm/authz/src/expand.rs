//! From an object to everybody who has a relation to it, groups and roles taken apart.

use std::collections::HashSet;

use crate::authorizer::{Error, Result, Subjects, TupleReader};
use crate::facts::Facts;
use crate::model::MAX_DEPTH;
use crate::names::{Object, ObjectKind, Relation, Subject};

/// Who has each of the relations to the object.
pub(crate) async fn expand(reader: &dyn TupleReader, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>> {
    let mut facts = Facts::default();
    if let Some(tuples) = reader.tuples_beneath(std::slice::from_ref(object)).await? {
        facts.take(vec![object.clone()], tuples, true);
    }
    for _ in 0..MAX_DEPTH {
        let mut unread = HashSet::new();
        let subjects = relations.iter().map(|relation| collect(&facts, object, *relation, &mut unread)).collect();
        if unread.is_empty() {
            return Ok(subjects);
        }
        facts.load(reader, unread, None).await?;
    }
    Err(Error::TooDeep(object.to_string()))
}

fn collect(facts: &Facts, object: &Object, relation: Relation, unread: &mut HashSet<Object>) -> Subjects {
    let mut subjects = Subjects::default();
    let mut seen = HashSet::new();
    let mut open = vec![(object.clone(), relation)];
    while let Some((object, relation)) = open.pop() {
        if !seen.insert((object.clone(), relation)) {
            continue;
        }
        if object.kind == ObjectKind::IdpGroup {
            if relation == Relation::Member {
                subjects.idp_groups.insert(object.id);
            }
            continue;
        }
        if !facts.knows(&object) {
            unread.insert(object);
            continue;
        }
        for tuple in facts.giving(&object, relation) {
            match &tuple.subject {
                Subject::User(name) => _ = subjects.users.insert(name.clone()),
                Subject::Everyone => subjects.everyone = true,
                Subject::Set { object, relation } => open.push((object.clone(), *relation)),
                Subject::Object(_) => {}
            }
        }
        open.extend(facts.inheriting(&object, relation));
    }
    subjects
}
