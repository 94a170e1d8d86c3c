//! Secrets at rest: what goes into the database is sealed here first. It knows neither SQL nor who asks.

mod sealer;

pub use sealer::{OpenError, Sealer};

use async_trait::async_trait;
use secrecy::SecretSlice;

use crate::error::Result;

/// Turns a secret into bytes that may lie in a row, and back.
///
/// `row` names the place the secret belongs to ([`row`]); a secret moved to another place does not open.
#[async_trait]
pub trait SecretStore: std::fmt::Debug + Send + Sync {
    /// The bytes to put into the row.
    async fn seal(&self, row: &str, plaintext: &[u8]) -> Result<Vec<u8>>;

    /// The secret again.
    async fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretSlice<u8>>;
}

/// The identity of one secret column of one row.
pub fn row(table: &str, id: &str, column: &str) -> String {
    format!("{table}/{id}/{column}")
}
