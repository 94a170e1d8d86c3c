//! How long logins last: by default, for the members of a group, for one user, for service accounts.

use std::time::Duration;

use super::values::{self, Wrong};

/// How long a login lasts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetime {
    /// From its beginning.
    pub absolute: Duration,
    /// From its last use; zero for as long as it lives.
    pub idle: Duration,
}

/// Whose logins a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whose {
    /// Everybody's whom no other rule is about.
    Everybody,
    /// One user's, or one service account's.
    User(String),
    /// Those of a group's members: a group of the identity provider, or of the broker.
    Group(String),
    /// Those of all service accounts.
    ServiceAccounts,
}

/// One rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LifetimeRule {
    /// Whose logins.
    pub whose: Whose,
    /// How long they last.
    pub lifetime: Lifetime,
}

impl Whose {
    /// `default`, `serviceaccounts`, `group-NAME` or `user-NAME@DOMAIN`; nothing for anything else.
    pub fn parse(subject: &str) -> Option<Self> {
        match (subject, subject.strip_prefix("user-"), subject.strip_prefix("group-")) {
            ("default", ..) => Some(Self::Everybody),
            ("serviceaccounts", ..) => Some(Self::ServiceAccounts),
            (_, Some(name), _) if name.contains('@') => Some(Self::User(name.to_owned())),
            (_, _, Some(name)) if !name.is_empty() => Some(Self::Group(name.to_owned())),
            _ => None,
        }
    }

    /// The word that [`Whose::parse`] reads.
    pub fn subject(&self) -> String {
        match self {
            Self::Everybody => "default".to_owned(),
            Self::ServiceAccounts => "serviceaccounts".to_owned(),
            Self::User(name) => format!("user-{name}"),
            Self::Group(name) => format!("group-{name}"),
        }
    }
}

impl Lifetime {
    /// The shorter of two, in both respects.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        let idle = [self.idle, other.idle].into_iter().filter(|idle| !idle.is_zero()).min();
        Self { absolute: self.absolute.min(other.absolute), idle: idle.unwrap_or_default() }
    }
}

/// `group-ops=8h/30m user-ci@serviceaccount=1h serviceaccounts=12h`; a rule without an idle time has none.
pub(super) fn rules(text: &str) -> Result<Vec<LifetimeRule>, Wrong> {
    values::words(text).iter().map(|word| rule(word)).collect()
}

fn rule(word: &str) -> Result<LifetimeRule, Wrong> {
    let wrong = |what: &str| format!("has the rule {word:?}, which {what}");
    let (whose, times) = word.rsplit_once('=').ok_or_else(|| wrong("has no =DURATION"))?;
    let whose = Whose::parse(whose)
        .ok_or_else(|| wrong("begins with none of user-NAME@DOMAIN, group-NAME, serviceaccounts"))?;
    if whose == Whose::Everybody {
        return Err(wrong("is what JIMM_ACCESS_TOKEN_EXPIRY_DURATION and JIMM_SESSION_IDLE_TIMEOUT are for"));
    }
    let (absolute, idle) = times.split_once('/').unwrap_or((times, "0"));
    let time =
        |text: &str| values::duration(text).map_err(|_| wrong("has something else than DURATION or DURATION/DURATION"));
    let lifetime = Lifetime { absolute: time(absolute)?, idle: time(idle)? };
    if lifetime.absolute.is_zero() {
        return Err(wrong("ends at once"));
    }
    Ok(LifetimeRule { whose, lifetime })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn rules_are_read_and_mistakes_named() {
        let read = rules("group-ops=8h/30m user-ci@serviceaccount=1h, serviceaccounts=12h").unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].whose, Whose::Group("ops".into()));
        assert_eq!(read[0].lifetime, Lifetime { absolute: 8 * HOUR, idle: HOUR / 2 });
        assert_eq!(read[1].whose, Whose::User("ci@serviceaccount".into()));
        assert_eq!(read[2].lifetime, Lifetime { absolute: 12 * HOUR, idle: Duration::ZERO });
        for bad in [
            "ops=1h",
            "default=1h",
            "group-ops",
            "group-=1h",
            "user-bob=1h",
            "group-ops=0",
            "group-ops=1h/x",
            "group-ops=1h/1m/1s",
        ] {
            let wrong = rules(bad).unwrap_err();
            assert!(wrong.contains(bad), "{wrong}");
        }
    }

    #[test]
    fn the_shorter_wins_in_both_respects() {
        let (one, other) =
            (Lifetime { absolute: HOUR, idle: Duration::ZERO }, Lifetime { absolute: 2 * HOUR, idle: HOUR });
        assert_eq!(one.shorter(other), Lifetime { absolute: HOUR, idle: HOUR });
        assert_eq!(one.shorter(one).idle, Duration::ZERO);
    }
}
