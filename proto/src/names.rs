//! Names as Juju's rules have them: users, models, clouds, credentials, controllers, and offer URLs.
//!
//! A value of these types is valid; whoever holds one need not check again.

use std::fmt;
use std::str::FromStr;

/// A text that breaks the rule of its kind of name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not a valid {kind}")]
pub struct NameError {
    text: String,
    kind: &'static str,
}

impl NameError {
    pub(crate) fn new(text: &str, kind: &'static str) -> Self {
        Self { text: shown(text), kind }
    }
}

/// As much of a text that breaks a rule as an error repeats.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Longest name we take; Juju sets no limit, our rows and logs want one.
const MAX: usize = 255;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if text.len() <= MAX && valid(text) { Ok(Self(text.to_owned())) } else { Err(NameError::new(text, $kind)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name!(
    /// A model's name: lower-case letters, digits and hyphens, not starting with a hyphen.
    ModelName, "model name", model
);
name!(
    /// A cloud's name.
    CloudName, "cloud name", cloud
);
name!(
    /// A credential's name; may look like a mail address.
    CredentialName, "credential name", credential
);
name!(
    /// A controller's name in the broker.
    ControllerName, "controller name", word
);
name!(
    /// An application's name, also an offer's: `my-app`; each part between hyphens holds a letter, the first begins with
    /// one, so that a unit's number is never taken for a part of it.
    ApplicationName, "application name", application
);

/// A user's name: `alice` (local to a controller) or `alice@example.com` (external). `@local` is dropped.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserName(String);

impl UserName {
    /// Everybody who is logged in, as rights know it.
    pub fn everyone() -> Self {
        Self("everyone@external".to_owned())
    }

    /// The name as text, domain included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`; `None` for a local user.
    pub fn domain(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, domain)| domain)
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name)
    }

    /// Whether the user is known to one controller only.
    pub fn is_local(&self) -> bool {
        self.domain().is_none()
    }

    /// The tag, `user-alice@example.com`.
    pub fn tag(&self) -> String {
        format!("user-{}", self.0)
    }
}

impl FromStr for UserName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix("@local").unwrap_or(text);
        let valid = text.len() <= MAX
            && match text.split_once('@') {
                Some((name, domain)) => user_part(name) && user_part(domain),
                None => user_part(text),
            };
        if valid { Ok(Self(text.to_owned())) } else { Err(NameError::new(text, "user name")) }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for UserName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> String {
        name.0
    }
}

/// Where an offer is: `[user/]model.offer`. The controller part of a client's URL never reaches a server; it is
/// dropped when it comes all the same, as in `Consume`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OfferUrl {
    /// The model's owner; `None` means the caller.
    pub owner: Option<UserName>,
    /// The model.
    pub model: ModelName,
    /// The offer.
    pub offer: String,
}

impl OfferUrl {
    /// The URL with an owner filled in where none was given.
    #[must_use]
    pub fn owned_by(mut self, caller: &UserName) -> Self {
        self.owner.get_or_insert_with(|| caller.clone());
        self
    }
}

impl FromStr for OfferUrl {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        parse_offer_url(text).ok_or_else(|| NameError::new(text, "offer URL"))
    }
}

fn parse_offer_url(text: &str) -> Option<OfferUrl> {
    // `source:` stands before any slash.
    let rest = match text.split_once(':') {
        Some((source, rest)) if !source.contains('/') && !source.contains('.') => rest,
        Some(_) => return None,
        None => text,
    };
    let (owner, rest) = match rest.rsplit_once('/') {
        Some((owner, rest)) => (Some(owner.parse().ok()?), rest),
        None => (None, rest),
    };
    let (model, offer) = rest.split_once('.')?;
    let offer: ApplicationName = offer.parse().ok()?;
    Some(OfferUrl { owner, model: model.parse().ok()?, offer: offer.into() })
}

impl fmt::Display for OfferUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = &self.owner {
            write!(f, "{owner}/")?;
        }
        write!(f, "{}.{}", self.model, self.offer)
    }
}

/// `[a-zA-Z0-9][a-zA-Z0-9.+-]*[a-zA-Z0-9]`, or a single letter or digit.
fn user_part(text: &str) -> bool {
    bounded(text, |b| b".+-".contains(&b))
}

/// Letters and digits with `.`, `_` and `-` inside.
fn word(text: &str) -> bool {
    bounded(text, |b| b"._-".contains(&b))
}

/// Like [`word`], but what follows the first character is free, as with Juju.
fn cloud(text: &str) -> bool {
    led(text, |b| b"._-".contains(&b))
}

fn credential(text: &str) -> bool {
    led(text, |b| b".@_+-".contains(&b))
}

fn application(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|part| {
            part.bytes().any(|b| b.is_ascii_lowercase())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn model(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn led(text: &str, inner: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || inner(b))
}

fn bounded(text: &str, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || inner(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        for text in ["a", "alice", "alice@example.com", "svc-1@serviceaccount", "a.b+c@x"] {
            assert_eq!(text.parse::<UserName>().expect(text).as_str(), text);
        }
        assert_eq!("bob@local".parse::<UserName>().expect("local").as_str(), "bob");
        for text in ["", "@", "a@", "@b", "-a", "a-", "a@b@c", "a b", "a\n", "ä", "a_b@x.y"] {
            assert!(text.parse::<UserName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn models_and_words() {
        assert!("m-1".parse::<ModelName>().is_ok() && "0".parse::<ModelName>().is_ok());
        for text in ["", "-m", "M", "m_1", "m/x", "m\n"] {
            assert!(text.parse::<ModelName>().is_err(), "{text:?}");
        }
        assert!("prod.eu-1".parse::<ControllerName>().is_ok());
        assert!("a b".parse::<ControllerName>().is_err() && "a\u{7}".parse::<CloudName>().is_err());
        let long = "x".repeat(300).parse::<CloudName>().expect_err("too long").to_string();
        assert!(long.len() < 150 && long.contains('…'), "{long}");
    }

    #[test]
    fn applications_and_credentials() {
        for text in ["a", "my-app", "k8s-1b", "a0"] {
            assert!(text.parse::<ApplicationName>().is_ok(), "{text:?}");
        }
        for text in ["", "0a", "app-0", "a--b", "a-", "A", "a_b"] {
            assert!(text.parse::<ApplicationName>().is_err(), "{text:?}");
        }
        assert!("my_key-".parse::<CredentialName>().is_ok() && "_k".parse::<CredentialName>().is_err());
    }

    #[test]
    fn offer_urls() {
        for (text, whole) in [
            ("alice@example.com/m1.off", "alice@example.com/m1.off"),
            ("m1.off", "m1.off"),
            ("c1:admin/m1.off", "admin/m1.off"),
        ] {
            assert_eq!(text.parse::<OfferUrl>().expect(text).to_string(), whole);
        }
        for text in ["", "m1", ".off", "m1.", "a/b/m.o", "m.o:ep", "a b/m.o"] {
            assert!(text.parse::<OfferUrl>().is_err(), "{text:?}");
        }
    }
}
