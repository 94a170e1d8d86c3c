//! How people write the parties of a relation, and the way back from tuples.
//!
//! `user-alice@example.com`, `group-devs#member`, `controller-jimm` (the broker), `model-alice@example.com/shop`,
//! `applicationoffer-alice@example.com/shop.db`; a UUID may stand for any name.

use std::borrow::Cow;
use std::collections::HashMap;

use jimm_authz::{EVERYONE, Object, ObjectKind, Relation, Subject, Tuple};
use jimm_proto::params::jimm_rights::RelationshipTuple;
use jimm_store::groups::{self, SetKind};
use jimm_store::{PgConnection, clouds, controllers, models, offers};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::identity::users::parse_user_name;
use crate::error::{Error, Result};

/// The broker's own name among the controllers.
const BROKER: &str = "jimm";
/// The code of a relation that cannot be read, or names what there is not.
pub const CODE_TUPLE: &str = "failed to parse tuple";

/// Things that a call has named already.
pub(in crate::broker) type Known = HashMap<(ObjectKind, String), Object>;

/// `kind-name#relation`, taken apart.
pub(in crate::broker) struct Tag<'a> {
    pub(in crate::broker) kind: ObjectKind,
    /// Empty for a kind alone.
    name: &'a str,
    set: Option<&'a str>,
}

pub(in crate::broker) fn take_apart(tag: &str) -> Result<Tag<'_>> {
    let (rest, set) = match tag.split_once('#') {
        Some((rest, set)) => (rest, Some(set)),
        None => (tag, None),
    };
    let (kind, name) = rest.split_once('-').unwrap_or((rest, ""));
    if set == Some("") || rest.ends_with('-') || tag.chars().any(char::is_control) {
        return Err(improper(tag));
    }
    let kind = kind.parse().map_err(|_| bad(format!("failed to map tag, unknown kind: {}", shown(kind))))?;
    Ok(Tag { kind, name, set })
}

fn improper(tag: &str) -> Error {
    bad(format!("tag is not properly formatted: {tag:?}; write KIND-NAME, or KIND-NAME#RELATION for a set"))
}

/// The text as it is, unless it would do more in a terminal than be shown.
fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) { text.escape_debug().to_string().into() } else { text.into() }
}

fn bad(text: impl Into<String>) -> Error {
    Error::bad_request(text).with_code(CODE_TUPLE)
}

fn in_key(error: &Error, what: &str, tag: &str) -> Error {
    let text = format!("failed to parse tuple {what} key {}: {}", shown(tag), error.message());
    Error::new(error.kind(), text).with_code(CODE_TUPLE)
}

pub(in crate::broker) fn relation(word: &str) -> Result<Relation> {
    word.parse().map_err(|_| bad(format!("unknown relation {}", shown(word))))
}

impl Broker {
    /// The tuple that is written so. Every name in it has to exist.
    pub(in crate::broker) async fn parse_tuple(
        &self,
        conn: &mut PgConnection,
        known: &mut Known,
        written: &RelationshipTuple,
    ) -> Result<Tuple> {
        if written.target_object.is_empty() {
            return Err(Error::bad_request("target object not specified"));
        }
        let relation = relation(&written.relation)?;
        let object = self.parse_object(conn, known, &written.target_object).await;
        let object = object.map_err(|e| in_key(&e, "target object", &written.target_object))?;
        let subject = self.parse_subject(conn, known, &written.object).await;
        let subject = subject.map_err(|e| in_key(&e, "object", &written.object))?;
        let tuple = Tuple::new(subject, relation, object);
        if tuple.is_valid() {
            return Ok(tuple);
        }
        Err(bad(format!(
            "{} {} {} makes no sense: this relation does not take such an object on such a target",
            written.object, written.relation, written.target_object
        )))
    }

    pub(in crate::broker) async fn parse_object(
        &self,
        conn: &mut PgConnection,
        known: &mut Known,
        tag: &str,
    ) -> Result<Object> {
        let parts = take_apart(tag)?;
        if parts.set.is_some() || parts.name.is_empty() {
            return Err(improper(tag));
        }
        self.named_once(conn, known, &parts).await
    }

    pub(in crate::broker) async fn parse_subject(
        &self,
        conn: &mut PgConnection,
        known: &mut Known,
        tag: &str,
    ) -> Result<Subject> {
        let parts = take_apart(tag)?;
        if parts.name.is_empty() {
            return Err(improper(tag));
        }
        let object = self.named_once(conn, known, &parts).await?;
        Ok(match parts.set {
            Some(word) => Subject::Set { object, relation: relation(word)? },
            None => Subject::object(object),
        })
    }

    async fn named_once(&self, conn: &mut PgConnection, known: &mut Known, tag: &Tag<'_>) -> Result<Object> {
        let key = (tag.kind, tag.name.to_owned());
        if let Some(object) = known.get(&key) {
            return Ok(object.clone());
        }
        let object = self.named(conn, tag).await?;
        known.insert(key, object.clone());
        Ok(object)
    }

    async fn named(&self, conn: &mut PgConnection, tag: &Tag<'_>) -> Result<Object> {
        let name = tag.name;
        let uuid: Option<Uuid> = name.parse().ok();
        let id = match tag.kind {
            ObjectKind::User => match name {
                EVERYONE => EVERYONE.to_owned(),
                name => parse_user_name(name).map_err(|e| bad(format!("invalid user: {}", e.message())))?.to_string(),
            },
            ObjectKind::Group => set(conn, SetKind::Group, name, uuid).await?,
            ObjectKind::Role => set(conn, SetKind::Role, name, uuid).await?,
            ObjectKind::IdpGroup => name.to_owned(),
            ObjectKind::Controller if name == BROKER || uuid == Some(self.settings.uuid) => {
                self.settings.uuid.to_string()
            }
            ObjectKind::Controller => match uuid {
                Some(uuid) => controllers::get(conn, uuid).await?,
                None => controllers::get_by_name(conn, name).await?,
            }
            .map(|row| row.uuid.to_string())
            .ok_or_else(|| Error::not_found("controller not found"))?,
            ObjectKind::Cloud => {
                let row = clouds::get(conn, name).await?;
                row.map(|row| row.name).ok_or_else(|| Error::not_found(format!("cloud {name} not found")))?
            }
            ObjectKind::Model => match (uuid, name.split_once('/')) {
                (Some(uuid), _) => models::get(conn, uuid).await?,
                (None, Some((owner, name))) => models::get_by_name(conn, owner, name).await?,
                (None, None) => return Err(bad("model name format incorrect, expected <model-owner>/<model-name>")),
            }
            .map(|row| row.uuid.to_string())
            .ok_or_else(|| Error::not_found("model not found"))?,
            ObjectKind::ApplicationOffer => match uuid {
                Some(uuid) => offers::get(conn, uuid).await?,
                None => offers::get_by_url(conn, name).await?,
            }
            .map(|row| row.uuid.to_string())
            .ok_or_else(|| Error::not_found("application offer not found"))?,
            ObjectKind::ServiceAccount if name.ends_with("@serviceaccount") => {
                parse_user_name(name).map_err(|_| bad("invalid service account id"))?.to_string()
            }
            ObjectKind::ServiceAccount => return Err(bad("invalid service account id")),
        };
        Ok(Object::new(tag.kind, id))
    }

    /// The tuples as people write them, with the names of what they speak of; what has none keeps its UUID and is told of.
    pub(in crate::broker) async fn write_tuples(
        &self,
        conn: &mut PgConnection,
        tuples: &[Tuple],
        with_names: bool,
    ) -> Result<(Vec<RelationshipTuple>, Vec<String>)> {
        let names = if with_names { self.names_of(conn, tuples).await? } else { HashMap::new() };
        let mut errors = Vec::new();
        let mut write = |object: &Object| {
            if let Some(name) = names.get(object) {
                return format!("{}-{name}", object.kind);
            }
            if with_names && has_uuid(object.kind) {
                errors.push(format!("failed to parse object: {}-{} not found", object.kind, object.id));
            }
            format!("{}-{}", object.kind, object.id)
        };
        let written = tuples.iter().map(|tuple| RelationshipTuple {
            object: match &tuple.subject {
                Subject::User(name) => format!("user-{name}"),
                Subject::Everyone => format!("user-{EVERYONE}"),
                Subject::Object(object) => write(object),
                Subject::Set { object, relation } => format!("{}#{relation}", write(object)),
            },
            relation: tuple.relation.to_string(),
            target_object: write(&tuple.object),
        });
        let written = written.collect();
        errors.dedup();
        Ok((written, errors))
    }

    async fn names_of(&self, conn: &mut PgConnection, tuples: &[Tuple]) -> Result<HashMap<Object, String>> {
        let mut uuids: HashMap<ObjectKind, Vec<Uuid>> = HashMap::new();
        for tuple in tuples {
            let of_subject = match &tuple.subject {
                Subject::Object(object) | Subject::Set { object, .. } => Some(object),
                Subject::User(_) | Subject::Everyone => None,
            };
            for object in of_subject.into_iter().chain([&tuple.object]) {
                uuids.entry(object.kind).or_default().extend(object.id.parse::<Uuid>().ok());
            }
        }
        let of = |kind: ObjectKind| uuids.get(&kind).map_or(&[][..], Vec::as_slice);
        let mut names = HashMap::new();
        let mut put = |kind: ObjectKind, uuid: Uuid, name: String| names.insert(Object::new(kind, uuid), name);
        put(ObjectKind::Controller, self.settings.uuid, BROKER.to_owned());
        for row in controllers::get_many(conn, of(ObjectKind::Controller)).await? {
            put(ObjectKind::Controller, row.uuid, row.name);
        }
        for row in models::get_many(conn, of(ObjectKind::Model)).await? {
            put(ObjectKind::Model, row.uuid, format!("{}/{}", row.owner, row.name));
        }
        for row in offers::get_many(conn, of(ObjectKind::ApplicationOffer)).await? {
            put(ObjectKind::ApplicationOffer, row.uuid, row.url);
        }
        for (kind, stored) in [(ObjectKind::Group, SetKind::Group), (ObjectKind::Role, SetKind::Role)] {
            for row in groups::get_many(conn, stored, of(kind)).await? {
                put(kind, row.uuid, row.name);
            }
        }
        Ok(names)
    }
}

fn has_uuid(kind: ObjectKind) -> bool {
    use ObjectKind::{ApplicationOffer, Controller, Group, Model, Role};
    matches!(kind, ApplicationOffer | Controller | Group | Model | Role)
}

async fn set(conn: &mut PgConnection, kind: SetKind, name: &str, uuid: Option<Uuid>) -> Result<String> {
    let row = match uuid {
        Some(uuid) => groups::get(conn, kind, uuid).await?,
        None => groups::get_by_name(conn, kind, name).await?,
    };
    row.map(|row| row.uuid.to_string()).ok_or_else(|| Error::not_found(format!("{} {name} not found", kind.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_apart() {
        let tag = take_apart("group-platform-team#member").expect("a set");
        assert_eq!((tag.kind, tag.name, tag.set), (ObjectKind::Group, "platform-team", Some("member")));
        let tag = take_apart("model").expect("a kind alone");
        assert_eq!((tag.kind, tag.name, tag.set), (ObjectKind::Model, "", None));
    }

    #[test]
    fn what_is_no_tag_is_told_so() {
        for tag in ["user-", "group-x#", "model-a\nb", "-x", "", "banana-x", "#member"] {
            let error = take_apart(tag).err().expect(tag);
            assert_eq!(error.juju_code(), CODE_TUPLE, "{tag:?}");
        }
    }
}
