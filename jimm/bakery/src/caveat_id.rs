//! The id of a third-party caveat: condition and root key of the discharge, sealed to the third party.
//!
//! Versions 0 and 1 are JSON in base64, 2 and 3 are bytes; 3 has the namespace too. The condition is not secret to who
//! asks for the discharge, the root key is.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crypto_box::aead::Aead as _;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::{Deserialize, Serialize};

use crate::bytes::{Reader, read_base64, write_number};
use crate::error::{Error, Result};
use crate::keys::{KeyPair, PublicKey};
use crate::namespace::Namespace;

const WHAT: &str = "caveat id";
/// Longer ids are not looked at.
const LONGEST: usize = 16 << 10;
const NONCE: usize = 24;
/// So many bytes of the third party's key tell whether the id is for it.
const HINT: usize = 4;

/// What only the third party can read.
#[derive(Debug)]
pub struct Opened {
    /// Who made the caveat.
    pub first_party: PublicKey,
    /// The root key of the discharge.
    pub root_key: SecretSlice<u8>,
    /// What is asked.
    pub condition: String,
    /// The version of the bakery.
    pub version: u8,
    /// How conditions of the discharge are spelled.
    pub namespace: Namespace,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outer {
    third_party_public_key: String,
    first_party_public_key: String,
    nonce: String,
    id: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    root_key: String,
    condition: String,
}

/// Seals a condition and a root key to a third party.
pub fn seal_caveat(
    version: u8,
    condition: &str,
    root_key: &[u8],
    third_party: PublicKey,
    key: &KeyPair,
    namespace: &Namespace,
) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
    let seal = |plain: &[u8]| {
        key.shared(third_party).encrypt(&nonce.into(), plain).expect("a condition is no longer than can be sealed")
    };
    if version < 2 {
        let inner = Inner { root_key: BASE64_STANDARD.encode(root_key), condition: condition.to_owned() };
        let outer = Outer {
            third_party_public_key: third_party.to_string(),
            first_party_public_key: key.public().to_string(),
            nonce: BASE64_STANDARD.encode(nonce),
            id: BASE64_STANDARD.encode(seal(&serde_json::to_vec(&inner).expect("texts are JSON"))),
        };
        return BASE64_STANDARD.encode(serde_json::to_vec(&outer).expect("texts are JSON")).into_bytes();
    }
    let mut plain = vec![version];
    write_number(&mut plain, root_key.len() as u64);
    plain.extend_from_slice(root_key);
    if version >= 3 {
        let namespace = namespace.to_string();
        write_number(&mut plain, namespace.len() as u64);
        plain.extend_from_slice(namespace.as_bytes());
    }
    plain.extend_from_slice(condition.as_bytes());
    [&[version], &third_party.as_bytes()[..HINT], key.public().as_bytes(), &nonce, &seal(&plain)].concat()
}

/// Opens an id of any version that is sealed to this key.
pub fn open_caveat(key: &KeyPair, id: &[u8]) -> Result<Opened> {
    match id.first() {
        _ if id.len() > LONGEST => Err(Error::TooLong(WHAT)),
        None => Err(Error::CutOff(WHAT)),
        Some(2 | 3) => open_binary(key, id),
        // The first letter of JSON in base64.
        Some(b'e') => open_json(key, id),
        Some(version) => Err(Error::Version { what: WHAT, version: u64::from(*version) }),
    }
}

fn unsealed(key: &KeyPair, first_party: PublicKey, nonce: [u8; NONCE], sealed: &[u8]) -> Result<Vec<u8>> {
    key.shared(first_party).decrypt(&nonce.into(), sealed).map_err(|_| Error::NotForUs)
}

fn open_binary(key: &KeyPair, id: &[u8]) -> Result<Opened> {
    let mut reader = Reader::new(id, WHAT);
    let version = reader.byte()?;
    let hint: [u8; HINT] = reader.array()?;
    let first_party = PublicKey(reader.array()?);
    let nonce = reader.array()?;
    if hint != key.public().as_bytes()[..HINT] {
        return Err(Error::NotForUs);
    }
    let plain = unsealed(key, first_party, nonce, reader.rest())?;
    let mut reader = Reader::new(&plain, WHAT);
    if reader.byte()? != version {
        return Err(Error::Form("a caveat id has another version inside than outside"));
    }
    let root_key = SecretSlice::from(reader.counted()?.to_vec());
    let namespace = match version {
        2 => Namespace::standard(),
        _ => text(reader.counted()?)?.parse()?,
    };
    let condition = text(reader.rest())?.to_owned();
    Ok(Opened { first_party, root_key, condition, version, namespace })
}

fn open_json(key: &KeyPair, id: &[u8]) -> Result<Opened> {
    let wrong = |_| Error::Form("a caveat id is not the JSON it should be");
    let outer: Outer = serde_json::from_slice(&read_base64(text(id)?)?).map_err(wrong)?;
    if outer.third_party_public_key.parse() != Ok(key.public()) {
        return Err(Error::NotForUs);
    }
    let first_party: PublicKey = outer.first_party_public_key.parse()?;
    let nonce = read_base64(&outer.nonce)?.try_into().map_err(|_| Error::Form("a nonce has 24 bytes"))?;
    let plain = SecretSlice::from(unsealed(key, first_party, nonce, &read_base64(&outer.id)?)?);
    let inner: Inner = serde_json::from_slice(plain.expose_secret()).map_err(wrong)?;
    let root_key = SecretSlice::from(read_base64(&inner.root_key)?);
    Ok(Opened { first_party, root_key, condition: inner.condition, version: 1, namespace: Namespace::standard() })
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::Form("a caveat id has a part that is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_opens_for_its_third_party_and_for_nobody_else() {
        let (first, third, other) = (KeyPair::random(), KeyPair::random(), KeyPair::random());
        let namespace: Namespace = "github.com/juju/juju: std:".parse().expect("a namespace");
        for version in 0..=3 {
            let id = seal_caveat(version, "is-consumer x y", b"root", third.public(), &first, &namespace);
            let opened = open_caveat(&third, &id).expect("opens");
            assert_eq!(opened.condition, "is-consumer x y");
            assert_eq!(opened.root_key.expose_secret(), b"root");
            assert_eq!(opened.first_party, first.public());
            assert_eq!(opened.version, version.max(1));
            let kept = if version == 3 { namespace.clone() } else { Namespace::standard() };
            assert_eq!(opened.namespace, kept);
            assert_eq!(open_caveat(&other, &id).expect_err("not for them"), Error::NotForUs);
            for length in 0..id.len() {
                assert!(open_caveat(&third, &id[..length]).is_err(), "version {version}, {length} bytes");
            }
            let mut changed = id.clone();
            let last = changed.len() - 20;
            changed[last] ^= 1;
            assert!(open_caveat(&third, &changed).is_err(), "version {version}");
            assert!(open_caveat(&third, &vec![id[0]; LONGEST + 1]).is_err());
        }
    }
}
