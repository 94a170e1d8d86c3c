//! The relation model: which tuples make sense, and what follows from them. Data, and small questions about it.

use crate::names::{ObjectKind, ParseError, Relation, Subject, Tuple, Tuples};

/// How many levels of sets and parents are followed before giving up.
pub(crate) const MAX_DEPTH: usize = 32;

use ObjectKind::{ApplicationOffer, Cloud, Controller, Group, IdpGroup, Model, Role, ServiceAccount};
use Relation::{Administrator, Assignee, AuditLogViewer, CanAddModel, Consumer, Member, Reader, Writer};

/// What kind of subject a tuple may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SubjectType {
    User,
    Everyone,
    Object(ObjectKind),
    Set(ObjectKind, Relation),
}

/// Who has a relation to a kind of thing: the subjects of tuples, those who have another relation to the same thing,
/// and those who have a relation to the thing's parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// What kind of subjects tuples have.
    pub(crate) direct: &'static [SubjectType],
    /// Relations to the same thing that include this one.
    pub(crate) implied_by: &'static [Relation],
    /// The relation by which the parent is found, and that which one must have to it.
    pub(crate) inherited: Option<(Relation, Relation)>,
}

const MEMBERS: &[SubjectType] =
    &[SubjectType::User, SubjectType::Everyone, SubjectType::Set(Group, Member), SubjectType::Set(IdpGroup, Member)];

const ANYBODY: &[SubjectType] = &[
    SubjectType::User,
    SubjectType::Everyone,
    SubjectType::Set(Group, Member),
    SubjectType::Set(IdpGroup, Member),
    SubjectType::Set(Role, Assignee),
];

const fn tuples(direct: &'static [SubjectType]) -> Rule {
    Rule { direct, implied_by: &[], inherited: None }
}

const fn or(implied_by: &'static [Relation]) -> Rule {
    Rule { direct: ANYBODY, implied_by, inherited: None }
}

const fn or_from(via: Relation, relation: Relation) -> Rule {
    Rule { direct: ANYBODY, implied_by: &[], inherited: Some((via, relation)) }
}

/// The rule for a relation to a kind of thing; `None` when there is no such relation.
pub(crate) fn rule(kind: ObjectKind, relation: Relation) -> Option<Rule> {
    Some(match (kind, relation) {
        (Group, Member) | (Role, Assignee) => tuples(MEMBERS),
        // Nobody is written down as a member: logins tell.
        (IdpGroup, Member) => tuples(&[]),
        (Controller | Cloud | Model, Relation::Controller) => tuples(&[SubjectType::Object(Controller)]),
        (ApplicationOffer, Relation::Model) => tuples(&[SubjectType::Object(Model)]),
        (Controller | Cloud | Model, Administrator) => or_from(Relation::Controller, Administrator),
        (ApplicationOffer, Administrator) => or_from(Relation::Model, Administrator),
        (ServiceAccount, Administrator) => tuples(ANYBODY),
        (Controller, AuditLogViewer | CanAddModel)
        | (Cloud, CanAddModel)
        | (Model, Writer)
        | (ApplicationOffer, Consumer) => or(&[Administrator]),
        (Model, Reader) => or(&[Writer]),
        (ApplicationOffer, Reader) => or(&[Consumer]),
        _ => return None,
    })
}

/// The relation itself and all that include it, on one thing.
pub(crate) fn including(kind: ObjectKind, relation: Relation) -> Vec<Relation> {
    let mut found = vec![relation];
    let mut next = 0;
    while let Some(&relation) = found.get(next) {
        next += 1;
        for &stronger in rule(kind, relation).map_or(&[][..], |rule| rule.implied_by) {
            if !found.contains(&stronger) {
                found.push(stronger);
            }
        }
    }
    found
}

/// Whether those who have the relation to such a thing can be the subject of tuples.
pub(crate) fn is_set(kind: ObjectKind, relation: Relation) -> bool {
    matches!((kind, relation), (Group | IdpGroup, Member) | (Role, Assignee))
}

/// A relation to a kind of thing.
pub(crate) type Right = (ObjectKind, Relation);

/// The rights from which the given one may follow, itself included.
pub(crate) fn sources(right: Right) -> Vec<Right> {
    let mut found = vec![right];
    let mut next = 0;
    while let Some(&(kind, relation)) = found.get(next) {
        next += 1;
        let Some(rule) = rule(kind, relation) else { continue };
        let mut add = |right: Right| {
            if !found.contains(&right) {
                found.push(right);
            }
        };
        for &stronger in rule.implied_by {
            add((kind, stronger));
        }
        for subject in rule.direct {
            if let SubjectType::Set(kind, relation) = *subject {
                add((kind, relation));
            }
        }
        if let Some((via, relation)) = rule.inherited {
            for parent in parents(kind, via) {
                add((parent, relation));
            }
        }
    }
    found
}

/// The kinds of things that a kind of thing has as its parent by the relation.
pub(crate) fn parents(kind: ObjectKind, via: Relation) -> impl Iterator<Item = ObjectKind> {
    rule(kind, via).map_or(&[][..], |rule| rule.direct).iter().filter_map(|subject| match subject {
        SubjectType::Object(kind) => Some(*kind),
        _ => None,
    })
}

/// Whether the model knows this relation of such a subject to this kind of thing.
fn knows(subject: &Subject, relation: Relation, kind: ObjectKind) -> bool {
    let subject = match subject {
        Subject::User(_) => SubjectType::User,
        Subject::Everyone => SubjectType::Everyone,
        Subject::Object(object) => SubjectType::Object(object.kind),
        Subject::Set { object, relation } => SubjectType::Set(object.kind, *relation),
    };
    rule(kind, relation).is_some_and(|rule| rule.direct.contains(&subject))
}

impl Tuples {
    /// Whether the model knows this relation between such things.
    pub(crate) fn is_valid(&self) -> bool {
        knows(&self.subject, self.relation, self.kind)
    }
}

impl Tuple {
    /// Whether the model knows this relation between such things.
    pub fn is_valid(&self) -> bool {
        knows(&self.subject, self.relation, self.object.kind)
    }

    /// An error that says what is wrong, unless [`Tuple::is_valid`].
    pub fn validate(&self) -> Result<(), ParseError> {
        if self.is_valid() { Ok(()) } else { Err(ParseError::Tuple(self.to_string())) }
    }
}
