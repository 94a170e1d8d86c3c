//! What goes wrong with an identity provider, and what a client is told of it.

use crate::error::{Error, Kind};

/// A failed exchange with the identity provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// No answer, or not in time.
    #[error("identity provider does not answer at {url}: try again later")]
    Unreachable {
        /// Where it was asked.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is no success, without an OAuth error in it.
    #[error("identity provider answers {status} at {url}")]
    Status {
        /// Where it was asked.
        url: String,
        /// What it said.
        status: u16,
    },
    /// An answer that is not what the standards say.
    #[error("identity provider gives an answer at {url} that is not understood: {what}")]
    Malformed {
        /// Where it was asked.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The discovery document is somebody else's.
    #[error("identity provider at {expected} calls itself {found}: set JIMM_OAUTH_ISSUER_URL to its issuer")]
    WrongIssuer {
        /// The issuer that is configured.
        expected: String,
        /// The issuer of the document.
        found: String,
    },
    /// The provider cannot do what is needed.
    #[error("identity provider does not offer {0}")]
    NotOffered(&'static str),
    /// An OAuth error.
    #[error("identity provider refuses: {code}{}", description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// OAuth's word for it.
        code: String,
        /// The provider's words.
        description: Option<String>,
    },
    /// The user said no.
    #[error("login was refused at the identity provider")]
    Denied,
    /// The user took too long.
    #[error("login code has expired: log in again")]
    CodeExpired,
    /// No id token came along.
    #[error("failed to extract id token")]
    NoIdToken,
    /// The token is not to be believed.
    #[error("token is not valid: {0}")]
    IdToken(String),
}

impl OidcError {
    fn kind(&self) -> Kind {
        match self {
            Self::Denied | Self::CodeExpired | Self::NoIdToken | Self::IdToken(_) | Self::Refused { .. } => {
                Kind::Unauthorized
            }
            Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Malformed { .. }
            | Self::WrongIssuer { .. }
            | Self::NotOffered(_) => Kind::Internal,
        }
    }
}

impl From<OidcError> for Error {
    fn from(error: OidcError) -> Self {
        Self::new(error.kind(), error.to_string()).with_source(error)
    }
}

impl From<std::sync::Arc<OidcError>> for Error {
    fn from(error: std::sync::Arc<OidcError>) -> Self {
        Self::new(error.kind(), error.to_string()).with_source(error)
    }
}
