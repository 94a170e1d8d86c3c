//! Rights: the one place where they are asked, and where relation tuples are read and written.
//!
//! Every check of the broker goes through here to the authorizer; every tuple is written in the transaction of the rows
//! it speaks of. Knows nothing of the wire but Juju's words for levels.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jimm_authz::{
    Decision, Error as AuthzError, Object, ObjectKind, Relation, Subject, Subjects, Tuple, TupleReader, Tuples, User,
};
use jimm_proto::access::{CloudAccess, ModelAccess};
use jimm_store::tuples;
use jimm_store::{Store, Tx, identities};
use uuid::Uuid;

use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};
use crate::tuple_rows::{from_row, from_rows, to_row};

pub(crate) use jimm_authz::EVERYONE;

/// The evaluator's view of the tuples in Postgres.
pub struct StoredTuples {
    store: Store,
}

impl StoredTuples {
    /// Reads the tuples of `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl TupleReader for StoredTuples {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>, AuthzError> {
        let objects: Vec<_> = objects.iter().map(|o| (o.kind.as_str().to_owned(), o.id.clone())).collect();
        let mut conn = self.store.acquire().await.map_err(AuthzError::read)?;
        let rows = match subjects {
            Some(subjects) => tuples::on_objects_of(&mut conn, &objects, &parts(subjects)).await,
            None => tuples::on_objects(&mut conn, &objects).await,
        };
        Ok(rows.map_err(AuthzError::read)?.into_iter().filter_map(from_row).collect())
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>, AuthzError> {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let mut conn = self.store.acquire().await.map_err(AuthzError::read)?;
        let rows = tuples::of_subjects(&mut conn, &parts(subjects), &kinds).await.map_err(AuthzError::read)?;
        Ok(rows.into_iter().filter_map(from_rows).collect())
    }

    async fn tuples_around(
        &self,
        objects: &[Object],
        subjects: &[Subject],
        sets: &[ObjectKind],
    ) -> Result<Option<Vec<Tuple>>, AuthzError> {
        let objects: Vec<_> = objects.iter().map(|o| (o.kind.as_str().to_owned(), o.id.clone())).collect();
        let sets: Vec<_> = sets.iter().map(|kind| kind.as_str().to_owned()).collect();
        let mut conn = self.store.reader().await.map_err(AuthzError::read)?;
        let rows = tuples::around(&mut conn, &objects, &parts(subjects), &sets).await.map_err(AuthzError::read)?;
        conn.done();
        Ok(Some(rows.into_iter().filter_map(from_row).collect()))
    }

    async fn tuples_beneath(&self, objects: &[Object]) -> Result<Option<Vec<Tuple>>, AuthzError> {
        let objects: Vec<_> = objects.iter().map(|o| (o.kind.as_str().to_owned(), o.id.clone())).collect();
        let mut conn = self.store.reader().await.map_err(AuthzError::read)?;
        let rows = tuples::beneath(&mut conn, &objects).await.map_err(AuthzError::read)?;
        conn.done();
        Ok(Some(rows.into_iter().filter_map(from_row).collect()))
    }
}

fn parts(subjects: &[Subject]) -> Vec<(String, String, String)> {
    let owned = |subject: &Subject| {
        let (kind, id, relation) = subject.parts();
        (kind.to_owned(), id.to_owned(), relation.to_owned())
    };
    subjects.iter().map(owned).collect()
}

pub(in crate::broker) fn user(who: &Requester) -> User {
    User { name: who.name.to_string(), groups: who.groups.clone() }
}

/// Relations to a model with Juju's levels, the highest first.
const MODEL_LADDER: [(Relation, ModelAccess); 3] = [
    (Relation::Administrator, ModelAccess::Admin),
    (Relation::Writer, ModelAccess::Write),
    (Relation::Reader, ModelAccess::Read),
];

/// The same for clouds.
const CLOUD_LADDER: [(Relation, CloudAccess); 2] =
    [(Relation::Administrator, CloudAccess::Admin), (Relation::CanAddModel, CloudAccess::AddModel)];

/// The highest level of the ladder that was allowed.
fn highest(answers: &[Decision]) -> Option<ModelAccess> {
    MODEL_LADDER.iter().zip(answers).find(|(_, decision)| decision.allowed).map(|((_, level), _)| *level)
}

/// Users by the first of the relations that they have; everyone goes by that name.
fn by_user(relations: &[Relation], found: Vec<Subjects>) -> BTreeMap<String, Relation> {
    let mut users = BTreeMap::new();
    for (relation, subjects) in relations.iter().zip(found) {
        let everyone = subjects.everyone.then(|| EVERYONE.to_owned());
        for name in subjects.users.into_iter().chain(everyone) {
            users.entry(name).or_insert(*relation);
        }
    }
    users
}

// === asking ===

impl Broker {
    /// The object that stands for the broker itself.
    pub(crate) fn own_object(&self) -> Object {
        Object::controller(self.settings.uuid)
    }

    /// Whether the caller has the relation to the object.
    pub(crate) async fn allowed(&self, who: &Requester, relation: Relation, object: &Object) -> Result<bool> {
        Ok(self.authz.check(&user(who), relation, object).await?.allowed)
    }

    /// The caller has the relation to the object, or is told that this is not allowed.
    pub async fn require(&self, who: &Requester, relation: Relation, object: &Object) -> Result<Decision> {
        let decision = self.authz.check(&user(who), relation, object).await?;
        if decision.allowed { Ok(decision) } else { Err(Error::unauthorized()) }
    }

    /// Whether the caller administers the broker, now.
    pub async fn is_admin(&self, who: &Requester) -> Result<bool> {
        self.administers(&user(who)).await
    }

    /// The same of somebody who is not logged in yet.
    pub(crate) async fn administers(&self, user: &User) -> Result<bool> {
        Ok(self.authz.check(user, Relation::Administrator, &self.own_object()).await?.allowed)
    }

    /// The caller administers the broker, or is told that this is not allowed.
    pub async fn require_admin(&self, who: &Requester) -> Result<()> {
        self.require(who, Relation::Administrator, &self.own_object()).await.map(|_| ())
    }

    /// Whether a user has the relation to the object, by what the tuples say (the groups of a login are not known).
    pub(crate) async fn user_has(&self, name: &str, relation: Relation, object: &Object) -> Result<bool> {
        Ok(self.authz.check_subject(&Subject::user(name), relation, object).await?.allowed)
    }

    /// Whether the caller, or another user the caller asks about, has the relation.
    pub(crate) async fn holds(&self, who: &Requester, name: &str, relation: Relation, object: &Object) -> Result<bool> {
        if name == who.name.as_str() {
            self.allowed(who, relation, object).await
        } else {
            self.user_has(name, relation, object).await
        }
    }

    /// What the caller may do with a model, if anything.
    pub async fn model_access(&self, who: &Requester, uuid: Uuid) -> Result<Option<ModelAccess>> {
        let questions = MODEL_LADDER.map(|(relation, _)| (relation, Object::model(uuid)));
        let answers = self.authz.check_many(&user(who), &questions).await?;
        Ok(highest(&answers))
    }

    /// The same, and who else may do what with the model, as [`Broker::users_by_relation`] tells it.
    pub(crate) async fn model_standing(
        &self,
        who: &Requester,
        uuid: Uuid,
    ) -> Result<(Option<ModelAccess>, BTreeMap<String, Relation>)> {
        let relations = MODEL_LADDER.map(|(relation, _)| relation);
        let standing = self.authz.standing(&user(who), &relations, &Object::model(uuid)).await?;
        let level =
            MODEL_LADDER.iter().zip(&standing.allowed).find(|(_, allowed)| **allowed).map(|((_, level), _)| *level);
        Ok((level, by_user(&relations, standing.subjects)))
    }

    /// The same for several; models with which the caller may do nothing are left out.
    pub(crate) async fn model_accesses<'a>(
        &self,
        who: &Requester,
        uuids: impl Iterator<Item = &'a Uuid>,
    ) -> Result<BTreeMap<Uuid, ModelAccess>> {
        let uuids: Vec<Uuid> = uuids.copied().collect();
        let ask = |uuid: &Uuid| MODEL_LADDER.map(|(relation, _)| (relation, Object::model(*uuid)));
        let questions: Vec<_> = uuids.iter().flat_map(ask).collect();
        let answers = self.authz.check_many(&user(who), &questions).await?;
        let held = uuids.into_iter().zip(answers.chunks(MODEL_LADDER.len()));
        Ok(held.filter_map(|(uuid, answers)| Some((uuid, highest(answers)?))).collect())
    }

    /// The same, and whether the caller administers the controller that hosts the model.
    pub async fn model_and_home_access(
        &self,
        user: &User,
        uuid: Uuid,
        home: Uuid,
    ) -> Result<(Option<ModelAccess>, bool)> {
        let mut questions = MODEL_LADDER.map(|(relation, _)| (relation, Object::model(uuid))).to_vec();
        questions.push((Relation::Administrator, Object::controller(home)));
        let mut answers = self.authz.check_many(user, &questions).await?;
        let on_home = answers.pop().is_some_and(|decision| decision.allowed);
        Ok((highest(&answers), on_home))
    }

    /// What the caller may do with a cloud, if anything.
    pub(crate) async fn cloud_access(&self, who: &Requester, name: &str) -> Result<Option<CloudAccess>> {
        Ok(self.cloud_accesses(who, std::iter::once(&name.to_owned())).await?.into_values().next())
    }

    /// The same for several; clouds with which the caller may do nothing are left out.
    pub(crate) async fn cloud_accesses<'a>(
        &self,
        who: &Requester,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<BTreeMap<String, CloudAccess>> {
        let distinct: BTreeSet<&String> = names.collect();
        let ask = |name: &&String| CLOUD_LADDER.map(|(relation, _)| (relation, Object::cloud(*name)));
        let questions: Vec<_> = distinct.iter().flat_map(ask).collect();
        let answers = self.authz.check_many(&user(who), &questions).await?;
        let level = |answers: &[Decision]| {
            CLOUD_LADDER.iter().zip(answers).find(|(_, decision)| decision.allowed).map(|((_, level), _)| *level)
        };
        let held = distinct.into_iter().zip(answers.chunks(CLOUD_LADDER.len()));
        Ok(held.filter_map(|(name, answers)| Some((name.clone(), level(answers)?))).collect())
    }

    /// The models the caller may read, and what else with them.
    pub async fn model_levels(&self, who: &Requester) -> Result<BTreeMap<Uuid, ModelAccess>> {
        let ladder = [
            (Relation::Reader, ModelAccess::Read),
            (Relation::Writer, ModelAccess::Write),
            (Relation::Administrator, ModelAccess::Admin),
        ];
        let relations = ladder.map(|(relation, _)| relation);
        let found = self.authz.list_objects_many(&user(who), &relations, ObjectKind::Model).await?;
        let mut levels = BTreeMap::new();
        for ((_, level), uuids) in ladder.into_iter().zip(found) {
            levels.extend(uuids.iter().filter_map(|id| id.parse().ok()).map(|uuid: Uuid| (uuid, level)));
        }
        Ok(levels)
    }

    /// The models the caller may read.
    pub async fn visible_models(&self, who: &Requester) -> Result<Vec<Uuid>> {
        let uuids = self.objects_with(who, Relation::Reader, ObjectKind::Model).await?;
        Ok(uuids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// The things of a kind to which the caller has the relation.
    pub(crate) async fn objects_with(
        &self,
        who: &Requester,
        relation: Relation,
        kind: ObjectKind,
    ) -> Result<Vec<String>> {
        Ok(self.authz.list_objects(&user(who), relation, kind).await?)
    }

    /// The users who have each of the relations to the object, groups and roles taken apart, everyone by that name.
    /// A user is named once, with the first of the relations.
    pub(crate) async fn users_by_relation(
        &self,
        relations: &[Relation],
        object: &Object,
    ) -> Result<BTreeMap<String, Relation>> {
        Ok(by_user(relations, self.authz.list_subjects_many(relations, object).await?))
    }
}

// === writing ===

impl Broker {
    /// Makes sure that the identity of a user is there; everyone is none.
    pub(crate) async fn ensure_identity(&self, tx: &mut Tx, name: &str) -> Result<()> {
        if name != EVERYONE {
            identities::ensure(tx, name).await?;
        }
        Ok(())
    }

    /// Adds a tuple; one that is there already is no error.
    pub(crate) async fn add_tuple(
        &self,
        tx: &mut Tx,
        subject: Subject,
        relation: Relation,
        object: &Object,
    ) -> Result<()> {
        let tuple = Tuple::new(subject, relation, object.clone());
        debug_assert!(tuple.is_valid(), "{tuple} makes no sense");
        tuples::insert(tx, &to_row(&tuple)).await?;
        Ok(())
    }

    /// Removes a tuple; one that is not there is no error.
    pub(crate) async fn remove_tuple(
        &self,
        tx: &mut Tx,
        subject: Subject,
        relation: Relation,
        object: &Object,
    ) -> Result<()> {
        tuples::delete(tx, &to_row(&Tuple::new(subject, relation, object.clone()))).await?;
        Ok(())
    }

    /// Removes every tuple on the object.
    pub(crate) async fn remove_tuples_on(&self, tx: &mut Tx, object: &Object) -> Result<()> {
        tuples::delete_object(tx, object.kind.as_str(), &object.id).await?;
        Ok(())
    }

    /// The rights of a model that the broker takes on: its controller administers it, and so does its owner.
    pub(crate) async fn add_model_tuples(&self, tx: &mut Tx, uuid: Uuid, controller: Uuid, owner: &str) -> Result<()> {
        let object = Object::model(uuid);
        let host = Subject::object(Object::controller(controller));
        self.add_tuple(tx, host, Relation::Controller, &object).await?;
        self.add_tuple(tx, Subject::user(owner), Relation::Administrator, &object).await
    }

    /// The relations that tuples give a subject directly, within the transaction.
    pub(crate) async fn direct_relations(
        &self,
        tx: &mut Tx,
        subject: &Subject,
        object: &Object,
    ) -> Result<Vec<Relation>> {
        let on = [(object.kind.as_str().to_owned(), object.id.clone())];
        let of = parts(std::slice::from_ref(subject));
        let rows = tuples::on_objects_of(tx, &on, &of).await?;
        let direct = rows.into_iter().filter_map(from_row).filter(|tuple| tuple.subject == *subject);
        Ok(direct.map(|tuple| tuple.relation).collect())
    }
}
