//! From an object to everybody who has a relation to it, level by level.
//!
//! `ListUsers` would do it in one request, but leaves out what is more than a thousand, or found later than in three
//! seconds, without a word; `Expand` answers whole.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::try_join_all;
use openfga_client::client::userset_tree::{Node, leaf, node};
use openfga_client::client::{ExpandRequest, ExpandRequestTupleKey};

use super::{CONSISTENCY, Client, OpenFga, words};
use crate::authorizer::{Error, Result, Subjects};
use crate::model::MAX_DEPTH;
use crate::model::rule;
use crate::names::{Object, ObjectKind, Relation, Subject};

/// How long one level may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests at a time.
const AT_ONCE: usize = 16;

/// Those who have the relation to the object.
type Set = (Object, Relation);

/// What makes up a set: subjects, and other sets.
#[derive(Default)]
struct Parts {
    subjects: Vec<Subject>,
    sets: Vec<Set>,
}

impl OpenFga {
    /// Who has each of the relations to the object.
    pub(super) async fn expand(&self, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>> {
        let mut known: HashMap<Set, Parts> = HashMap::new();
        let start = relations.iter().map(|relation| (object.clone(), *relation));
        let mut next: HashSet<Set> = start.filter(|(object, relation)| is_asked(object, *relation)).collect();
        for _ in 0..4 * MAX_DEPTH {
            if next.is_empty() {
                return Ok(relations.iter().map(|relation| collect(&known, object, *relation)).collect());
            }
            let level: Vec<Set> = next.drain().collect();
            for chunk in level.chunks(AT_ONCE) {
                let parts = try_join_all(chunk.iter().map(|(object, relation)| self.parts(object, *relation))).await?;
                known.extend(chunk.iter().cloned().zip(parts));
            }
            let found = level.iter().filter_map(|set| known.get(set)).flat_map(|parts| parts.sets.iter());
            next = found.filter(|set| !known.contains_key(set) && is_asked(&set.0, set.1)).cloned().collect();
        }
        Err(Error::TooDeep(object.to_string()))
    }

    async fn parts(&self, object: &Object, relation: Relation) -> Result<Parts> {
        let request = ExpandRequest {
            store_id: self.store.clone(),
            tuple_key: Some(ExpandRequestTupleKey { relation: relation.to_string(), object: words::object(object) }),
            authorization_model_id: self.model.clone(),
            consistency: CONSISTENCY,
            contextual_tuples: None,
        };
        let ask = async |mut client: Client, request| client.expand(request).await;
        let tree = self.call("Expand", PATIENCE, request, ask).await?.tree;
        let mut parts = Parts::default();
        let mut open: Vec<Node> = tree.and_then(|tree| tree.root).into_iter().collect();
        while let Some(node) = open.pop() {
            match node.value {
                Some(node::Value::Union(nodes)) => open.extend(nodes.nodes),
                Some(node::Value::Leaf(leaf)) => match leaf.value {
                    Some(leaf::Value::Users(users)) => parts.subjects.extend(subjects(&users.users)?),
                    Some(leaf::Value::Computed(set)) => parts.subjects.extend(subjects(&[set.userset])?),
                    Some(leaf::Value::TupleToUserset(sets)) => {
                        let sets: Vec<String> = sets.computed.into_iter().map(|set| set.userset).collect();
                        parts.subjects.extend(subjects(&sets)?);
                    }
                    None => {}
                },
                None => {}
                Some(node::Value::Difference(_) | node::Value::Intersection(_)) => {
                    return Err(Error::OpenFgaAnswer("the model has words that ours has not".to_owned()));
                }
            }
        }
        for subject in std::mem::take(&mut parts.subjects) {
            match subject {
                Subject::Set { object, relation } => parts.sets.push((object, relation)),
                other => parts.subjects.push(other),
            }
        }
        Ok(parts)
    }
}

/// Whether the set is asked about: the members of the provider's groups come with their login.
fn is_asked(object: &Object, relation: Relation) -> bool {
    object.kind != ObjectKind::IdpGroup && rule(object.kind, relation).is_some() && words::object_fits(object)
}

fn subjects(texts: &[String]) -> Result<Vec<Subject>> {
    let read = |text: &String| {
        words::read_subject(text).ok_or_else(|| Error::OpenFgaAnswer(format!("{text:?} is no subject")))
    };
    texts.iter().map(read).collect()
}

fn collect(known: &HashMap<Set, Parts>, object: &Object, relation: Relation) -> Subjects {
    let mut subjects = Subjects::default();
    let mut seen = HashSet::new();
    let mut open = vec![(object.clone(), relation)];
    while let Some(set) = open.pop() {
        if !seen.insert(set.clone()) {
            continue;
        }
        if set.0.kind == ObjectKind::IdpGroup {
            if set.1 == Relation::Member {
                subjects.idp_groups.insert(set.0.id);
            }
            continue;
        }
        let Some(parts) = known.get(&set) else { continue };
        for subject in &parts.subjects {
            match subject {
                Subject::User(name) => _ = subjects.users.insert(name.clone()),
                Subject::Everyone => subjects.everyone = true,
                Subject::Object(_) | Subject::Set { .. } => {}
            }
        }
        open.extend(parts.sets.iter().cloned());
    }
    subjects
}
