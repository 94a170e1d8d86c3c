//! What goes wrong with a server of Vault's kind: for clients what to do, for the log where and why.

use crate::error::{Error, Kind};

/// Why the server did not do what was asked. Holds no secret, and no body that came from the server as it is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// No answer, or none in time.
    #[error("Vault at {address} does not answer: {why}")]
    Away {
        /// Where.
        address: String,
        /// Why, in short.
        why: String,
    },
    /// Sealed.
    #[error("Vault at {address} is sealed")]
    Sealed {
        /// Where.
        address: String,
    },
    /// Not set up yet.
    #[error("Vault at {address} is not initialised")]
    Uninitialised {
        /// Where.
        address: String,
    },
    /// The broker's role is not let in.
    #[error("Vault at {address} refuses the login of the broker's role at auth/{approle} (status {status}): {why}")]
    Login {
        /// Where.
        address: String,
        /// The mount of the logins.
        approle: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        why: String,
    },
    /// The broker's role may not do that.
    #[error("Vault at {address} denies the broker's role {what} (status 403): look at its policy")]
    Denied {
        /// Where.
        address: String,
        /// What was asked.
        what: String,
    },
    /// No key-value engine of version 2 there.
    #[error("Vault at {address} has no key-value engine of version 2 at {mount:?} (VAULT_PATH): {why}")]
    NoMount {
        /// Where.
        address: String,
        /// The mount.
        mount: String,
        /// What it says.
        why: String,
    },
    /// Any other answer.
    #[error("Vault at {address} answered {what} with status {status}: {why}")]
    Odd {
        /// Where.
        address: String,
        /// What was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        why: String,
    },
    /// The secret is not there.
    #[error("the secret of {row} is not in Vault")]
    Missing {
        /// Whose.
        row: String,
    },
    /// The secret is that of another row, or none of ours.
    #[error("the secret that {row} names in Vault does not belong to it")]
    Foreign {
        /// Whose.
        row: String,
    },
    /// The secret id cannot be read.
    #[error("the secret id cannot be read from {path} (VAULT_ROLE_SECRET_ID_PATH)")]
    SecretId {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::sync::Arc<std::io::Error>,
    },
}

impl VaultError {
    fn advice(&self) -> &'static str {
        match self {
            Self::Away { .. } | Self::Odd { .. } => {
                "the broker's secret store (Vault) does not answer as it should: try again in a moment"
            }
            Self::Sealed { .. } => {
                "the broker's secret store (Vault) is sealed: somebody who holds its keys has to unseal it"
            }
            Self::Uninitialised { .. } => {
                "the broker's secret store (Vault) is not initialised: an administrator has to set it up"
            }
            Self::Login { .. } | Self::SecretId { .. } => {
                "the broker's secret store (Vault) does not let the broker in: an administrator has to look at its role id and secret id"
            }
            Self::Denied { .. } => {
                "the broker's secret store (Vault) denies the broker this: an administrator has to look at its policy"
            }
            Self::NoMount { .. } => {
                "the broker's secret store (Vault) has no place for its secrets: an administrator has to look at VAULT_PATH"
            }
            Self::Missing { .. } => {
                "this secret is not in the broker's secret store (Vault) any more: upload the credential, or attach the controller, again"
            }
            Self::Foreign { .. } => {
                "this secret does not belong to where it is named: upload the credential, or attach the controller, again"
            }
        }
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        Self::new(Kind::SecretsUnavailable, error.advice()).with_source(error)
    }
}
