//! Secrets at rest: what goes into the database is sealed here first, or put into Vault and named in the database. It
//! knows neither SQL nor who asks.

mod command;
mod keys;
mod places;
mod sealer;
mod vault;

pub use keys::{new_key, resolve};
pub use places::{Places, head_shown};
pub use sealer::{OpenError, Sealer};
pub use vault::{Vault, VaultError};

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretSlice;

use crate::error::{Error, Result};

/// How many of the first bytes of a row tell what seals its secret: see [`head_shown`].
pub const HEAD: i32 = 9;

/// Turns a secret into bytes that may lie in a row, and back.
///
/// `row` names the place the secret belongs to ([`row`]); a secret moved to another place does not open. Whatever
/// [`Self::seal`] answered opens until [`Self::forget`], so a row may be committed any time after. Nothing is ever
/// written over: a place that gets another secret gets other bytes.
#[async_trait]
pub trait SecretStore: std::fmt::Debug + Send + Sync {
    /// The bytes to put into the row.
    async fn seal(&self, row: &str, plaintext: &[u8]) -> Result<Vec<u8>>;

    /// The secret again.
    async fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>>;

    /// Whether the secret would be sealed otherwise now: with another key, or elsewhere.
    fn is_outdated(&self, sealed: &[u8]) -> bool;

    /// What seals now, safe to show.
    fn current(&self) -> String;

    /// The row is gone, and nobody needs the secret any more. What fails here is found by [`Self::strays`] later.
    async fn forget(&self, _sealed: &[u8]) -> Result<()> {
        Ok(())
    }

    /// What rows would hold for each secret that lies outside of them and is older than that.
    async fn strays(&self, _older_than: Duration) -> Result<Vec<Vec<u8>>> {
        Ok(Vec::new())
    }
}

/// Whether a secret failed to open for good, and not because the place where it lies is away.
pub fn is_lost(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| {
        let vault = source.downcast_ref::<VaultError>();
        source.is::<OpenError>() || matches!(vault, Some(VaultError::Missing { .. } | VaultError::Foreign { .. }))
    })
}

/// The identity of one secret column of one row.
pub fn row(table: &str, id: &str, column: &str) -> String {
    format!("{table}/{id}/{column}")
}
