//! From subjects to everything they have a right to, level by level: one read for each.

use std::collections::HashSet;

use crate::authorizer::{Error, Result, TupleReader};
use crate::model::MAX_DEPTH;
use crate::model::{Right, is_set, parents, rule};
use crate::names::{Object, ObjectKind, Relation, Subject, Tuple};

/// A search for objects on which the subjects have one of the wanted rights.
pub(crate) struct Reach<'a> {
    reader: &'a dyn TupleReader,
    wanted: &'a [Right],
    kinds: Vec<ObjectKind>,
    /// Whose tuples to read next.
    next: HashSet<Subject>,
    found: HashSet<(Object, Relation)>,
}

impl<'a> Reach<'a> {
    /// A search among the wanted rights; rights not wanted are not followed either.
    pub(crate) fn new(reader: &'a dyn TupleReader, wanted: &'a [Right]) -> Self {
        let mut kinds: Vec<ObjectKind> = wanted.iter().map(|right| right.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self { reader, wanted, kinds, next: HashSet::new(), found: HashSet::new() }
    }

    /// Everything the subjects have a wanted right to.
    pub(crate) async fn from(mut self, subjects: &[Subject]) -> Result<HashSet<(Object, Relation)>> {
        for subject in subjects {
            self.next.insert(subject.clone());
            // A set has to its object what makes it up.
            if let Subject::Set { object, relation } = subject {
                self.note(vec![(object.clone(), *relation)]);
            }
        }
        for _ in 0..MAX_DEPTH {
            if self.next.is_empty() {
                return Ok(self.found);
            }
            let level: Vec<Subject> = self.next.drain().collect();
            let tuples = self.reader.tuples_of(&level, &self.kinds).await?;
            let mut facts = Vec::new();
            for tuple in tuples.into_iter().filter(Tuple::is_valid) {
                match &tuple.subject {
                    Subject::Object(parent) => facts.extend(self.inherited(parent, &tuple)),
                    _ => facts.push((tuple.object, tuple.relation)),
                }
            }
            self.note(facts);
        }
        Err(Error::TooDeep(subjects.first().map(ToString::to_string).unwrap_or_default()))
    }

    /// What follows for the tuple's object from what is had to its parent.
    fn inherited(&self, parent: &Object, tuple: &Tuple) -> Vec<(Object, Relation)> {
        self.wanted
            .iter()
            .filter(|(kind, _)| *kind == tuple.object.kind)
            .filter(|(kind, relation)| {
                rule(*kind, *relation).and_then(|rule| rule.inherited).is_some_and(|(via, needed)| {
                    via == tuple.relation && self.found.contains(&(parent.clone(), needed))
                })
            })
            .map(|(_, relation)| (tuple.object.clone(), *relation))
            .collect()
    }

    /// Notes what is had and what follows without reading, and whose tuples to read next.
    fn note(&mut self, mut facts: Vec<(Object, Relation)>) {
        while let Some(fact) = facts.pop() {
            if !self.wanted.contains(&(fact.0.kind, fact.1)) || !self.found.insert(fact.clone()) {
                continue;
            }
            let (object, relation) = fact;
            for (kind, weaker) in self.wanted {
                if *kind == object.kind && rule(*kind, *weaker).is_some_and(|rule| rule.implied_by.contains(&relation))
                {
                    facts.push((object.clone(), *weaker));
                }
            }
            if is_set(object.kind, relation) {
                self.next.insert(Subject::Set { object, relation });
            } else if self.hands_down(object.kind, relation) {
                self.next.insert(Subject::Object(object));
            }
        }
    }

    /// Whether something wanted of other things is inherited from who has this relation to a thing of this kind.
    fn hands_down(&self, parent: ObjectKind, had: Relation) -> bool {
        self.wanted.iter().any(|(kind, wanted)| {
            let inherited = rule(*kind, *wanted).and_then(|rule| rule.inherited);
            inherited.is_some_and(|(via, needed)| needed == had && parents(*kind, via).any(|kind| kind == parent))
        })
    }
}
