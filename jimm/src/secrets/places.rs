//! The places where secrets lie, together: new ones go to the configured one, what lies in any of them opens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretSlice;

use super::sealer::{self, Sealer};
use super::vault::{self, Vault};
use super::{HEAD, SecretStore};
use crate::config::SecretPlace;
use crate::error::{Error, Kind, Result};

/// Postgres, Vault, or both for as long as secrets are moved from one to the other.
#[derive(Debug)]
pub struct Places {
    sealer: Option<Sealer>,
    vault: Option<Arc<Vault>>,
    new_ones: SecretPlace,
}

impl Places {
    /// The places that there are, and where new secrets go.
    pub fn new(sealer: Option<Sealer>, vault: Option<Arc<Vault>>, new_ones: SecretPlace) -> Self {
        Self { sealer, vault, new_ones }
    }

    fn to(&self, place: SecretPlace) -> Result<&dyn SecretStore> {
        let store = match place {
            SecretPlace::Postgres => self.sealer.as_ref().map(|sealer| sealer as &dyn SecretStore),
            SecretPlace::Vault => self.vault.as_deref().map(|vault| vault as &dyn SecretStore),
        };
        store.ok_or_else(|| {
            let text = match place {
                SecretPlace::Postgres => {
                    "a secret is sealed in the database, and the broker has no sealing key: set JIMM_SEALING_KEY"
                }
                SecretPlace::Vault => {
                    "a secret lies in Vault, and the broker is not told where that is: set VAULT_ADDR"
                }
            };
            Error::new(Kind::SecretsUnavailable, text)
        })
    }
}

fn place_of(sealed: &[u8]) -> SecretPlace {
    if sealed.first() == Some(&vault::VERSION) { SecretPlace::Vault } else { SecretPlace::Postgres }
}

/// What a row's first [`HEAD`] bytes tell, safe to show: the key that sealed its secret, or where it lies.
pub fn head_shown(head: &[u8]) -> String {
    match head {
        [vault::VERSION, ..] => "vault".to_owned(),
        [sealer::VERSION, id @ ..] if id.len() == sealer::KEY_ID => format!("key {}", hex::encode(id)),
        _ => "unknown".to_owned(),
    }
}

const _: () = assert!(HEAD as usize == 1 + sealer::KEY_ID);

#[async_trait]
impl SecretStore for Places {
    async fn seal(&self, row: &str, plaintext: &[u8]) -> Result<Vec<u8>> {
        self.to(self.new_ones)?.seal(row, plaintext).await
    }

    async fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>> {
        self.to(place_of(sealed))?.open(row, sealed).await
    }

    fn is_outdated(&self, sealed: &[u8]) -> bool {
        place_of(sealed) != self.new_ones || self.to(self.new_ones).is_ok_and(|store| store.is_outdated(sealed))
    }

    fn current(&self) -> String {
        self.to(self.new_ones).map_or_else(|_| "nothing".to_owned(), SecretStore::current)
    }

    async fn forget(&self, sealed: &[u8]) -> Result<()> {
        self.to(place_of(sealed))?.forget(sealed).await
    }

    async fn strays(&self, older_than: Duration) -> Result<Vec<Vec<u8>>> {
        match &self.vault {
            Some(vault) => vault.strays(older_than).await,
            None => Ok(Vec::new()),
        }
    }
}
