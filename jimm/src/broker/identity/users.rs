//! Names on the wire: who a user tag means, and which users the broker knows at all.
//!
//! Users come from the identity provider and have a domain; a name without one is a controller's own affair.

use std::str::FromStr;

use jimm_proto::names::UserName;
use jimm_proto::tags::Tag;
use uuid::Uuid;

use crate::error::{Error, Result};

/// The user behind a tag. Users without a domain are refused.
pub(crate) fn parse_user_tag(tag: &str) -> Result<UserName> {
    let name = Tag::user(tag).map_err(|e| Error::bad_request(e.to_string()))?;
    if name.is_local() { Err(local_user()) } else { Ok(name) }
}

/// The user of that name, as qualifiers and offer URLs spell it.
pub(crate) fn parse_user_name(name: &str) -> Result<UserName> {
    let name =
        UserName::from_str(name).map_err(|_| Error::bad_request(format!("\"{name}\" is not a valid user name")))?;
    if name.is_local() { Err(local_user()) } else { Ok(name) }
}

fn local_user() -> Error {
    Error::bad_request("unsupported local user; if this is a service account add @serviceaccount domain")
}

/// The model behind a tag.
pub(crate) fn parse_model_tag(tag: &str) -> Result<Uuid> {
    Tag::model(tag).map_err(|e| Error::bad_request(e.to_string()))
}

/// The cloud behind a tag.
pub(crate) fn parse_cloud_tag(tag: &str) -> Result<String> {
    Tag::cloud(tag).map(|name| name.to_string()).map_err(|e| Error::bad_request(e.to_string()))
}

/// What a client sees as a user's display name when the identity provider gave none.
pub(crate) fn display_name(name: &str) -> String {
    name.split('@').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_need_a_domain() {
        assert_eq!(parse_user_tag("user-alice@example.com").expect("valid").to_string(), "alice@example.com");
        let refused = parse_user_tag("user-bob").expect_err("local");
        assert_eq!(refused.juju_code(), "bad request");
        assert!(refused.message().starts_with("unsupported local user"));
        assert!(parse_user_tag("user-bob@local").is_err());
        assert!(parse_user_tag("model-bob").is_err());
    }

    #[test]
    fn everyone_is_a_user() {
        assert_eq!(parse_user_tag("user-everyone@external").expect("valid").to_string(), "everyone@external");
    }

    #[test]
    fn display_names_are_the_part_before_the_at() {
        assert_eq!(display_name("alice@example.com"), "alice");
        assert_eq!(display_name("svc-1@serviceaccount"), "svc-1");
    }
}
