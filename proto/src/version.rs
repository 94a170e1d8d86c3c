//! Versions of Juju agents: `3.6.11`, `4.1-beta2`, `3.6.11.1` (a build), `4.0.8-ubuntu-amd64` (a binary).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An agent's version. Ordered as Juju orders: a tagged pre-release comes before the release.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct AgentVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// `beta`, `rc`, …; empty for releases.
    pub tag: String,
    /// Third number, after the tag if there is one.
    pub patch: u32,
    /// Fourth number; 0 for releases.
    pub build: u32,
}

/// A text that is no version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid version {0:?}")]
pub struct VersionError(String);

impl AgentVersion {
    /// A release.
    pub fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch, ..Self::default() }
    }

    /// Juju's word for "unset", `0.0.0`.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Major and minor number, by which controllers compare each other.
    pub fn series(&self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

impl FromStr for AgentVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        parse(text).ok_or_else(|| VersionError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<AgentVersion> {
    let (major, rest) = text.split_once('.')?;
    let minor_end = rest.find(['.', '-']).unwrap_or(rest.len());
    let (minor, rest) = rest.split_at(minor_end);
    let mut version = AgentVersion { major: number(major)?, minor: number(minor)?, ..AgentVersion::default() };
    let numbers = if let Some(numbers) = rest.strip_prefix('.') {
        numbers
    } else {
        let tagged = rest.strip_prefix('-')?;
        let (tag, numbers) = tagged.split_at(tagged.find(|c: char| !c.is_ascii_lowercase())?);
        if tag.is_empty() {
            return None;
        }
        tag.clone_into(&mut version.tag);
        numbers
    };
    // A binary's version ends with `-os-arch`.
    let numbers = numbers.split('-').next()?;
    match numbers.split_once('.') {
        Some((patch, build)) => (version.patch, version.build) = (number(patch)?, number(build)?),
        None => version.patch = number(numbers)?,
    }
    Some(version)
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl fmt::Display for AgentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.tag.is_empty() { "." } else { "-" };
        write!(f, "{}.{}{separator}{}{}", self.major, self.minor, self.tag, self.patch)?;
        if self.build > 0 {
            write!(f, ".{}", self.build)?;
        }
        Ok(())
    }
}

impl Ord for AgentVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        // A release (no tag) is newer than any tagged one of the same series.
        let key = |v: &Self| (v.major, v.minor, v.tag.is_empty());
        key(self)
            .cmp(&key(other))
            .then_with(|| self.tag.cmp(&other.tag))
            .then_with(|| (self.patch, self.build).cmp(&(other.patch, other.build)))
    }
}

impl PartialOrd for AgentVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> AgentVersion {
        text.parse().expect(text)
    }

    #[test]
    fn reads_and_writes() {
        for text in ["0.0.0", "3.6.11", "4.1-beta2", "4.1-beta2.1", "2.9.43.7"] {
            assert_eq!(v(text).to_string(), text);
        }
        assert_eq!(v("3.6.11-ubuntu-amd64").to_string(), "3.6.11");
    }

    #[test]
    fn orders_as_juju_does() {
        let sorted = ["2.9.43", "3.5.4", "3.6.9", "3.6.11", "4.0.8", "4.1-beta1", "4.1-beta2", "4.1-rc1", "4.1.0"];
        assert!(sorted.windows(2).all(|w| v(w[0]) < v(w[1])));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "3", "3.6", "3.6.", "x.y.z", "3.6.11.", "3.6-", "3.6-5", "99999999999.1.1", "3.6.-1"] {
            assert!(text.parse::<AgentVersion>().is_err(), "{text}");
        }
    }
}
