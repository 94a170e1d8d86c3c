//! Secrets in a server of Vault's kind: each under a name of its own that is never used again, and the row holds the
//! name. The secret carries the place it belongs to, so that a name copied to another row opens nothing.
//!
//! A secret is written before the row that names it is committed; what no row names is a stray, to be swept. A name
//! begins with the time, so that a stray's age is known without asking for it.

mod client;
mod error;
mod login;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use client::Client;
pub use error::VaultError;

use super::SecretStore;
use crate::clock::{Clock, random_bytes};
use crate::config::VaultSettings;
use crate::error::{Error, Result};

/// The first byte of what rows hold; the name follows.
pub(super) const VERSION: u8 = 2;
/// Secrets in memory at most.
const CACHED: u64 = 10_000;

/// The secrets of one installation.
#[derive(Debug)]
pub struct Vault {
    client: Arc<Client>,
    clock: Arc<dyn Clock>,
    /// Where this installation's secrets are, below the mount.
    folder: String,
    /// By name. Names are not used again, so what is here is never out of date.
    cache: Option<Cache<String, Arc<Secret>>>,
}

/// What lies under a name.
#[derive(Deserialize, Serialize)]
struct Kept {
    /// In base64.
    secret: SecretText,
    /// The place it belongs to.
    place: String,
}

#[derive(Clone, Deserialize, Serialize)]
struct SecretText(String);

struct Secret {
    place: String,
    bytes: SecretSlice<u8>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Vault {
    /// The secrets of this installation at that server. Nothing is asked of it yet.
    pub fn new(settings: &VaultSettings, installation: Uuid, clock: Arc<dyn Clock>) -> Result<Self> {
        let cache = (!settings.cache.is_zero())
            .then(|| Cache::builder().max_capacity(CACHED).time_to_idle(settings.cache).build());
        let folder = format!("{}/{installation}", settings.prefix);
        Ok(Self { client: Arc::new(Client::new(settings)?), clock, folder, cache })
    }

    /// Keeps the login alive until told to stop.
    pub async fn keep(self: Arc<Self>, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.client.keep()).await;
    }

    fn new_name(&self) -> String {
        let time = u64::try_from(self.clock.now().timestamp()).unwrap_or_default();
        format!("{}/{time:010x}-{}", self.folder, hex::encode(random_bytes::<16>()))
    }

    async fn fetch(&self, name: &str, row: &str) -> Result<Arc<Secret>> {
        if let Some(cache) = &self.cache
            && let Some(secret) = cache.get(name).await
        {
            return Ok(secret);
        }
        let kept: Option<Kept> = self.client.read(name).await?;
        let kept = kept.ok_or_else(|| VaultError::Missing { row: row.to_owned() })?;
        let bytes = STANDARD.decode(kept.secret.0).map_err(|_| VaultError::Foreign { row: row.to_owned() })?;
        let secret = Arc::new(Secret { place: kept.place, bytes: bytes.into() });
        if let Some(cache) = &self.cache {
            cache.insert(name.to_owned(), Arc::clone(&secret)).await;
        }
        Ok(secret)
    }
}

/// The name in a row.
fn name_in<'a>(sealed: &'a [u8], row: &str) -> Result<&'a str> {
    let name = sealed.strip_prefix(&[VERSION]).and_then(|name| std::str::from_utf8(name).ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    name.filter(|name| name.chars().all(plain) && !name.split('/').any(|part| matches!(part, "" | "." | "..")))
        .ok_or_else(|| VaultError::Foreign { row: row.to_owned() }.into())
}

fn held(name: &str) -> Vec<u8> {
    [&[VERSION], name.as_bytes()].concat()
}

#[async_trait]
impl SecretStore for Vault {
    async fn seal(&self, row: &str, plaintext: &[u8]) -> Result<Vec<u8>> {
        let name = self.new_name();
        let kept = Kept { secret: SecretText(STANDARD.encode(plaintext)), place: row.to_owned() };
        let body = serde_json::to_string(&serde_json::json!({"options": {"cas": 0}, "data": kept}));
        self.client.write(&name, &SecretString::from(body.map_err(Error::internal)?)).await?;
        Ok(held(&name))
    }

    async fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>> {
        let secret = self.fetch(name_in(sealed, row)?, row).await?;
        if secret.place != row {
            return Err(VaultError::Foreign { row: row.to_owned() }.into());
        }
        Ok(SecretSlice::from(secret.bytes.expose_secret().to_vec()))
    }

    fn is_outdated(&self, sealed: &[u8]) -> bool {
        sealed.first() != Some(&VERSION)
    }

    fn current(&self) -> String {
        "vault".to_owned()
    }

    async fn forget(&self, sealed: &[u8]) -> Result<()> {
        let name = name_in(sealed, "a removed row")?;
        if let Some(cache) = &self.cache {
            cache.invalidate(name).await;
        }
        Ok(self.client.delete(name).await?)
    }

    async fn strays(&self, older_than: Duration) -> Result<Vec<Vec<u8>>> {
        let old = self.clock.now().timestamp() - i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX);
        let made = |name: &str| i64::from_str_radix(name.split_once('-')?.0, 16).ok();
        let names = self.client.list(&self.folder).await?;
        let aged = names.into_iter().filter(|name| made(name).is_some_and(|made| made <= old));
        Ok(aged.map(|name| held(&format!("{}/{name}", self.folder))).collect())
    }
}
