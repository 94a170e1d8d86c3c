//! The words of the relation model: kinds, relations, objects, subjects and tuples, and how they are written.

use std::fmt;
use std::str::FromStr;

/// The name under which an identity stands for all of them.
pub const EVERYONE: &str = "everyone@external";

/// A text that is not one of the words, or a tuple that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// Not a kind of thing.
    #[error("unknown kind: {0}")]
    Kind(String),
    /// Not a relation.
    #[error("unknown relation {0}")]
    Relation(String),
    /// Not `kind:id` or `kind:id#relation`.
    #[error("{0:?} is not properly formatted: give kind:id, or kind:id#relation for a set")]
    Format(String),
    /// The model knows no such relation between such things.
    #[error("{0} makes no sense: the relation does not take this kind of subject on this kind of object")]
    Tuple(String),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $error:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word, as tuples write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(word: &str) -> Result<Self, ParseError> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    other => Err(ParseError::$error(other.to_owned())),
                }
            }
        }
    };
}

words! {
    /// What kind of thing.
    ObjectKind, Kind {
        /// An identity.
        User = "user",
        /// A group, by UUID.
        Group = "group",
        /// A role, by UUID.
        Role = "role",
        /// A group of the identity provider, by name; its members come with their login.
        IdpGroup = "idpgroup",
        /// A controller, by UUID; the broker is one too.
        Controller = "controller",
        /// A cloud, by name.
        Cloud = "cloud",
        /// A model, by UUID.
        Model = "model",
        /// An application offer, by UUID.
        ApplicationOffer = "applicationoffer",
        /// A service account, by its full name.
        ServiceAccount = "serviceaccount",
    }
}

words! {
    /// What a subject is to an object.
    Relation, Relation {
        /// Belongs to a group.
        Member = "member",
        /// Has a role.
        Assignee = "assignee",
        /// Is the controller of; the broker is the controller of controllers.
        Controller = "controller",
        /// Is the model of an offer.
        Model = "model",
        /// May do everything.
        Administrator = "administrator",
        /// May read the audit log.
        AuditLogViewer = "audit_log_viewer",
        /// May add models.
        CanAddModel = "can_addmodel",
        /// May change a model.
        Writer = "writer",
        /// May see a model or offer.
        Reader = "reader",
        /// May relate to an offer.
        Consumer = "consumer",
    }
}

/// A thing.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its UUID or name.
    pub id: String,
}

impl Object {
    /// The thing of that kind and UUID or name.
    pub fn new(kind: ObjectKind, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }

    /// A controller, or the broker.
    pub fn controller(uuid: impl fmt::Display) -> Self {
        Self::new(ObjectKind::Controller, uuid)
    }

    /// A cloud.
    pub fn cloud(name: impl fmt::Display) -> Self {
        Self::new(ObjectKind::Cloud, name)
    }

    /// A model.
    pub fn model(uuid: impl fmt::Display) -> Self {
        Self::new(ObjectKind::Model, uuid)
    }

    /// An application offer.
    pub fn offer(uuid: impl fmt::Display) -> Self {
        Self::new(ObjectKind::ApplicationOffer, uuid)
    }

    /// A group.
    pub fn group(uuid: impl fmt::Display) -> Self {
        Self::new(ObjectKind::Group, uuid)
    }

    /// A role.
    pub fn role(uuid: impl fmt::Display) -> Self {
        Self::new(ObjectKind::Role, uuid)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for Object {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once(':') {
            Some((kind, id)) if !id.is_empty() && !id.contains('#') => Ok(Self::new(kind.parse()?, id)),
            _ => Err(ParseError::Format(text.to_owned())),
        }
    }
}

/// Who has a relation.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// One identity.
    User(String),
    /// All identities, written `user:*`.
    Everyone,
    /// A thing other than an identity: the controller of a model, the model of an offer.
    Object(Object),
    /// All that have the relation to the thing: the members of a group, the assignees of a role.
    Set {
        /// The thing.
        object: Object,
        /// The relation.
        relation: Relation,
    },
}

impl Subject {
    /// The identity of that name, or everyone when that is what the name stands for.
    pub fn user(name: impl fmt::Display) -> Self {
        let name = name.to_string();
        if name == EVERYONE || name == "*" { Self::Everyone } else { Self::User(name) }
    }

    /// The members of a group.
    pub fn members(group_uuid: impl fmt::Display) -> Self {
        Self::Set { object: Object::group(group_uuid), relation: Relation::Member }
    }

    /// The assignees of a role.
    pub fn assignees(role_uuid: impl fmt::Display) -> Self {
        Self::Set { object: Object::role(role_uuid), relation: Relation::Assignee }
    }

    /// A thing other than an identity.
    pub fn object(object: Object) -> Self {
        if object.kind == ObjectKind::User { Self::user(object.id) } else { Self::Object(object) }
    }

    /// The columns of a table: kind, id (`*` for everyone), relation (empty but for sets).
    pub fn parts(&self) -> (&'static str, &str, &'static str) {
        match self {
            Self::User(name) => (ObjectKind::User.as_str(), name, ""),
            Self::Everyone => (ObjectKind::User.as_str(), "*", ""),
            Self::Object(object) => (object.kind.as_str(), &object.id, ""),
            Self::Set { object, relation } => (object.kind.as_str(), &object.id, relation.as_str()),
        }
    }

    /// The way back from [`Subject::parts`].
    pub fn from_parts(kind: &str, id: &str, relation: &str) -> Result<Self, ParseError> {
        let object = Object::new(kind.parse()?, id);
        if relation.is_empty() {
            Ok(Self::object(object))
        } else {
            Ok(Self::Set { object, relation: relation.parse()? })
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (kind, id, "") => write!(f, "{kind}:{id}"),
            (kind, id, relation) => write!(f, "{kind}:{id}#{relation}"),
        }
    }
}

impl FromStr for Subject {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once('#') {
            Some((object, relation)) => Ok(Self::Set { object: object.parse()?, relation: relation.parse()? }),
            None => Ok(Self::object(text.parse()?)),
        }
    }
}

/// `subject` has `relation` to `object`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tuple {
    /// Who.
    pub subject: Subject,
    /// What.
    pub relation: Relation,
    /// To what.
    pub object: Object,
}

/// Tuples that differ in nothing but their object's id: whoever has thousands of models has them by few relations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tuples {
    /// Who.
    pub subject: Subject,
    /// What.
    pub relation: Relation,
    /// To what kind of thing.
    pub kind: ObjectKind,
    /// To which of them, each once; in no order.
    pub ids: Vec<String>,
}

impl From<Tuple> for Tuples {
    fn from(tuple: Tuple) -> Self {
        let Tuple { subject, relation, object } = tuple;
        Self { subject, relation, kind: object.kind, ids: vec![object.id] }
    }
}

impl Tuple {
    /// The tuple of these.
    pub fn new(subject: Subject, relation: Relation, object: Object) -> Self {
        Self { subject, relation, object }
    }
}

impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.subject, self.relation, self.object)
    }
}
