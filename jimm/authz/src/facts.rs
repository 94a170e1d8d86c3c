//! The tuples read so far, by object, and what follows from them for one set of subjects.

use std::collections::{HashMap, HashSet};

use crate::authorizer::{Result, TupleReader};
use crate::model::{including, rule};
use crate::names::{Object, Relation, Subject, Tuple};

/// Tuples by object; an object is there once its tuples were read, even when there were none.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    on: HashMap<Object, Vec<Tuple>>,
}

impl Facts {
    /// Reads the tuples on the objects that were not read yet. Tuples that make no sense are as good as none.
    pub(crate) async fn load(
        &mut self,
        reader: &dyn TupleReader,
        objects: impl IntoIterator<Item = Object>,
        subjects: Option<&[Subject]>,
    ) -> Result<()> {
        let wanted: HashSet<Object> = objects.into_iter().filter(|object| !self.on.contains_key(object)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<Object> = wanted.into_iter().collect();
        let tuples = reader.tuples_on(&wanted, subjects).await?;
        self.on.extend(wanted.into_iter().map(|object| (object, Vec::new())));
        for tuple in tuples.into_iter().filter(Tuple::is_valid) {
            self.on.entry(tuple.object.clone()).or_default().push(tuple);
        }
        Ok(())
    }

    /// Takes tuples that were read for these objects and, at any depth, for the things that are their subjects; for the
    /// sets too, when `sets`.
    pub(crate) fn take(&mut self, objects: Vec<Object>, tuples: Vec<Tuple>, sets: bool) {
        let mut by_object: HashMap<Object, Vec<Tuple>> = HashMap::new();
        for tuple in tuples {
            by_object.entry(tuple.object.clone()).or_default().push(tuple);
        }
        let mut open = objects;
        while let Some(object) = open.pop() {
            if self.on.contains_key(&object) {
                continue;
            }
            let mut tuples = by_object.remove(&object).unwrap_or_default();
            open.extend(tuples.iter().filter_map(|tuple| match &tuple.subject {
                Subject::Object(parent) => Some(parent.clone()),
                Subject::Set { object, .. } if sets => Some(object.clone()),
                _ => None,
            }));
            tuples.retain(Tuple::is_valid);
            self.on.insert(object, tuples);
        }
    }

    /// Whether the object's tuples were read.
    pub(crate) fn knows(&self, object: &Object) -> bool {
        self.on.contains_key(object)
    }

    /// The tuples on the object that give the relation at once or by a relation that includes it.
    pub(crate) fn giving(&self, object: &Object, relation: Relation) -> impl Iterator<Item = &Tuple> {
        let relations = including(object.kind, relation);
        self.on.get(object).into_iter().flatten().filter(move |tuple| relations.contains(&tuple.relation))
    }

    /// The parents of the object from which the relation is inherited, with the relation one must have to them.
    pub(crate) fn inheriting(&self, object: &Object, relation: Relation) -> Vec<(Object, Relation)> {
        let ways: Vec<(Relation, Relation)> = including(object.kind, relation)
            .into_iter()
            .filter_map(|relation| rule(object.kind, relation).and_then(|rule| rule.inherited))
            .collect();
        let mut parents = Vec::new();
        for tuple in self.on.get(object).into_iter().flatten() {
            let Subject::Object(parent) = &tuple.subject else { continue };
            for (_, needed) in ways.iter().filter(|(via, _)| *via == tuple.relation) {
                parents.push((parent.clone(), *needed));
            }
        }
        parents
    }

    /// How one of the subjects (closed under membership) has the relation to the object. `unread` collects the objects
    /// whose tuples would have to be read to be sure of a no.
    pub(crate) fn grant(
        &self,
        subjects: &HashSet<Subject>,
        object: &Object,
        relation: Relation,
        unread: &mut HashSet<Object>,
    ) -> Option<Grant> {
        let mut seen = HashSet::new();
        let mut open = vec![(object.clone(), relation)];
        while let Some((object, relation)) = open.pop() {
            if !seen.insert((object.clone(), relation)) {
                continue;
            }
            if subjects.contains(&Subject::Set { object: object.clone(), relation }) {
                return Some(Grant::Itself);
            }
            if !self.knows(&object) {
                unread.insert(object);
                continue;
            }
            if let Some(tuple) = self.giving(&object, relation).find(|tuple| subjects.contains(&tuple.subject)) {
                return Some(Grant::By(tuple.clone()));
            }
            open.extend(self.inheriting(&object, relation));
        }
        None
    }
}

/// How a subject has a relation.
#[derive(Debug)]
pub(crate) enum Grant {
    /// It is a member of the very set that is asked for.
    Itself,
    /// By this tuple.
    By(Tuple),
}
