//! Tuples in memory, and the relation model evaluated the slow and obvious way, written from its text.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jimm_authz::{Object, ObjectKind, Relation, Result, Subject, Tuple, TupleReader, Tuples, User};

/// A reader of tuples in memory that counts how often it was asked.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    tuples: Mutex<Vec<Tuple>>,
    pub(crate) reads: AtomicUsize,
}

impl Memory {
    pub(crate) fn new(tuples: impl IntoIterator<Item = Tuple>) -> Self {
        Self { tuples: Mutex::new(tuples.into_iter().collect()), reads: AtomicUsize::new(0) }
    }

    fn read(&self, wanted: impl Fn(&Tuple) -> bool) -> Vec<Tuple> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.tuples.lock().unwrap().iter().filter(|tuple| wanted(tuple)).cloned().collect()
    }
}

#[async_trait]
impl TupleReader for Memory {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        Ok(self.read(|tuple| {
            objects.contains(&tuple.object)
                && subjects.is_none_or(|s| matches!(tuple.subject, Subject::Object(_)) || s.contains(&tuple.subject))
        }))
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>> {
        let found = self.read(|tuple| subjects.contains(&tuple.subject) && kinds.contains(&tuple.object.kind));
        Ok(found.into_iter().map(Tuples::from).collect())
    }
}

/// `"user:alice administrator model:m"`.
pub(crate) fn tuple(text: &str) -> Tuple {
    let words: Vec<&str> = text.split(' ').collect();
    Tuple::new(words[0].parse().unwrap(), words[1].parse().unwrap(), words[2].parse().unwrap())
}

/// Everything a user has, found by applying the model's sentences until nothing new comes.
pub(crate) struct Reference<'a> {
    tuples: &'a [Tuple],
    user: &'a User,
    pub(crate) had: HashSet<(Relation, Object)>,
}

impl<'a> Reference<'a> {
    pub(crate) fn of(tuples: &'a [Tuple], user: &'a User) -> Self {
        let mut this = Self { tuples, user, had: HashSet::new() };
        for group in &user.groups {
            this.had.insert((Relation::Member, Object::new(ObjectKind::IdpGroup, group)));
        }
        let objects: HashSet<&Object> = tuples
            .iter()
            .flat_map(|tuple| match &tuple.subject {
                Subject::Object(object) | Subject::Set { object, .. } => vec![object, &tuple.object],
                _ => vec![&tuple.object],
            })
            .collect();
        loop {
            let before = this.had.len();
            for object in &objects {
                for relation in Relation::ALL {
                    if this.follows(*relation, object) {
                        this.had.insert((*relation, (*object).clone()));
                    }
                }
            }
            if this.had.len() == before {
                return this;
            }
        }
    }

    fn follows(&self, relation: Relation, object: &Object) -> bool {
        use ObjectKind as K;
        use Relation as R;
        let or = |stronger| self.has(stronger, object);
        match (object.kind, relation) {
            (K::Group, R::Member) | (K::Role, R::Assignee) => self.written(relation, object, &[K::Group, K::IdpGroup]),
            (K::Controller | K::Cloud | K::Model, R::Administrator) => {
                self.anybody(relation, object) || self.parent(R::Controller, K::Controller, object)
            }
            (K::ApplicationOffer, R::Administrator) => {
                self.anybody(relation, object) || self.parent(R::Model, K::Model, object)
            }
            (K::ServiceAccount, R::Administrator) => self.anybody(relation, object),
            (K::Controller, R::AuditLogViewer | R::CanAddModel)
            | (K::Cloud, R::CanAddModel)
            | (K::Model, R::Writer)
            | (K::ApplicationOffer, R::Consumer) => self.anybody(relation, object) || or(R::Administrator),
            (K::Model, R::Reader) => self.anybody(relation, object) || or(R::Writer),
            (K::ApplicationOffer, R::Reader) => self.anybody(relation, object) || or(R::Consumer),
            _ => false,
        }
    }

    fn has(&self, relation: Relation, object: &Object) -> bool {
        self.had.contains(&(relation, object.clone()))
    }

    fn anybody(&self, relation: Relation, object: &Object) -> bool {
        self.written(relation, object, &[ObjectKind::Group, ObjectKind::IdpGroup, ObjectKind::Role])
    }

    fn written(&self, relation: Relation, object: &Object, sets: &[ObjectKind]) -> bool {
        self.tuples.iter().filter(|t| t.relation == relation && t.object == *object).any(|t| match &t.subject {
            Subject::User(name) => *name == self.user.name,
            Subject::Everyone => true,
            Subject::Object(_) => false,
            Subject::Set { object: set, relation } => {
                let wanted = if set.kind == ObjectKind::Role { Relation::Assignee } else { Relation::Member };
                sets.contains(&set.kind) && *relation == wanted && self.has(*relation, set)
            }
        })
    }

    fn parent(&self, via: Relation, kind: ObjectKind, object: &Object) -> bool {
        self.tuples.iter().filter(|t| t.relation == via && t.object == *object).any(|t| match &t.subject {
            Subject::Object(parent) => parent.kind == kind && self.has(Relation::Administrator, parent),
            _ => false,
        })
    }
}
