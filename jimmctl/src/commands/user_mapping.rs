//! Files that say who the local users of a controller are in the broker.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Failure, Result};
use crate::input;

/// Thousands of users fit in.
const LONGEST: u64 = 1 << 20;
/// A user that every controller knows.
const EVERYONE: &str = "everyone@external";

/// What each user may do, in words.
pub(super) type Users = BTreeMap<String, Vec<String>>;

/// Reads such a file.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, Option<String>>> {
    let text = input::read(file, LONGEST, "for a file of users")?;
    parse(&text)
}

fn parse(text: &str) -> Result<BTreeMap<String, Option<String>>> {
    let mapping: Option<BTreeMap<String, Option<String>>> = serde_norway::from_str(text).ok();
    mapping.filter(|mapping| !mapping.is_empty()).ok_or_else(|| {
        Failure::failed("user mapping file is empty or not properly formatted").with_hint(
            "it has a line \"local: user@domain\" for each user; \"jimmctl migrate-in --draft-mapping\" writes one",
        )
    })
}

/// Refuses, user by user, what the file says nothing about.
pub(super) fn covers(mapping: &BTreeMap<String, Option<String>>, users: &Users) -> Result<()> {
    let mut missing = String::new();
    for (user, rights) in local(users).filter(|(user, _)| !mapping.contains_key(*user)) {
        for right in rights {
            let _ = write!(missing, "\nexpected user {user:?} who has {right}");
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!("user mapping is missing the following users:{missing}")))
}

/// A file that says nothing yet.
pub(super) fn draft(model: &str, users: &Users) -> String {
    let mut text = format!(
        "# The users of {model}. Write behind each who it is in the broker, such as alice@example.com; one without a name is left\n\
         # behind. The owner of the model needs a name.\n"
    );
    for (user, rights) in local(users) {
        let _ = writeln!(text, "{user}:  # {}", rights.join(", "));
    }
    text
}

/// Users of an identity provider are the same in the broker.
fn local(users: &Users) -> impl Iterator<Item = (&String, &Vec<String>)> {
    users.iter().filter(|(user, _)| *user != EVERYONE && !user.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        let rights = |text: &str| vec![text.to_owned()];
        [
            ("bob".to_owned(), vec!["admin access to the model".to_owned(), "admin access to offer \"db\"".to_owned()]),
            ("carol".to_owned(), rights("consume access to offer \"db\"")),
            ("dave@example.com".to_owned(), rights("read access to the model")),
            (EVERYONE.to_owned(), rights("read access to offer \"db\"")),
        ]
        .into()
    }

    #[test]
    fn a_draft_that_is_filled_in_covers_everybody() {
        let draft = draft("bob/shop", &users());
        let lines: Vec<&str> = draft.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "bob:  # admin access to the model, admin access to offer \"db\"",
                "carol:  # consume access to offer \"db\"",
            ]
        );
        let filled = draft.replace("bob:", "bob: alice@example.com");
        let mapping = parse(&filled).expect("a file");
        assert_eq!(mapping["bob"].as_deref(), Some("alice@example.com"));
        assert_eq!(mapping["carol"], None);
        assert!(covers(&mapping, &users()).is_ok());
    }

    #[test]
    fn who_is_missing_is_named_and_what_is_no_file_is_refused() {
        let mapping = parse("carol: \"\"\n").expect("a file");
        let error = covers(&mapping, &users()).expect_err("bob is missing");
        assert_eq!(
            error.to_string(),
            "user mapping is missing the following users:\nexpected user \"bob\" who has admin access to the model\n\
             expected user \"bob\" who has admin access to offer \"db\""
        );
        for text in ["", "{}", "- a", "a: [b]", "a: b: c", "just text"] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.to_string(), "user mapping file is empty or not properly formatted");
        }
    }
}
