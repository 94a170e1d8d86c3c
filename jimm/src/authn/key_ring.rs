//! Key pairs in memory: which one signs now, which are published. It knows neither the database nor who asks.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Value, json};

use super::key_schedule::current;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};

/// What new keys sign with; a key in the database says itself what it signs with.
pub(super) const ALGORITHM: Algorithm = Algorithm::EdDSA;

/// A key pair, open.
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    encoding: EncodingKey,
    public: Value,
    active_from: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

impl SigningKey {
    pub(super) fn new(
        kid: String,
        algorithm: Algorithm,
        private: &SecretSlice<u8>,
        public: Value,
        active_from: DateTime<Utc>,
        retires_at: Option<DateTime<Utc>>,
    ) -> Self {
        let private = private.expose_secret();
        let encoding = match algorithm {
            Algorithm::EdDSA => EncodingKey::from_ed_der(private),
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_der(private),
            _ => EncodingKey::from_rsa_der(private),
        };
        Self { kid, algorithm, encoding, public, active_from, retires_at }
    }

    /// Its id in token headers and in the published set.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// For the signer.
    pub fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    pub(super) fn retires_at(&self) -> Option<DateTime<Utc>> {
        self.retires_at
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("active_from", &self.active_from)
            .field("retires_at", &self.retires_at)
            .finish_non_exhaustive()
    }
}

/// A new private key (PKCS #8) and its public half as it is published.
pub(super) fn generate(kid: &str) -> Result<(SecretSlice<u8>, Value)> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(Error::internal)?;
    let encoding = EncodingKey::from_ed_der(pkcs8.as_ref());
    let mut jwk = Jwk::from_encoding_key(&encoding, ALGORITHM).map_err(Error::internal)?;
    jwk.common.key_id = Some(kid.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    let public = serde_json::to_value(jwk).map_err(Error::internal)?;
    Ok((SecretSlice::from(pkcs8.as_ref().to_vec()), public))
}

/// The name of an algorithm in JOSE.
pub(super) fn algorithm_name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}

/// All keys that are published, as this replica knows them.
#[derive(Debug)]
pub struct KeyRing {
    keys: ArcSwap<Vec<Arc<SigningKey>>>,
    clock: Arc<dyn Clock>,
}

impl KeyRing {
    /// A ring without keys.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { keys: ArcSwap::default(), clock }
    }

    /// The key that signs now.
    pub fn current(&self) -> Result<Arc<SigningKey>> {
        let keys = self.keys.load();
        let place = current(keys.iter().map(|key| key.active_from), self.clock.now());
        place
            .map(|place| Arc::clone(&keys[place]))
            .ok_or_else(|| Error::new(Kind::Internal, "the broker has no signing key yet: try again in a moment"))
    }

    /// The key set for `/.well-known/jwks.json`: every key a living token may be signed with, and those to come.
    pub fn jwks_json(&self) -> String {
        let now = self.clock.now();
        let keys = self.keys.load();
        let published = keys.iter().filter(|key| key.retires_at.is_none_or(|at| at > now));
        json!({ "keys": published.map(|key| &key.public).collect::<Vec<_>>() }).to_string()
    }

    pub(super) fn find(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.keys.load().iter().find(|key| key.kid == kid).cloned()
    }

    pub(super) fn replace(&self, keys: Vec<Arc<SigningKey>>) {
        self.keys.store(Arc::new(keys));
    }
}
