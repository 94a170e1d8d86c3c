//! Whether relations hold, inherited ones too: one, or many at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, try_join_all};
use jimm_authz::{Object, Relation, Subject, Tuple, User};
use jimm_proto::params::jimm_rights::{CheckRelationResponse, RelationshipTuple};

use super::access::user;
use super::relations::check_count;
use super::tags::Known;
use crate::broker::{Broker, Requester};
use crate::error::{Kind, Result};

/// Subjects that are asked about at a time.
const AT_A_TIME: usize = 8;
/// When so many are asked whether they have the same right, all who have it are looked up in their place.
const MANY: usize = 16;

impl Broker {
    /// Whether the relation holds. Users may ask about themselves, administrators about anybody.
    pub async fn check_relation(&self, who: &Requester, written: &RelationshipTuple) -> Result<bool> {
        let read = self.read_checks(who, std::slice::from_ref(written)).await?.pop();
        let Some(tuple) = read.transpose()?.flatten() else { return Ok(false) };
        Ok(!self.holding(who, BTreeSet::from([&tuple])).await?.is_empty())
    }

    /// The same for several; what cannot be read is told so, one by one.
    pub async fn check_relations(
        &self,
        who: &Requester,
        written: &[RelationshipTuple],
    ) -> Result<Vec<CheckRelationResponse>> {
        check_count(written.len())?;
        let read = self.read_checks(who, written).await?;
        let holding = self.holding(who, read.iter().flatten().flatten().collect()).await?;
        let response = |read: &Result<Option<Tuple>>| match read {
            Ok(tuple) => CheckRelationResponse {
                allowed: tuple.as_ref().is_some_and(|tuple| holding.contains(tuple)),
                error: String::new(),
            },
            Err(e) => CheckRelationResponse { allowed: false, error: e.message().to_owned() },
        };
        Ok(read.iter().map(response).collect())
    }

    /// The tuples that are written, if the caller may ask about them. To who may not see a thing it is as unknown as one
    /// that is not there, `None`: nobody has a relation to it.
    async fn read_checks(&self, who: &Requester, written: &[RelationshipTuple]) -> Result<Vec<Result<Option<Tuple>>>> {
        let me = format!("user-{}", who.name);
        let others = written.iter().any(|one| one.object != me);
        if others {
            self.require_admin(who).await?;
        }
        let mut read = Vec::with_capacity(written.len());
        let mut known = Known::default();
        let mut conn = self.store.acquire().await?;
        for one in written {
            read.push(self.parse_tuple(&mut conn, &mut known, one).await.map(Some));
        }
        drop(conn);
        let missing = |one: &Result<Option<Tuple>>| one.as_ref().is_err_and(|e| e.kind() == Kind::NotFound);
        if !others && read.iter().any(missing) && !self.is_admin(who).await? {
            for one in read.iter_mut().filter(|one| missing(one)) {
                *one = Ok(None);
            }
        }
        Ok(read)
    }

    /// Those of the tuples that hold.
    async fn holding<'a>(&self, who: &Requester, tuples: BTreeSet<&'a Tuple>) -> Result<HashSet<&'a Tuple>> {
        let me = Subject::user(who.name.as_str());
        let mut by_right: BTreeMap<(&Object, Relation), Vec<&'a Tuple>> = BTreeMap::new();
        for tuple in tuples {
            by_right.entry((&tuple.object, tuple.relation)).or_default().push(tuple);
        }
        let mut holding = HashSet::new();
        let mut by_subject: BTreeMap<&Subject, Vec<&'a Tuple>> = BTreeMap::new();
        for ((object, relation), tuples) in by_right {
            let of_many = tuples.len() >= MANY;
            let (many, few): (Vec<_>, Vec<_>) = tuples
                .into_iter()
                .partition(|tuple| of_many && matches!(tuple.subject, Subject::User(_)) && tuple.subject != me);
            if !many.is_empty() {
                let have = self.authz.list_subjects(relation, object).await?;
                let has = |tuple: &&Tuple| matches!(&tuple.subject, Subject::User(name) if have.everyone || have.users.contains(name));
                holding.extend(many.into_iter().filter(has));
            }
            for tuple in few {
                by_subject.entry(&tuple.subject).or_default().push(tuple);
            }
        }
        let by_subject: Vec<(&Subject, Vec<&'a Tuple>)> = by_subject.into_iter().collect();
        for some in by_subject.chunks(AT_A_TIME) {
            let asked: Vec<BoxFuture<'_, _>> =
                some.iter().map(|(subject, tuples)| self.held_by(who, subject, tuples).boxed()).collect();
            holding.extend(try_join_all(asked).await?.into_iter().flatten());
        }
        Ok(holding)
    }

    /// Those of the tuples of one subject that hold.
    async fn held_by<'a>(&self, who: &Requester, subject: &Subject, tuples: &[&'a Tuple]) -> Result<Vec<&'a Tuple>> {
        let Subject::User(name) = subject else {
            let mut held = Vec::new();
            for tuple in tuples {
                if self.authz.check_subject(subject, tuple.relation, &tuple.object).await?.allowed {
                    held.push(*tuple);
                }
            }
            return Ok(held);
        };
        // Only of the caller it is known what groups the login told of.
        let user = if name == who.name.as_str() { user(who) } else { User::new(name.as_str()) };
        let questions: Vec<_> = tuples.iter().map(|tuple| (tuple.relation, tuple.object.clone())).collect();
        let answers = self.authz.check_many(&user, &questions).await?;
        Ok(tuples.iter().zip(answers).filter(|(_, answer)| answer.allowed).map(|(tuple, _)| *tuple).collect())
    }
}
