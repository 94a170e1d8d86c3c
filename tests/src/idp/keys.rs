//! The provider's signing keys: the newest signs, the former stay published until told otherwise.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::PublicKeyData as _;
use serde_json::{Value, json};

struct Key {
    id: String,
    secret: EncodingKey,
    public: Value,
}

/// A key ring, newest last.
pub(super) struct Keys {
    ring: Vec<Key>,
}

impl Keys {
    pub(super) fn new() -> Result<Self> {
        let mut keys = Self { ring: Vec::new() };
        keys.rotate(true)?;
        Ok(keys)
    }

    /// A new key signs from now on; former ones stay published or vanish.
    pub(super) fn rotate(&mut self, keep_former: bool) -> Result<()> {
        let pair = rcgen::KeyPair::generate().context("cannot make a key")?;
        let id = uuid::Uuid::new_v4().to_string();
        let (x, y) = point(pair.der_bytes());
        let public = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id, "x": x, "y": y});
        if !keep_former {
            self.ring.clear();
        }
        self.ring.push(Key { id, secret: EncodingKey::from_ec_der(&pair.serialize_der()), public });
        Ok(())
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        let key = self.ring.last().context("the key ring is empty")?;
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, claims, &key.secret).context("cannot sign")
    }

    pub(super) fn published(&self) -> Value {
        json!({"keys": self.ring.iter().map(|key| &key.public).collect::<Vec<_>>()})
    }
}

/// The coordinates of an uncompressed point: 4, x, y.
fn point(raw: &[u8]) -> (String, String) {
    let coordinates = raw.strip_prefix(&[4]).unwrap_or(raw);
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
}
