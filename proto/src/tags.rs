//! Tags: `kind-id`, how Juju's wire names things.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::names::{CloudName, CredentialName, UserName, shown};

/// A tag.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Tag {
    /// `user-alice@example.com`
    User(UserName),
    /// `controller-UUID`
    Controller(Uuid),
    /// `model-UUID`
    Model(Uuid),
    /// `cloud-aws`
    Cloud(CloudName),
    /// `cloudcred-aws_alice@example.com_mine`, underscores in the parts as `%5f`.
    CloudCredential(CredentialTag),
    /// `applicationoffer-UUID`
    ApplicationOffer(Uuid),
    /// `application-mysql`
    Application(String),
    /// `unit-mysql-0`, held as `mysql/0`.
    Unit(String),
    /// `machine-0-lxd-1`, held as `0/lxd/1`.
    Machine(String),
}

/// What a credential's tag names.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CredentialTag {
    /// The cloud it is for.
    pub cloud: CloudName,
    /// Whose it is.
    pub owner: UserName,
    /// Its name.
    pub name: CredentialName,
}

/// A text that is no tag, or none of the kind that was asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TagError {
    /// No tag at all.
    #[error("{0:?} is not a valid tag")]
    Invalid(String),
    /// A tag of another kind.
    #[error("{text:?} is not a valid {wanted} tag")]
    Kind {
        /// What came.
        text: String,
        /// What was wanted.
        wanted: &'static str,
    },
}

impl Tag {
    /// Reads a `model-UUID`.
    pub fn model(text: &str) -> Result<Uuid, TagError> {
        match text.parse() {
            Ok(Self::Model(uuid)) => Ok(uuid),
            _ => Err(kind(text, "model")),
        }
    }

    /// Reads a `controller-UUID`.
    pub fn controller(text: &str) -> Result<Uuid, TagError> {
        match text.parse() {
            Ok(Self::Controller(uuid)) => Ok(uuid),
            _ => Err(kind(text, "controller")),
        }
    }

    /// Reads a `user-NAME`.
    pub fn user(text: &str) -> Result<UserName, TagError> {
        match text.parse() {
            Ok(Self::User(name)) => Ok(name),
            _ => Err(kind(text, "user")),
        }
    }

    /// Reads a `cloud-NAME`.
    pub fn cloud(text: &str) -> Result<CloudName, TagError> {
        match text.parse() {
            Ok(Self::Cloud(name)) => Ok(name),
            _ => Err(kind(text, "cloud")),
        }
    }

    /// Reads a `cloudcred-CLOUD_OWNER_NAME`.
    pub fn credential(text: &str) -> Result<CredentialTag, TagError> {
        match text.parse() {
            Ok(Self::CloudCredential(credential)) => Ok(credential),
            _ => Err(kind(text, "cloudcred")),
        }
    }
}

fn kind(text: &str, wanted: &'static str) -> TagError {
    TagError::Kind { text: shown(text), wanted }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        parse(text).ok_or_else(|| TagError::Invalid(shown(text)))
    }
}

fn parse(text: &str) -> Option<Tag> {
    let (kind, id) = text.split_once('-')?;
    Some(match kind {
        "user" => Tag::User(id.parse().ok()?),
        "controller" => Tag::Controller(uuid(id)?),
        "model" => Tag::Model(uuid(id)?),
        "cloud" => Tag::Cloud(id.parse().ok()?),
        "cloudcred" => Tag::CloudCredential(credential(id)?),
        "applicationoffer" => Tag::ApplicationOffer(uuid(id)?),
        "application" => Tag::Application(clean(id)?.to_owned()),
        "unit" => {
            let (application, number) = clean(id)?.rsplit_once('-')?;
            if application.is_empty() || !is_number(number) {
                return None;
            }
            Tag::Unit(format!("{application}/{number}"))
        }
        "machine" => Tag::Machine(clean(id)?.replace('-', "/")),
        _ => return None,
    })
}

/// Only the form with hyphens in lower case, as Juju writes it.
fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.hyphenated().to_string() == text).then_some(uuid)
}

/// Underscores separate the parts; one inside a part is written `%5f`. Some clients do not escape: then the parts are
/// the first three valid ones that the underscores leave, preferably with an owner that has a domain.
fn credential(text: &str) -> Option<CredentialTag> {
    // Nobody has ten underscores in a name, and trying every pair of many would be dear.
    let cuts: Vec<usize> = text.match_indices('_').map(|(at, _)| at).take(10).collect();
    let mut found: Option<CredentialTag> = None;
    for (n, first) in cuts.iter().enumerate() {
        for second in &cuts[n + 1..] {
            let parts = [&text[..*first], &text[first + 1..*second], &text[second + 1..]].map(unescape);
            let [Some(cloud), Some(owner), Some(name)] = parts else { return None };
            let (Ok(cloud), Ok(owner), Ok(name)) = (cloud.parse(), owner.parse::<UserName>(), name.parse()) else {
                continue;
            };
            let whole = !owner.is_local();
            let tag = CredentialTag { cloud, owner, name };
            if whole {
                return Some(tag);
            }
            found.get_or_insert(tag);
        }
    }
    found
}

/// Writes a credential's tag from its parts. A `+` is escaped too: Go's peers would read it as a blank.
pub fn credential_tag(cloud: &str, owner: &str, name: &str) -> String {
    let escape = |part: &str| part.replace('_', "%5f").replace('+', "%2b");
    format!("cloudcred-{}_{}_{}", escape(cloud), escape(owner), escape(name))
}

/// `%5f` and the like; a plain `+` stays one.
fn unescape(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let code = u8::from_str_radix(piece.get(..2)?, 16).ok().filter(u8::is_ascii_graphic)?;
        text.push(char::from(code));
        text.push_str(&piece[2..]);
    }
    Some(text)
}

fn clean(id: &str) -> Option<&str> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (!id.is_empty() && id.len() <= 255 && id.bytes().all(ok)).then_some(id)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user-{name}"),
            Self::Controller(uuid) => write!(f, "controller-{uuid}"),
            Self::Model(uuid) => write!(f, "model-{uuid}"),
            Self::Cloud(name) => write!(f, "cloud-{name}"),
            Self::CloudCredential(credential) => credential.fmt(f),
            Self::ApplicationOffer(uuid) => write!(f, "applicationoffer-{uuid}"),
            Self::Application(name) => write!(f, "application-{name}"),
            Self::Unit(name) => write!(f, "unit-{}", name.replace('/', "-")),
            Self::Machine(id) => write!(f, "machine-{}", id.replace('/', "-")),
        }
    }
}

impl fmt::Display for CredentialTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&credential_tag(self.cloud.as_str(), self.owner.as_str(), self.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in [
            "user-alice@example.com",
            "controller-00000001-cccc-4000-8000-00000000c0de",
            "model-00000001-cccc-4000-8000-00000000c0de",
            "cloud-aws-gov",
            "cloudcred-aws_alice@example.com_my%5fkey",
            "cloudcred-my%5fcloud_al%2bice@example.com_x",
            "applicationoffer-00000001-cccc-4000-8000-00000000c0de",
            "application-my-app",
            "unit-my-app-0",
            "machine-0-lxd-1",
        ] {
            assert_eq!(text.parse::<Tag>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn credentials_with_and_without_escapes() {
        let parts = |text| {
            let tag = Tag::credential(text).expect(text);
            (tag.cloud.to_string(), tag.owner.to_string(), tag.name.to_string())
        };
        let key = ("aws".to_owned(), "alice@example.com".to_owned(), "my_key".to_owned());
        assert_eq!(parts("cloudcred-aws_alice@example.com_my%5fkey"), key);
        assert_eq!(parts("cloudcred-aws_alice@example.com_my%5Fkey"), key);
        assert_eq!(parts("cloudcred-aws_alice@example.com_my_key"), key);
        assert_eq!(parts("cloudcred-my_cloud_bob@x_y").0, "my_cloud");
        assert_eq!(parts("cloudcred-aws_bob_my_key").2, "my_key");
        assert_eq!(parts("cloudcred-aws_a+b@c_x").1, "a+b@c");
        for text in
            ["cloudcred-a_b_c%", "cloudcred-a_b_c%5", "cloudcred-a_b_c%zz", "cloudcred-a_b_%00c", "cloudcred-a_b_c%é"]
        {
            assert!(Tag::credential(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_tag() {
        for text in [
            "",
            "-",
            "user",
            "user-",
            "model-x",
            "model-00000001-CCCC-4000-8000-00000000C0DE",
            "unit-a",
            "unit-a-x",
            "what-x",
            "cloudcred-a_b",
            "machine-0/1",
        ] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
        let error = Tag::model("user-bob").expect_err("another kind");
        assert_eq!(error.to_string(), "\"user-bob\" is not a valid model tag");
    }
}
