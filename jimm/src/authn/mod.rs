//! Who somebody is: identities by OIDC, session tokens for clients, tokens for controllers and the keys that sign them.
//! It knows nothing of rights.

mod controller_tokens;
mod key_ring;
mod key_schedule;
pub mod oidc;
mod session_tokens;
mod signing_keys;

pub use controller_tokens::ControllerTokens;
pub use key_ring::{KeyRing, SigningKey};
pub use oidc::{BrowserLogin, DeviceLogin, Federation, LoggedIn, Oidc, Refreshed, Vouching};
pub use session_tokens::SessionTokens;
pub use signing_keys::SigningKeys;

use chrono::{DateTime, Utc};
use jimm_proto::names::UserName;
use uuid::Uuid;

/// Somebody whose identity is proven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The name in the broker, `alice@example.com`, always valid and external.
    pub name: UserName,
    /// Groups as the identity provider told them.
    pub groups: Vec<String>,
    /// When the proof ends.
    pub expires: DateTime<Utc>,
    /// The session that a token speaks of.
    pub session: Option<TokenSession>,
}

/// The session behind a session token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenSession {
    /// Its id.
    pub id: Uuid,
    /// Whether the token names it, as ours do. Others were made by JIMM with the same key: theirs begins when they are
    /// first shown.
    pub is_named: bool,
}
