//! From subjects to everything they have a right to, level by level: one read for each.

use std::collections::{HashMap, HashSet};

use crate::authorizer::{Error, Result, TupleReader};
use crate::model::{MAX_DEPTH, Right, including, is_set, parents, rule};
use crate::names::{Object, ObjectKind, Subject, Tuples};

/// Some of the wanted rights, by their places among them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rights(u64);

impl Rights {
    /// Those of the wanted ones that are chosen.
    fn of(wanted: &[Right], chosen: impl Fn(&Right) -> bool) -> Self {
        debug_assert!(wanted.len() <= 64, "the relation model has more rights than there are bits");
        let chosen = wanted.iter().enumerate().filter(|(_, right)| chosen(right));
        Self(chosen.fold(0, |bits, (at, _)| bits | 1 << at))
    }

    /// Whether the wanted right of that place is among them.
    pub(crate) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }
}

/// A search for objects on which the subjects have one of the wanted rights.
pub(crate) struct Reach<'a> {
    reader: &'a dyn TupleReader,
    wanted: &'a [Right],
    kinds: Vec<ObjectKind>,
    /// What each of the wanted rights brings with it on the same thing, itself included.
    brings: Vec<Rights>,
    /// Who has one of these to a thing makes up a set.
    sets: Rights,
    /// From who has one of these to a thing something wanted of other things is inherited.
    handing_down: Rights,
    /// Whose tuples to read next.
    next: HashSet<Subject>,
    found: HashMap<Object, Rights>,
}

impl<'a> Reach<'a> {
    /// A search among the wanted rights; rights not wanted are not followed either.
    pub(crate) fn new(reader: &'a dyn TupleReader, wanted: &'a [Right]) -> Self {
        let mut kinds: Vec<ObjectKind> = wanted.iter().map(|right| right.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let brought = |(kind, had): &Right| {
            Rights::of(wanted, |(other, weaker)| other == kind && including(*kind, *weaker).contains(had))
        };
        Self {
            reader,
            wanted,
            kinds,
            brings: wanted.iter().map(brought).collect(),
            sets: Rights::of(wanted, |(kind, relation)| is_set(*kind, *relation)),
            handing_down: Rights::of(wanted, |right| hands_down(wanted, *right)),
            next: HashSet::new(),
            found: HashMap::new(),
        }
    }

    /// Everything the subjects have a wanted right to, and which.
    pub(crate) async fn from(mut self, subjects: &[Subject]) -> Result<HashMap<Object, Rights>> {
        for subject in subjects {
            self.next.insert(subject.clone());
            // A set has to its object what makes it up.
            if let Subject::Set { object, relation } = subject {
                self.note(object.clone(), self.brought_by((object.kind, *relation)));
            }
        }
        for _ in 0..MAX_DEPTH {
            if self.next.is_empty() {
                return Ok(self.found);
            }
            let level: Vec<Subject> = self.next.drain().collect();
            for tuples in self.reader.tuples_of(&level, &self.kinds).await?.into_iter().filter(Tuples::is_valid) {
                let rights = match &tuples.subject {
                    Subject::Object(parent) => self.inherited(parent, &tuples),
                    _ => self.brought_by((tuples.kind, tuples.relation)),
                };
                for id in tuples.ids {
                    self.note(Object { kind: tuples.kind, id }, rights);
                }
            }
        }
        Err(Error::TooDeep(subjects.first().map(ToString::to_string).unwrap_or_default()))
    }

    /// What follows from a right to the same thing, itself included; nothing from one that is not wanted.
    fn brought_by(&self, right: Right) -> Rights {
        let at = self.wanted.iter().position(|wanted| *wanted == right);
        at.map(|at| self.brings[at]).unwrap_or_default()
    }

    /// What follows for the tuples' objects from what is had to their parent.
    fn inherited(&self, parent: &Object, tuples: &Tuples) -> Rights {
        let had = self.found.get(parent).copied().unwrap_or_default();
        let has =
            |needed| self.wanted.iter().position(|right| *right == (parent.kind, needed)).is_some_and(|at| had.has(at));
        let follows = |(kind, relation): &Right| {
            let inherited = rule(*kind, *relation).and_then(|rule| rule.inherited);
            *kind == tuples.kind && inherited.is_some_and(|(via, needed)| via == tuples.relation && has(needed))
        };
        let brought = self.wanted.iter().zip(&self.brings).filter(|(right, _)| follows(right));
        Rights(brought.fold(0, |bits, (_, brought)| bits | brought.0))
    }

    /// Notes what is had, and whose tuples to read next.
    fn note(&mut self, object: Object, rights: Rights) {
        let had = self.found.get(&object).copied().unwrap_or_default();
        let new = Rights(rights.0 & !had.0);
        if new.0 == 0 {
            return;
        }
        for (at, (_, relation)) in self.wanted.iter().enumerate().filter(|(at, _)| new.has(*at)) {
            if self.sets.has(at) {
                self.next.insert(Subject::Set { object: object.clone(), relation: *relation });
            } else if self.handing_down.has(at) {
                self.next.insert(Subject::Object(object.clone()));
            }
        }
        self.found.insert(object, Rights(had.0 | new.0));
    }
}

/// Whether something wanted of other things is inherited from who has this right.
fn hands_down(wanted: &[Right], (parent, had): Right) -> bool {
    wanted.iter().any(|(kind, wanted)| {
        let inherited = rule(*kind, *wanted).and_then(|rule| rule.inherited);
        inherited.is_some_and(|(via, needed)| needed == had && parents(*kind, via).any(|kind| kind == parent))
    })
}
