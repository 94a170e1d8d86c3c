//! Tuples as OpenFGA writes them. Letters that it does not take in names go as `%XX`, so that names of ours that it takes
//! look the same there.

use openfga_client::client::{TupleKey, TupleKeyWithoutCondition};

use crate::names::{Object, Relation, Subject, Tuple};

/// The longest object and the longest subject, in bytes.
const LONGEST: (usize, usize) = (256, 512);

/// The name with every letter outside of the harmless ones escaped.
fn escaped(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.@+=/|~!$&'()".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex(byte));
        }
    }
    text
}

fn hex(byte: u8) -> String {
    format!("{byte:02X}")
}

/// The way back; `None` for what we never wrote.
fn plain(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let pair = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(pair, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// `model:uuid`.
pub(super) fn object(object: &Object) -> String {
    format!("{}:{}", object.kind, escaped(&object.id))
}

/// `user:name`, `user:*`, `controller:uuid`, `group:uuid#member`.
pub(super) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::User(name) => format!("user:{}", escaped(name)),
        Subject::Everyone => "user:*".to_owned(),
        Subject::Object(thing) => object(thing),
        Subject::Set { object: set, relation } => format!("{}#{relation}", object(set)),
    }
}

/// Whether OpenFGA takes such a name.
pub(super) fn fits(tuple: &Tuple) -> bool {
    object_fits(&tuple.object) && subject_fits(&tuple.subject)
}

pub(super) fn object_fits(thing: &Object) -> bool {
    !thing.id.is_empty() && object(thing).len() <= LONGEST.0
}

pub(super) fn subject_fits(who: &Subject) -> bool {
    let id = match who {
        Subject::User(name) => name,
        Subject::Everyone => return true,
        Subject::Object(object) | Subject::Set { object, .. } => &object.id,
    };
    !id.is_empty() && subject(who).len() <= LONGEST.1
}

pub(super) fn key(tuple: &Tuple) -> TupleKey {
    TupleKey {
        user: subject(&tuple.subject),
        relation: tuple.relation.to_string(),
        object: object(&tuple.object),
        condition: None,
    }
}

pub(super) fn bare_key(tuple: &Tuple) -> TupleKeyWithoutCondition {
    let TupleKey { user, relation, object, .. } = key(tuple);
    TupleKeyWithoutCondition { user, relation, object }
}

/// The object again; `None` when it is none of ours, or written otherwise than we do.
pub(super) fn read_object(text: &str) -> Option<Object> {
    let (kind, id) = text.split_once(':')?;
    let plain = plain(id)?;
    if escaped(&plain) != id {
        return None;
    }
    Some(Object::new(kind.parse().ok()?, plain))
}

/// The subject again.
pub(super) fn read_subject(text: &str) -> Option<Subject> {
    match text.split_once('#') {
        Some((set, relation)) => Some(Subject::Set { object: read_object(set)?, relation: relation.parse().ok()? }),
        None if text == "user:*" => Some(Subject::Everyone),
        None => Some(Subject::object(read_object(text)?)),
    }
}

/// The tuple again.
pub(super) fn read(key: &TupleKey) -> Option<Tuple> {
    let relation: Relation = key.relation.parse().ok()?;
    Some(Tuple::new(read_subject(&key.user)?, relation, read_object(&key.object)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ObjectKind;

    #[test]
    fn names_come_back() {
        for id in ["alice@example.com", "svc@serviceaccount", "aws", "staff & friends: #1 *", "grüppe", "100%", "a%20b"]
        {
            let thing = Object::new(ObjectKind::IdpGroup, id);
            let text = object(&thing);
            assert!(!text.split_once(':').unwrap().1.contains([' ', '#', ':', '*']), "{text}");
            assert_eq!(read_object(&text), Some(thing));
        }
        assert_eq!(object(&Object::cloud("aws")), "cloud:aws");
        assert_eq!(subject(&Subject::user("alice@example.com")), "user:alice@example.com");
        for text in ["model", "planet:x", "model:%zz", "model:%", "model:%61", "model:a b", "group:x#captain"] {
            assert_eq!(read_subject(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_are_too_long_do_not_fit() {
        assert!(object_fits(&Object::cloud("x".repeat(250))));
        assert!(!object_fits(&Object::cloud("x".repeat(251))));
        assert!(!object_fits(&Object::cloud("")));
        assert!(!subject_fits(&Subject::user("x".repeat(508))));
    }
}
