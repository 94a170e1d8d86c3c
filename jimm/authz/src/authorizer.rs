//! What the broker asks, and what an evaluation over tuples needs to read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::future::try_join;

use crate::names::{Object, ObjectKind, Relation, Subject, Tuple, Tuples};

/// The result of a question.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A question that could not be answered: nobody may do anything then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tuples could not be read.
    #[error("cannot read relation tuples")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Sets within sets, deeper than anybody means them.
    #[error("relations of {0} are nested too deeply: take groups out of each other")]
    TooDeep(String),
    /// OpenFGA could not be asked, or did not answer in time.
    #[error("OpenFGA does not answer ({call})")]
    OpenFgaDown {
        /// What it was asked.
        call: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// OpenFGA answered with an error.
    #[error("OpenFGA refuses to answer ({call})")]
    OpenFgaRefused {
        /// What it was asked.
        call: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// OpenFGA answered, but not what it was asked.
    #[error("OpenFGA gives no answer to rely on: {0}")]
    OpenFgaAnswer(String),
    /// The settings do not fit the server.
    #[error("{0}")]
    OpenFgaSettings(String),
    /// OpenFGA has not been told all changes of rights, and could not be told them now.
    #[error("OpenFGA has not been told all changes of rights yet: {0}")]
    OpenFgaBehind(String),
}

impl Error {
    /// What a reader returns when it fails.
    pub fn read(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Read(source.into())
    }
}

/// Who asks: an identity, and the groups its login told of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct User {
    /// The identity's name.
    pub name: String,
    /// Groups of the identity provider.
    pub groups: Vec<String>,
}

impl User {
    /// An identity, without groups.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), groups: Vec::new() }
    }

    /// Everything it is by itself: itself, everyone, and a member of the groups its login told of.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![Subject::user(&self.name), Subject::Everyone];
        subjects.dedup();
        subjects.extend(self.groups.iter().map(|group| Subject::Set {
            object: Object::new(ObjectKind::IdpGroup, group),
            relation: Relation::Member,
        }));
        subjects
    }
}

/// An answer, and why.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Decision {
    /// Whether the user has the relation.
    pub allowed: bool,
    /// The tuple that gives it, where the authorizer can tell.
    pub determined_by: Option<Tuple>,
}

/// Who has a relation, groups and roles taken apart.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subjects {
    /// Identities.
    pub users: BTreeSet<String>,
    /// Whether everyone has it.
    pub everyone: bool,
    /// Groups of the identity provider, whose members are not known.
    pub idp_groups: BTreeSet<String>,
}

impl Subjects {
    /// Whether the user is one of them.
    pub fn include(&self, user: &User) -> bool {
        self.everyone
            || self.users.contains(&user.name)
            || user.groups.iter().any(|group| self.idp_groups.contains(group))
    }
}

/// Relations to an object: which of them the user has, and who else has each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Whether the user has it, in the order of the relations.
    pub allowed: Vec<bool>,
    /// Who has it, in the same order.
    pub subjects: Vec<Subjects>,
}

/// Decides who may do what.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// Whether the user has the relation to the object.
    async fn check(&self, user: &User, relation: Relation, object: &Object) -> Result<Decision> {
        let mut decisions = self.check_many(user, &[(relation, object.clone())]).await?;
        Ok(decisions.pop().unwrap_or_default())
    }

    /// The same for many, in one go; answers in the order of the questions.
    async fn check_many(&self, user: &User, questions: &[(Relation, Object)]) -> Result<Vec<Decision>>;

    /// Whether the subject, which may be a set, has the relation to the object.
    async fn check_subject(&self, subject: &Subject, relation: Relation, object: &Object) -> Result<Decision>;

    /// The ids of all objects of the kind to which the user has the relation, sorted.
    async fn list_objects(&self, user: &User, relation: Relation, kind: ObjectKind) -> Result<Vec<String>> {
        let mut objects = self.list_objects_many(user, &[relation], kind).await?;
        Ok(objects.pop().unwrap_or_default())
    }

    /// The same for several relations in one go; answers in their order.
    async fn list_objects_many(
        &self,
        user: &User,
        relations: &[Relation],
        kind: ObjectKind,
    ) -> Result<Vec<Vec<String>>>;

    /// Who has the relation to the object, by whatever way.
    async fn list_subjects(&self, relation: Relation, object: &Object) -> Result<Subjects> {
        let mut subjects = self.list_subjects_many(&[relation], object).await?;
        Ok(subjects.pop().unwrap_or_default())
    }

    /// The same for many relations in one go; answers in their order.
    async fn list_subjects_many(&self, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>>;

    /// Which of the relations to the object the user has, and who else: what [`Authorizer::check_many`] and
    /// [`Authorizer::list_subjects_many`] answer, in one look.
    async fn standing(&self, user: &User, relations: &[Relation], object: &Object) -> Result<Standing> {
        let questions: Vec<_> = relations.iter().map(|relation| (*relation, object.clone())).collect();
        let (decisions, subjects) =
            try_join(self.check_many(user, &questions), self.list_subjects_many(relations, object)).await?;
        Ok(Standing { allowed: decisions.into_iter().map(|decision| decision.allowed).collect(), subjects })
    }
}

/// Reads tuples. Tuples it cannot make sense of (kinds or relations of another release) it leaves out.
#[async_trait]
pub trait TupleReader: Send + Sync {
    /// The tuples on the objects. With `subjects`, those suffice whose subject is one of them, and those whose subject
    /// is a thing (not an identity, everyone or a set).
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>>;

    /// The tuples of the subjects on objects of these kinds; there may be thousands.
    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>>;

    /// Everything that [`TupleReader::tuples_of`] and [`TupleReader::tuples_on`] would tell one after the other to decide
    /// what the subjects may do with the objects, in one read: the tuples on objects of the kinds `sets` whose subject is
    /// one of the subjects or a set they belong to, at any depth; and the tuples on the objects and, at any depth, on the
    /// things that are their subjects, as far as these are of the subjects, their sets, or things. `None` from a reader
    /// that cannot.
    async fn tuples_around(
        &self,
        _objects: &[Object],
        _subjects: &[Subject],
        _sets: &[ObjectKind],
    ) -> Result<Option<Vec<Tuple>>> {
        Ok(None)
    }

    /// All tuples on the objects and, at any depth, on the things and sets that are their subjects, in one read. `None`
    /// from a reader that cannot.
    async fn tuples_beneath(&self, _objects: &[Object]) -> Result<Option<Vec<Tuple>>> {
        Ok(None)
    }
}

#[async_trait]
impl<R: TupleReader + ?Sized> TupleReader for std::sync::Arc<R> {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        (**self).tuples_on(objects, subjects).await
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>> {
        (**self).tuples_of(subjects, kinds).await
    }

    async fn tuples_around(
        &self,
        objects: &[Object],
        subjects: &[Subject],
        sets: &[ObjectKind],
    ) -> Result<Option<Vec<Tuple>>> {
        (**self).tuples_around(objects, subjects, sets).await
    }

    async fn tuples_beneath(&self, objects: &[Object]) -> Result<Option<Vec<Tuple>>> {
        (**self).tuples_beneath(objects).await
    }
}
