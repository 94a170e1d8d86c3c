//! Which prefix conditions of which schema have in a macaroon, so that parties that know other schemas do not mistake
//! one for another's.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The schema of the conditions that everybody knows.
pub const STD: &str = "std";

const LONGEST: usize = 1024;

/// Schemas and their prefixes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Namespace(BTreeMap<String, String>);

impl Namespace {
    /// Only the standard one, without a prefix: what there was before there were namespaces.
    pub fn standard() -> Self {
        Self(BTreeMap::from([(STD.to_owned(), String::new())]))
    }

    /// The condition as it stands in the macaroon; nothing when it has no such schema.
    pub fn resolve(&self, schema: &str, condition: &str) -> Option<String> {
        let prefix = self.0.get(schema)?;
        Some(if prefix.is_empty() { condition.to_owned() } else { format!("{prefix}:{condition}") })
    }

    /// What follows the prefix of the schema, when the condition has it.
    pub fn strip<'a>(&self, schema: &str, condition: &'a str) -> Option<&'a str> {
        let prefix = self.0.get(schema)?;
        if prefix.is_empty() {
            return Some(condition);
        }
        condition.strip_prefix(prefix.as_str())?.strip_prefix(':')
    }
}

/// `schema:prefix` with spaces between, in the order of the schemas.
impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (schema, prefix)) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{schema}:{prefix}")?;
        }
        Ok(())
    }
}

impl FromStr for Namespace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::TooLong("a namespace"));
        }
        let mut schemas = BTreeMap::new();
        for field in text.split_ascii_whitespace() {
            let (schema, prefix) =
                field.rsplit_once(':').ok_or(Error::Form("a namespace has a part without a colon"))?;
            if schema.is_empty() || schemas.insert(schema.to_owned(), prefix.to_owned()).is_some() {
                return Err(Error::Form("a namespace has a schema twice, or one without a name"));
            }
        }
        Ok(Self(schemas))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_read_and_written() {
        for text in ["std:", "github.com/juju/juju: std:", "std:s", "https://x:9: std:", ""] {
            assert_eq!(text.parse::<Namespace>().expect(text).to_string(), text);
        }
        for text in ["std", "std: std:x", ":x"] {
            assert!(text.parse::<Namespace>().is_err(), "{text}");
        }
        let with_prefix: Namespace = "std:s".parse().expect("a namespace");
        assert_eq!(with_prefix.resolve(STD, "declared a b").as_deref(), Some("s:declared a b"));
        assert_eq!(with_prefix.strip(STD, "s:declared a b"), Some("declared a b"));
        assert_eq!(with_prefix.strip(STD, "declared a b"), None);
        assert_eq!(with_prefix.resolve("other", "x"), None);
    }
}
