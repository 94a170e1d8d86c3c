//! The one table of methods: facade, versions, method, the right it needs, the rule of its audit.
//!
//! From it come the facade list of a login, the dispatch, the audit policy and the access coverage test. A method that
//! is not in the table does not exist.

use std::collections::{BTreeMap, BTreeSet};

use jimm_proto::params::admin::FacadeVersions;

use crate::error::{Error, Kind, Result};

pub use super::method::{Access, Audit, Method};

/// A method that is served in this version, or the reason why the call goes nowhere, in Juju's words.
pub fn find(facade: &str, version: u32, method: &str) -> Result<&'static Method> {
    let of_facade = || rows().filter(|row| row.facade == facade);
    if let Some(row) = of_facade().find(|row| row.method == method && row.versions.contains(&version)) {
        return Ok(row);
    }
    let message = if of_facade().next().is_none() {
        format!("unknown object type {facade:?}")
    } else if !of_facade().any(|row| row.versions.contains(&version)) {
        format!("unknown version ({version}) of interface {facade:?}")
    } else {
        format!("no such request - method {facade}({version}).{method} is not implemented")
    };
    Err(Error::new(Kind::NotImplemented, message))
}

/// The facades of the controller connection and their versions, as a login result lists them: sorted, without gaps.
pub fn facades() -> Vec<FacadeVersions> {
    let mut facades = BTreeMap::<&str, BTreeSet<u32>>::new();
    for row in rows() {
        facades.entry(row.facade).or_default().extend(row.versions);
    }
    facades
        .into_iter()
        .map(|(name, versions)| FacadeVersions {
            name: name.to_owned(),
            versions: versions.into_iter().map(i64::from).collect(),
        })
        .collect()
}

/// All rows of the table.
pub fn rows() -> impl Iterator<Item = &'static Method> {
    super::table::TABLE.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facade_method_and_version_is_served_once() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(!row.versions.is_empty(), "{}.{} has no version", row.facade, row.method);
            for version in row.versions {
                assert!(
                    seen.insert((row.facade, version, row.method)),
                    "{}({version}).{} twice",
                    row.facade,
                    row.method
                );
            }
        }
    }

    #[test]
    fn what_is_not_served_is_refused_in_jujus_words() {
        let refused = |facade, version, method| find(facade, version, method).err().expect("not served").to_wire();
        assert!(find("Pinger", 1, "Ping").is_ok());
        assert_eq!(refused("Nobody", 1, "Ping").message, "unknown object type \"Nobody\"");
        assert_eq!(refused("Pinger", 9, "Ping").message, "unknown version (9) of interface \"Pinger\"");
        let refused = refused("Pinger", 1, "Pong");
        assert_eq!(refused.message, "no such request - method Pinger(1).Pong is not implemented");
        assert_eq!(refused.code, "not implemented");
    }
}
