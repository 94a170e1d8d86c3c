//! From what an identity provider calls somebody to the name the broker knows.

use jimm_proto::names::UserName;
use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};

/// The domain of service accounts.
pub const SERVICE_ACCOUNT_DOMAIN: &str = "serviceaccount";

/// Whether a name is that of a person: it has a domain, and not that of service accounts.
pub fn is_person(name: &str) -> bool {
    name.rsplit_once('@').is_some_and(|(_, domain)| domain != SERVICE_ACCOUNT_DOMAIN)
}

/// Letters that mail addresses may have and Juju's user names may not.
const REPLACED: &[char] = &['~', '!', '$', '%', '^', '&', '*', '_', '=', '{', '}', '\'', '?'];

/// Domains that nobody may bring along from an identity provider: they have a meaning of their own.
const RESERVED_DOMAINS: &[&str] = &[SERVICE_ACCOUNT_DOMAIN, "local", "external"];

/// The name for what the identity provider's claim says.
///
/// Letters that Juju does not take become `-`; so that two addresses do not become one name, six digits of the
/// original's SHA-256 then go before the `@`.
pub fn from_claim(claim: &str) -> Result<UserName> {
    if claim.is_empty() {
        return Err(Error::new(Kind::Unauthorized, "identity name cannot be empty"));
    }
    let name = external(&normalise(claim)).map_err(|_| {
        Error::new(Kind::Unauthorized, format!("identity {claim:?} cannot be made a user name with a domain"))
    })?;
    if name.domain().is_some_and(|domain| RESERVED_DOMAINS.contains(&domain)) {
        return Err(Error::new(Kind::Unauthorized, format!("identity {claim:?} has a reserved domain")));
    }
    Ok(name)
}

fn normalise(claim: &str) -> String {
    if !claim.contains(REPLACED) {
        return claim.to_owned();
    }
    let digest = hex::encode(&Sha256::digest(claim.as_bytes())[..3]);
    let name = claim.replace(REPLACED, "-");
    match name.split_once('@') {
        Some((local, domain)) => format!("{local}{digest}@{domain}"),
        None => format!("{name}{digest}"),
    }
}

/// The service account of a client id.
pub fn service_account(client_id: &str) -> Result<UserName> {
    let suffix = format!("@{SERVICE_ACCOUNT_DOMAIN}");
    let name = if client_id.ends_with(&suffix) { client_id.to_owned() } else { format!("{client_id}{suffix}") };
    external(&name).map_err(|_| Error::bad_request("invalid client ID"))
}

/// A valid user name with a domain.
pub fn external(name: &str) -> Result<UserName> {
    let refused = || Error::bad_request(format!("{name:?} is not a user name with a domain"));
    name.parse().ok().filter(|name: &UserName| !name.is_local()).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_stay() {
        for name in ["alice@example.com", "Alice.B+tag@Example.com", "a1@x2"] {
            assert_eq!(from_claim(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn foreign_letters_become_dashes_with_a_digest() {
        let hex = hex::encode(&Sha256::digest(b"a_b@x.yz")[..3]);
        assert_eq!(from_claim("a_b@x.yz").unwrap().as_str(), format!("a-b{hex}@x.yz"));
        assert_ne!(from_claim("a_b@x.yz").unwrap(), from_claim("a-b@x.yz").unwrap());
        assert_ne!(from_claim("a_b@x.yz").unwrap(), from_claim("a~b@x.yz").unwrap());
        let all = "a~!$%^&*_={}'?b@example.com";
        assert!(from_claim(all).unwrap().as_str().starts_with("a-------------b"));
        let once = from_claim("a_b@x.yz").unwrap();
        assert_eq!(from_claim(once.as_str()).unwrap(), once, "a name stays itself");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert_eq!(from_claim("").unwrap_err().message(), "identity name cannot be empty");
        for claim in ["alice", "@x.yz", "alice@", "a@b@c.de", "al ice@x.yz", "_@example.com", "älice@x.yz", "a\n@x.yz"]
        {
            assert!(from_claim(claim).is_err(), "{claim}");
        }
    }

    #[test]
    fn nobody_becomes_a_service_account_or_everyone_by_claim() {
        for claim in ["svc-1@serviceaccount", "everyone@external", "admin@local"] {
            assert!(from_claim(claim).is_err(), "{claim}");
        }
    }

    #[test]
    fn service_accounts() {
        assert_eq!(service_account("svc-1").unwrap().as_str(), "svc-1@serviceaccount");
        assert_eq!(service_account("svc-1@serviceaccount").unwrap().as_str(), "svc-1@serviceaccount");
        for id in ["", "@serviceaccount", "a b", "svc_1", "svc@other"] {
            assert_eq!(service_account(id).unwrap_err().message(), "invalid client ID", "{id}");
        }
    }
}
