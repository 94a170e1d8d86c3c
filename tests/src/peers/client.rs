//! Which clients there are, and which of them can be run with what is on this machine.

use std::fmt;

use anyhow::Result;

use super::install::{self, Tools};

/// A client that somebody else wrote.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Client {
    /// PyPI's `juju`.
    Libjuju,
    /// npm's `@canonical/jujulib`.
    Jujulib,
    /// Juju's own client of this generation.
    Juju(String),
    /// PyPI's `jubilant`, which drives Juju's own client of this generation.
    Jubilant(String),
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Libjuju => f.write_str("python-libjuju"),
            Self::Jujulib => f.write_str("jujulib"),
            Self::Juju(generation) => write!(f, "juju {generation}"),
            Self::Jubilant(generation) => write!(f, "jubilant with juju {generation}"),
        }
    }
}

impl Client {
    /// The version, as far as a lock file tells it; that of Juju's own clients is their generation.
    pub fn version(&self) -> Result<String> {
        match self {
            Self::Libjuju => install::pinned("juju"),
            Self::Jujulib => install::pinned("@canonical/jujulib"),
            Self::Juju(generation) => Ok(generation.clone()),
            Self::Jubilant(_) => install::pinned("jubilant"),
        }
    }

    /// All that can be run with these tools.
    pub fn all(tools: &Tools) -> Vec<Self> {
        let mut clients: Vec<Self> = tools.juju.iter().map(|(generation, _)| Self::Juju(generation.clone())).collect();
        if tools.python.is_some() {
            clients.extend(tools.juju.iter().map(|(generation, _)| Self::Jubilant(generation.clone())));
            clients.push(Self::Libjuju);
        }
        clients.extend(tools.node.as_ref().map(|_| Self::Jujulib));
        clients
    }
}
