//! How dialling and calling fail.

use std::fmt;

use jimm_proto::params::common;

/// No address of a target could be connected to.
#[derive(Debug)]
pub struct DialError {
    /// Each address with what happened there, in the order of failure.
    pub attempts: Vec<(String, String)>,
    /// Whether a certificate was refused: no retry will help.
    pub certificate: bool,
    /// What a peer answered that is there and refuses the handshake.
    pub status: Option<u16>,
}

impl DialError {
    pub(crate) fn new(address: &str, reason: impl Into<String>) -> Self {
        Self { attempts: vec![(address.to_owned(), reason.into())], certificate: false, status: None }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            return f.write_str("no addresses to dial");
        }
        for (n, (address, reason)) in self.attempts.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}dial {address}: {reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DialError {}

/// A call that got no good answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The peer answered with an error.
    #[error("{}", remote_text(.0))]
    Remote(common::Error),
    /// The connection ended before the answer came. Whether the call ran is unknown.
    #[error("connection closed: {0}")]
    Closed(String),
    /// The answer did not come in time. Whether the call ran is unknown.
    #[error("no answer to {0} in time")]
    Deadline(String),
    /// The parameters could not be written.
    #[error("cannot write the parameters: {0}")]
    Encode(String),
    /// The answer was not what the method answers.
    #[error("cannot read the answer: {0}")]
    Decode(String),
}

impl CallError {
    /// The code of Juju's wire, empty when the error is not the peer's.
    pub fn code(&self) -> &str {
        match self {
            Self::Remote(error) => &error.code,
            _ => "",
        }
    }

    /// Whether the same call may succeed on a new connection.
    pub fn could_retry(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Deadline(_))
    }
}

/// As Go's clients show it: the code in brackets.
fn remote_text(error: &common::Error) -> String {
    if error.code.is_empty() { error.message.clone() } else { format!("{} ({})", error.message, error.code) }
}
