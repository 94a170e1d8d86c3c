//! Who somebody is: identities by OIDC, session tokens for clients, tokens for controllers and the keys that sign them.
//! It knows nothing of rights.

pub mod names;
mod session_tokens;

pub use session_tokens::SessionTokens;

use chrono::{DateTime, Utc};

/// Somebody whose identity is proven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The name in the broker, `alice@example.com`, always valid and external.
    pub name: String,
    /// Groups as the identity provider told them.
    pub groups: Vec<String>,
    /// When the proof ends.
    pub expires: DateTime<Utc>,
}
