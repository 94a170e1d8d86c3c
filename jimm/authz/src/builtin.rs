//! The authorizer that needs nothing but tuples: few reads, each for a whole level of the graph.

use std::collections::HashSet;

use async_trait::async_trait;

use crate::authorizer::{Authorizer, Decision, Error, Result, Standing, Subjects, TupleReader, User};
use crate::expand::expand;
use crate::facts::{Facts, Grant};
use crate::model::{MAX_DEPTH, Right, rule, sources};
use crate::names::{Object, ObjectKind, Relation, Subject, Tuple};
use crate::reach::Reach;

/// The rights by which a subject is more than itself.
const MEMBERSHIPS: &[Right] = &[
    (ObjectKind::Group, Relation::Member),
    (ObjectKind::IdpGroup, Relation::Member),
    (ObjectKind::Role, Relation::Assignee),
];

/// The kinds of them that have tuples: logins tell of groups of the identity provider.
const SETS: &[ObjectKind] = &[ObjectKind::Group, ObjectKind::Role];

/// Evaluates the relation model over tuples.
#[derive(Clone, Debug)]
pub struct BuiltIn<R> {
    reader: R,
}

impl<R: TupleReader> BuiltIn<R> {
    /// An authorizer over the tuples that the reader reads.
    pub fn new(reader: R) -> Self {
        Self { reader }
    }

    /// The subjects, and every set they belong to.
    async fn memberships(&self, subjects: Vec<Subject>) -> Result<HashSet<Subject>> {
        let found = Reach::new(&self.reader, MEMBERSHIPS).from(&subjects).await?;
        let set = |object: &Object, relation| Subject::Set { object: object.clone(), relation };
        let sets = found.iter().flat_map(|(object, rights)| {
            let had = MEMBERSHIPS.iter().enumerate().filter(|(at, _)| rights.has(*at));
            had.map(move |(_, (_, relation))| set(object, *relation))
        });
        Ok(sets.chain(subjects).collect())
    }

    async fn decide(&self, subjects: Vec<Subject>, questions: &[(Relation, Object)]) -> Result<Vec<Decision>> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let mut facts = Facts::default();
        let mut objects: Vec<Object> = questions.iter().map(|question| question.1.clone()).collect();
        objects.sort_unstable();
        objects.dedup();
        let subjects = match self.reader.tuples_around(&objects, &subjects, SETS).await? {
            Some(tuples) => {
                let subjects = closed(subjects, &tuples);
                facts.take(objects, tuples, false);
                subjects
            }
            None => self.memberships(subjects).await?,
        };
        let readable: Vec<Subject> = subjects.iter().cloned().collect();
        let mut decisions = vec![Decision::default(); questions.len()];
        for _ in 0..MAX_DEPTH {
            let mut unread = HashSet::new();
            for (decision, (relation, object)) in decisions.iter_mut().zip(questions) {
                if decision.allowed || rule(object.kind, *relation).is_none() {
                    continue;
                }
                if let Some(grant) = facts.grant(&subjects, object, *relation, &mut unread) {
                    let determined_by = match grant {
                        Grant::By(tuple) => Some(tuple),
                        Grant::Itself => None,
                    };
                    *decision = Decision { allowed: true, determined_by };
                }
            }
            if unread.is_empty() {
                return Ok(decisions);
            }
            facts.load(&self.reader, unread, Some(&readable)).await?;
        }
        Err(Error::TooDeep(questions.first().map(|question| question.1.to_string()).unwrap_or_default()))
    }
}

/// The subjects, and every set that the tuples make them belong to.
fn closed(subjects: Vec<Subject>, tuples: &[Tuple]) -> HashSet<Subject> {
    let mut closed: HashSet<Subject> = subjects.into_iter().collect();
    loop {
        let sets: Vec<Subject> = tuples
            .iter()
            .filter(|tuple| MEMBERSHIPS.contains(&(tuple.object.kind, tuple.relation)))
            .filter(|tuple| tuple.is_valid() && closed.contains(&tuple.subject))
            .map(|tuple| Subject::Set { object: tuple.object.clone(), relation: tuple.relation })
            .filter(|set| !closed.contains(set))
            .collect();
        if sets.is_empty() {
            return closed;
        }
        closed.extend(sets);
    }
}

#[async_trait]
impl<R: TupleReader> Authorizer for BuiltIn<R> {
    async fn check_many(&self, user: &User, questions: &[(Relation, Object)]) -> Result<Vec<Decision>> {
        self.decide(user.subjects(), questions).await
    }

    async fn check_subject(&self, subject: &Subject, relation: Relation, object: &Object) -> Result<Decision> {
        let subjects = match subject {
            Subject::User(name) => User::new(name.as_str()).subjects(),
            other => vec![other.clone()],
        };
        Ok(self.decide(subjects, &[(relation, object.clone())]).await?.pop().unwrap_or_default())
    }

    async fn list_objects_many(
        &self,
        user: &User,
        relations: &[Relation],
        kind: ObjectKind,
    ) -> Result<Vec<Vec<String>>> {
        let mut wanted: Vec<Right> = Vec::new();
        for right in relations.iter().flat_map(|relation| sources((kind, *relation))) {
            if !wanted.contains(&right) {
                wanted.push(right);
            }
        }
        let found = Reach::new(&self.reader, &wanted).from(&user.subjects()).await?;
        let ids_of = |relation: &Relation| {
            let at = wanted.iter().position(|right| *right == (kind, *relation));
            let had = found.iter().filter(|(_, rights)| at.is_some_and(|at| rights.has(at)));
            let mut ids: Vec<String> = had.map(|(object, _)| object.id.clone()).collect();
            ids.sort_unstable();
            ids
        };
        Ok(relations.iter().map(ids_of).collect())
    }

    async fn list_subjects_many(&self, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>> {
        expand(&self.reader, relations, object).await
    }

    async fn standing(&self, user: &User, relations: &[Relation], object: &Object) -> Result<Standing> {
        // Who is asked about is among those who have it, or has it not.
        let subjects = expand(&self.reader, relations, object).await?;
        Ok(Standing { allowed: subjects.iter().map(|had| had.include(user)).collect(), subjects })
    }
}
