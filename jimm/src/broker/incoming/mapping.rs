//! Who the users of a model are in the broker, and what they may do with it.

use std::collections::BTreeMap;

use jimm_authz::Relation;
use jimm_proto::names::UserName;
use serde_json::Value;

use crate::description::{EVERYONE, Facts};
use crate::error::{Error, Result};

/// Local users of the source with their names in the broker; an empty name is left behind.
pub(super) struct UserMapping(BTreeMap<String, String>);

impl UserMapping {
    /// Checks what an administrator wants.
    pub(super) fn check(wanted: &BTreeMap<String, Option<String>>) -> Result<BTreeMap<String, String>> {
        let mut mapping = BTreeMap::new();
        for (local, external) in wanted {
            if !local.parse::<UserName>().is_ok_and(|name| name.is_local()) {
                return Err(Error::bad_request(format!("{local} is not a valid local user name")));
            }
            let external = external.as_deref().unwrap_or_default();
            let is_user = |name: UserName| !name.is_local() && name.as_str() != EVERYONE;
            if !external.is_empty() && !external.parse::<UserName>().is_ok_and(is_user) {
                return Err(Error::bad_request(format!("{external} is not a valid external user name")));
            }
            mapping.insert(local.clone(), external.to_owned());
        }
        Ok(mapping)
    }

    /// Of a record.
    pub(super) fn of(recorded: &Value) -> Result<Self> {
        Ok(Self(serde_json::from_value(recorded.clone()).map_err(Error::internal)?))
    }

    /// Whom it gives a name.
    pub(super) fn named(&self) -> BTreeMap<String, String> {
        self.0.iter().filter(|(_, external)| !external.is_empty()).map(|(l, e)| (l.clone(), e.clone())).collect()
    }

    /// The name in the broker: users of an identity provider keep theirs.
    pub(super) fn name(&self, user: &str) -> Option<UserName> {
        let name = self.0.get(user).map(String::as_str).or_else(|| user.contains('@').then_some(user))?;
        name.parse().ok().filter(|name: &UserName| !name.is_local() && name.as_str() != EVERYONE)
    }

    /// Refuses, name by name, what nothing was said about.
    pub(super) fn covers(&self, facts: &Facts) -> Result<()> {
        let unknown = |user: &str| user != EVERYONE && !user.contains('@') && !self.0.contains_key(user);
        let mut missing: Vec<String> = Vec::new();
        for (user, access) in facts.users.iter().filter(|(user, _)| unknown(user)) {
            missing.push(format!("expected user {user:?} who has {access} access to the model"));
        }
        for offer in &facts.offers {
            for (user, access) in offer.users.iter().filter(|(user, _)| unknown(user)) {
                missing.push(format!("expected user {user:?} who has {access} access to offer {:?}", offer.name));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::bad_request(format!("user mapping is missing the following users:\n{}", missing.join("\n"))))
    }

    /// What these users, but the owner, may do in the broker: of several that become one the most.
    pub(super) fn rights(&self, users: &[(String, String)], owner: &UserName) -> BTreeMap<String, Relation> {
        let mut rights: BTreeMap<String, Relation> = BTreeMap::new();
        for (user, access) in users {
            let Some(relation) = relation(access) else { continue };
            let name = if user == EVERYONE { Some(EVERYONE.to_owned()) } else { self.name(user).map(Into::into) };
            let Some(name) = name.filter(|name| name != owner.as_str()) else { continue };
            let known = rights.entry(name).or_insert(relation);
            if rank(relation) > rank(*known) {
                *known = relation;
            }
        }
        rights
    }
}

fn relation(access: &str) -> Option<Relation> {
    match access {
        "admin" => Some(Relation::Administrator),
        "write" => Some(Relation::Writer),
        "consume" => Some(Relation::Consumer),
        "read" => Some(Relation::Reader),
        _ => None,
    }
}

fn rank(relation: Relation) -> u8 {
    match relation {
        Relation::Administrator => 2,
        Relation::Writer | Relation::Consumer => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Offer;

    fn mapping(pairs: &[(&str, &str)]) -> UserMapping {
        UserMapping(pairs.iter().map(|(l, e)| ((*l).to_owned(), (*e).to_owned())).collect())
    }

    fn users(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(user, access)| ((*user).to_owned(), (*access).to_owned())).collect()
    }

    #[test]
    fn names_are_checked_in_the_references_words() {
        let check = |local: &str, external: Option<&str>| {
            UserMapping::check(&BTreeMap::from([(local.to_owned(), external.map(str::to_owned))]))
        };
        assert!(check("bob", Some("bob@example.com")).is_ok() && check("bob", None).is_ok());
        for (local, external, text) in [
            ("bob@example.com", None, "bob@example.com is not a valid local user name"),
            ("", None, " is not a valid local user name"),
            ("bob", Some("bob"), "bob is not a valid external user name"),
            ("bob", Some(EVERYONE), "everyone@external is not a valid external user name"),
        ] {
            assert_eq!(check(local, external).expect_err(text).message(), text);
        }
    }

    #[test]
    fn every_user_that_is_missing_has_a_line() {
        let facts = Facts {
            users: users(&[("admin", "admin"), ("bob", "read"), ("eve@example.com", "read")]),
            offers: vec![Offer {
                name: "db".into(),
                users: users(&[("carol", "consume"), (EVERYONE, "read")]),
                ..Offer::default()
            }],
            ..Facts::default()
        };
        let error = mapping(&[("admin", "")]).covers(&facts).expect_err("two are missing");
        let text = "user mapping is missing the following users:\nexpected user \"bob\" who has read access to the model\n\
                    expected user \"carol\" who has consume access to offer \"db\"";
        assert_eq!(error.message(), text);
        assert!(mapping(&[("admin", ""), ("bob", ""), ("carol", "")]).covers(&facts).is_ok());
    }

    #[test]
    fn of_several_who_become_one_the_most_counts() {
        let mapping = mapping(&[("a", "x@example.com"), ("b", "x@example.com"), ("c", ""), ("o", "own@example.com")]);
        let owner: UserName = "own@example.com".parse().expect("a name");
        let told = users(&[
            ("a", "read"),
            ("b", "write"),
            ("c", "admin"),
            ("o", "admin"),
            ("d@example.com", "read"),
            ("b2", "x"),
        ]);
        let rights = mapping.rights(&told, &owner);
        let expected = [("d@example.com", Relation::Reader), ("x@example.com", Relation::Writer)];
        assert_eq!(rights, expected.map(|(name, relation)| (name.to_owned(), relation)).into());
    }
}
