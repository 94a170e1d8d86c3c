//! The broker's error: what happened, to which thing, and which Juju code a client gets.
//!
//! Every use case returns [`Error`]; the one conversion to a reply is [`Error::to_wire`]. A cause that is not for
//! clients stays in `source` and reaches the log only.

use std::fmt;

use jimm_proto::params::common;

/// What kind of failure, a closed set: the label of metrics and logs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// The caller's arguments do not make sense.
    BadRequest,
    /// The caller is not logged in, or may not do this.
    Unauthorized,
    /// The session token is missing, wrong, expired or revoked: clients start the device flow on its code.
    SessionTokenInvalid,
    /// The named thing does not exist, or the caller may not know that it does.
    NotFound,
    /// The model does not exist, or the caller may not know that it does.
    ModelNotFound,
    /// The name or UUID is taken.
    AlreadyExists,
    /// The method, version or facade is not served.
    NotImplemented,
    /// Served, but not in this situation.
    NotSupported,
    /// The model is being moved: only reads go on.
    MigrationInProgress,
    /// The thing is alive and has to be forced.
    StillAlive,
    /// A controller did not answer, or not in time.
    ControllerUnavailable,
    /// A controller answered with an error of its own.
    Controller,
    /// Too much, too large, too many.
    QuotaLimitExceeded,
    /// Somebody else changed the thing meanwhile: try again.
    Conflict,
    /// The place where secrets lie does not give or take them.
    SecretsUnavailable,
    /// Our own fault or that of Postgres.
    Internal,
}

impl Kind {
    /// The label for metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Unauthorized => "unauthorized",
            Self::SessionTokenInvalid => "session-token-invalid",
            Self::NotFound => "not-found",
            Self::ModelNotFound => "model-not-found",
            Self::AlreadyExists => "already-exists",
            Self::NotImplemented => "not-implemented",
            Self::NotSupported => "not-supported",
            Self::MigrationInProgress => "migration-in-progress",
            Self::StillAlive => "still-alive",
            Self::ControllerUnavailable => "controller-unavailable",
            Self::Controller => "controller",
            Self::QuotaLimitExceeded => "quota-limit-exceeded",
            Self::Conflict => "conflict",
            Self::SecretsUnavailable => "secrets-unavailable",
            Self::Internal => "internal",
        }
    }

    /// The code of Juju's wire for this kind, where it has one of its own.
    pub fn juju_code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad request",
            Self::Unauthorized => "unauthorized access",
            Self::SessionTokenInvalid => "session token invalid",
            Self::NotFound => "not found",
            Self::ModelNotFound => "model not found",
            Self::AlreadyExists => "already exists",
            Self::NotImplemented => "not implemented",
            Self::NotSupported => "not supported",
            Self::MigrationInProgress => "model migration in progress",
            Self::StillAlive => "still alive",
            Self::QuotaLimitExceeded => "quota limit exceeded",
            Self::Conflict => "try again",
            Self::ControllerUnavailable | Self::Controller | Self::SecretsUnavailable | Self::Internal => "",
        }
    }

    /// Whether the same call may succeed a moment later.
    pub fn could_retry(self) -> bool {
        matches!(
            self,
            Self::ControllerUnavailable | Self::Conflict | Self::MigrationInProgress | Self::SecretsUnavailable
        )
    }
}

/// A failed use case.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    kind: Kind,
    message: String,
    /// A code that a controller gave, passed on as it came.
    code: Option<String>,
    info: Option<serde_json::Map<String, serde_json::Value>>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error whose `message` is for the client: a lower-case fragment that names the thing and the way out.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: clipped(message.into()), code: None, info: None, source: None }
    }

    /// An error that a controller answered, its text and code passed on as they came.
    pub fn from_controller(error: common::Error) -> Self {
        let kind = match error.code.as_str() {
            "unauthorized access" => Kind::Unauthorized,
            "not found" => Kind::NotFound,
            "model not found" => Kind::ModelNotFound,
            "already exists" => Kind::AlreadyExists,
            "not implemented" => Kind::NotImplemented,
            "not supported" => Kind::NotSupported,
            "bad request" => Kind::BadRequest,
            _ => Kind::Controller,
        };
        let info = (!error.info.is_empty()).then(|| error.info.into_iter().collect());
        Self { kind, message: error.message, code: Some(error.code), info, source: None }
    }

    /// `bad request`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// `unauthorized access`, with the one text that clients look for.
    pub fn unauthorized() -> Self {
        Self::new(Kind::Unauthorized, "unauthorized")
    }

    /// `not found`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// `model not found`.
    pub fn model_not_found() -> Self {
        Self::new(Kind::ModelNotFound, "model not found")
    }

    /// Our own fault: the client learns that it failed, the log learns why.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let message = "internal error of the broker: see its log";
        Self { kind: Kind::Internal, message: message.into(), code: None, info: None, source: Some(source.into()) }
    }

    /// Answers with this code of Juju's in place of the kind's.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds what clients need to go on; nothing when it is no object.
    #[must_use]
    pub fn with_info(mut self, info: serde_json::Value) -> Self {
        self.info = if let serde_json::Value::Object(info) = info { Some(info) } else { None };
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code of Juju's wire.
    pub fn juju_code(&self) -> &str {
        self.code.as_deref().unwrap_or(self.kind.juju_code())
    }

    /// The one conversion to what a client sees.
    pub fn to_wire(&self) -> common::Error {
        common::Error {
            message: self.message.clone(),
            code: self.juju_code().to_owned(),
            info: self.info.clone().unwrap_or_default().into_iter().collect(),
        }
    }
}

/// Errors repeat what they speak of, and that may be as long as a client or a controller likes.
fn clipped(mut text: String) -> String {
    const LONGEST: usize = 1000;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<jimm_store::StoreError> for Error {
    fn from(error: jimm_store::StoreError) -> Self {
        use jimm_store::StoreError;
        match &error {
            StoreError::Contention(_) => {
                Self::new(Kind::Conflict, "somebody else changed the same thing at this moment: try again")
                    .with_source(error)
            }
            StoreError::Unavailable(_) => {
                Self::new(Kind::Internal, "the broker's database is not available: try again in a moment")
                    .with_source(error)
            }
            StoreError::Text(_) => {
                Self::bad_request("a text holds a NUL character, which cannot be stored: leave it out")
                    .with_source(error)
            }
            _ => Self::internal(error),
        }
    }
}

impl From<jimm_authz::Error> for Error {
    /// A right that cannot be evaluated is no right; the client learns that it may try again.
    fn from(error: jimm_authz::Error) -> Self {
        use jimm_authz::Error as Authz;
        if let Authz::OpenFgaDown { .. }
        | Authz::OpenFgaRefused { .. }
        | Authz::OpenFgaAnswer(_)
        | Authz::OpenFgaSettings(_)
        | Authz::OpenFgaBehind(_) = &error
        {
            return Self::new(Kind::Internal, format!("failed request to OpenFGA: {error}: try again in a moment"))
                .with_code("failed request to OpenFGA")
                .with_source(error);
        }
        Self::new(Kind::Internal, "the broker cannot tell now who may do this: try again in a moment")
            .with_source(error)
    }
}
