//! Key pairs of parties: Curve25519, as NaCl's boxes have them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretBox};

use crate::bytes::read_base64;
use crate::error::{Error, Result};

/// The length of keys.
pub(crate) const KEY: usize = 32;

/// A public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey(pub(crate) [u8; KEY]);

impl PublicKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; KEY]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; KEY] {
        &self.0
    }
}

/// In padded base64.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = read_base64(text)?.try_into().map_err(|_| Error::Form("a public key has 32 bytes"))?;
        Ok(Self(bytes))
    }
}

/// A private key with its public one.
pub struct KeyPair {
    private: SecretBox<[u8; KEY]>,
    public: PublicKey,
}

impl KeyPair {
    /// The pair of that private key.
    pub fn new(private: [u8; KEY]) -> Self {
        let public = crypto_box::SecretKey::from(private).public_key();
        Self { private: SecretBox::new(Box::new(private)), public: PublicKey(public.to_bytes()) }
    }

    /// A pair that nobody else has.
    pub fn random() -> Self {
        let mut private = [0; KEY];
        getrandom::fill(&mut private).expect("the operating system gives random bytes");
        Self::new(private)
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The private key, to be kept.
    pub fn private(&self) -> &[u8; KEY] {
        self.private.expose_secret()
    }

    /// What seals between this pair and that party.
    pub(crate) fn shared(&self, other: PublicKey) -> crypto_box::SalsaBox {
        let private = crypto_box::SecretKey::from(*self.private.expose_secret());
        crypto_box::SalsaBox::new(&crypto_box::PublicKey::from(other.0), &private)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_text_and_a_private_one_is_not_shown() {
        let pair = KeyPair::new([7; KEY]);
        assert_eq!(pair.public().to_string().parse(), Ok(pair.public()));
        assert_eq!("AAA=".parse::<PublicKey>(), Err(Error::Form("a public key has 32 bytes")));
        assert!(!format!("{pair:?}").contains("7, 7"));
        assert_ne!(KeyPair::random().public(), KeyPair::random().public());
    }
}
