//! What can be wrong with a macaroon or a caveat.

/// The result of reading or verifying.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// More bytes than anything honest has.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// More parts than anything honest has.
    #[error("there are too many {0}")]
    TooMany(&'static str),
    /// It ends in the middle.
    #[error("{0} is cut off")]
    CutOff(&'static str),
    /// It is not in a form that is known.
    #[error("{0}")]
    Form(&'static str),
    /// A version that is not known.
    #[error("{what} has the unknown version {version}")]
    Version {
        /// Of what.
        what: &'static str,
        /// Which.
        version: u64,
    },
    /// A third-party caveat for somebody else, or one that was changed.
    #[error("caveat is not encrypted to this key, or was changed")]
    NotForUs,
    /// The signature is not the one that the root key gives.
    #[error("macaroon has a wrong signature: it was changed, forged, or is another's")]
    Signature,
    /// A third-party caveat without its discharge.
    #[error("cannot find discharge macaroon for a third-party caveat")]
    NotDischarged,
    /// A discharge that no caveat asks for.
    #[error("a discharge macaroon was not used")]
    NotUsed,
    /// A condition of a first-party caveat is not met.
    #[error("caveat {condition:?} is not satisfied: {why}")]
    Condition {
        /// The condition, cut when it is long.
        condition: String,
        /// Why.
        why: &'static str,
    },
    /// A condition that nobody here knows.
    #[error("caveat {0:?} is not recognized")]
    NotRecognized(String),
}

impl Error {
    pub(crate) fn condition(condition: &str, why: &'static str) -> Self {
        Self::Condition { condition: shown(condition), why }
    }
}

/// What somebody sent, short enough to be told.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
