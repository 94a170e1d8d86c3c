//! XChaCha20-Poly1305 with the key's id and the row's identity as associated data.
//!
//! Sealed form: one byte of version, eight of key id, the nonce (24), ciphertext with tag. Nonces are random: at 192
//! bits they need no counter. Rotation: the new key becomes current, the former one stays able to open.

use async_trait::async_trait;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

use super::SecretStore;
use crate::clock::random_bytes;
use crate::config::SealingKeys;
use crate::error::{Error, Kind, Result};

pub(super) const VERSION: u8 = 1;
pub(super) const KEY_ID: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;
const CONTEXT: &str = "jimm sealed secret";

/// Why sealed bytes do not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Shorter than anything that was sealed, or of an unknown version.
    #[error("sealed secret of {row} is not in a form this version writes")]
    Form {
        /// The row's identity.
        row: String,
    },
    /// The key is not among the configured ones.
    #[error(
        "sealed secret of {row} needs the sealing key {key_id}, which is not configured: add it to JIMM_SEALING_OLD_KEYS"
    )]
    UnknownKey {
        /// The row's identity.
        row: String,
        /// The key's id, safe to show.
        key_id: String,
    },
    /// Changed, or moved from another row.
    #[error("sealed secret of {row} does not open: it was changed or belongs to another row")]
    Changed {
        /// The row's identity.
        row: String,
    },
}

/// Seals with the current key, opens with any configured one.
pub struct Sealer {
    /// The current key first.
    keys: Vec<Key>,
}

struct Key {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn new(bytes: &SecretBox<[u8; 32]>) -> Self {
        let bytes = bytes.expose_secret();
        let digest = Sha256::new().chain_update("jimm sealing key id").chain_update(bytes).finalize();
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&digest[..KEY_ID]);
        Self { id, cipher: XChaCha20Poly1305::new(bytes.into()) }
    }
}

impl Sealer {
    /// A sealer with these keys.
    pub fn new(keys: &SealingKeys) -> Self {
        Self { keys: std::iter::once(&keys.current).chain(&keys.old).map(Key::new).collect() }
    }

    /// A sealer whose key is made of another secret, for this use of it alone.
    pub fn derived(usage: &str, secret: &SecretString) -> Self {
        let digest = Sha256::new()
            .chain_update("jimm derived key\0")
            .chain_update(usage)
            .chain_update([0])
            .chain_update(secret.expose_secret())
            .finalize();
        Self { keys: vec![Key::new(&SecretBox::new(Box::new(digest.into())))] }
    }

    /// Seals `plaintext` for the place `row`.
    pub fn seal(&self, row: &str, plaintext: &[u8]) -> Vec<u8> {
        let key = &self.keys[0];
        let nonce = random_bytes::<NONCE>();
        let payload = Payload { msg: plaintext, aad: &associated(key.id, row) };
        let ciphertext =
            key.cipher.encrypt(&XNonce::from(nonce), payload).expect("XChaCha20-Poly1305 seals anything below 256 GiB");
        let mut sealed = Vec::with_capacity(1 + KEY_ID + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>, OpenError> {
        let (id, nonce, ciphertext) = split(sealed).ok_or_else(|| OpenError::Form { row: row.to_owned() })?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| OpenError::UnknownKey { row: row.to_owned(), key_id: hex::encode(id) })?;
        let payload = Payload { msg: ciphertext, aad: &associated(key.id, row) };
        key.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map(SecretSlice::from)
            .map_err(|_| OpenError::Changed { row: row.to_owned() })
    }

    /// Whether these bytes were sealed with a key that is no longer the current one.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        split(sealed).is_none_or(|(id, ..)| id != self.keys[0].id)
    }

    /// The id of the current key, safe to show.
    pub fn key_id(&self) -> String {
        hex::encode(self.keys[0].id)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<String> = self.keys.iter().map(|key| hex::encode(key.id)).collect();
        f.debug_struct("Sealer").field("key_ids", &ids).finish()
    }
}

#[async_trait]
impl SecretStore for Sealer {
    async fn seal(&self, row: &str, plaintext: &[u8]) -> Result<Vec<u8>> {
        Ok(Sealer::seal(self, row, plaintext))
    }

    async fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>> {
        Sealer::open(self, row, sealed).map_err(|error| {
            Error::new(
                Kind::SecretsUnavailable,
                "a stored secret of the broker does not open: its log says which and why",
            )
            .with_source(error)
        })
    }

    fn is_outdated(&self, sealed: &[u8]) -> bool {
        Sealer::is_outdated(self, sealed)
    }

    fn current(&self) -> String {
        format!("key {}", self.key_id())
    }
}

fn split(sealed: &[u8]) -> Option<([u8; KEY_ID], [u8; NONCE], &[u8])> {
    let (version, rest) = sealed.split_first()?;
    let (id, rest) = rest.split_first_chunk::<KEY_ID>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
    (*version == VERSION && ciphertext.len() >= TAG).then_some((*id, *nonce, ciphertext))
}

fn associated(key_id: [u8; KEY_ID], row: &str) -> Vec<u8> {
    [CONTEXT.as_bytes(), &[0, VERSION], &key_id, row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretBox<[u8; 32]> {
        SecretBox::new(Box::new([byte; 32]))
    }

    fn sealer(current: u8, old: &[u8]) -> Sealer {
        Sealer::new(&SealingKeys { current: key(current), old: old.iter().map(|byte| key(*byte)).collect() })
    }

    #[test]
    fn opens_what_it_sealed_and_never_twice_the_same_bytes() {
        let sealer = sealer(1, &[]);
        let sealed = sealer.seal("controllers/c1/admin_password", b"hunter2");
        assert_ne!(sealed, sealer.seal("controllers/c1/admin_password", b"hunter2"));
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        let opened = sealer.open("controllers/c1/admin_password", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), b"hunter2");
        assert_eq!(sealer.open("x", &sealer.seal("x", b"")).unwrap().expose_secret(), b"");
    }

    #[test]
    fn refuses_another_row_and_any_changed_byte() {
        let sealer = sealer(1, &[]);
        let sealed = sealer.seal("controllers/c1/admin_password", b"hunter2");
        assert!(matches!(sealer.open("controllers/c2/admin_password", &sealed), Err(OpenError::Changed { .. })));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open("controllers/c1/admin_password", &changed).is_err(), "byte {at}");
        }
        for len in 0..sealed.len() {
            assert!(sealer.open("controllers/c1/admin_password", &sealed[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn a_former_key_opens_but_does_not_seal() {
        let before = sealer(1, &[]);
        let after = sealer(2, &[1]);
        let old = before.seal("row", b"secret");
        assert_eq!(after.open("row", &old).unwrap().expose_secret(), b"secret");
        assert!(after.is_outdated(&old));
        let new = after.seal("row", b"secret");
        assert!(!after.is_outdated(&new));
        assert!(before.open("row", &new).is_err());
    }

    #[test]
    fn derived_keys_differ_by_use_and_secret() {
        let (a, b) = (SecretString::from("a"), SecretString::from("b"));
        let sealed = Sealer::derived("cookies", &a).seal("row", b"x");
        assert!(Sealer::derived("cookies", &a).open("row", &sealed).is_ok());
        assert!(Sealer::derived("cookies", &b).open("row", &sealed).is_err());
        assert!(Sealer::derived("other", &a).open("row", &sealed).is_err());
    }

    #[test]
    fn an_unknown_key_is_named_and_its_bytes_are_not() {
        let old = sealer(1, &[]).seal("row", b"secret");
        let error = sealer(2, &[]).open("row", &old).unwrap_err();
        assert!(error.to_string().contains("JIMM_SEALING_OLD_KEYS"), "{error}");
        let shown = format!("{:?}", sealer(1, &[2]));
        assert!(!shown.contains("[1, 1"), "{shown}");
    }
}
