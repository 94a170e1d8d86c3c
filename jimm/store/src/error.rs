//! What can go wrong in Postgres, sorted by what the caller can do about it.

use sqlx::error::ErrorKind;

/// The result of every store function.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A failed statement, migration or connection.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with the same key exists: `constraint` names the key, e.g. `models_owner_name_key`.
    #[error("row already exists ({constraint})")]
    Conflict {
        /// The violated constraint.
        constraint: String,
        /// What Postgres said.
        #[source]
        source: sqlx::Error,
    },
    /// A row refers to one that does not exist, or a row still referred to was to be deleted.
    #[error("reference to a row that does not exist, or is still needed ({constraint})")]
    Reference {
        /// The violated constraint.
        constraint: String,
        /// What Postgres said.
        #[source]
        source: sqlx::Error,
    },
    /// Another transaction was in the way: the same transaction may succeed when begun again.
    #[error("another transaction was in the way")]
    Contention(#[source] sqlx::Error),
    /// Postgres cannot be reached or has no connection to spare.
    #[error("database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A newer release has migrated the database; this one must not write to it.
    #[error("database schema {database} is newer than {known}, the newest this release knows: start a newer release")]
    TooNew {
        /// The newest migration in the database.
        database: i64,
        /// The newest migration in this program.
        known: i64,
    },
    /// The migrations cannot be applied.
    #[error("cannot migrate the database")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A text that Postgres cannot keep: it holds a NUL.
    #[error("text that cannot be stored")]
    Text(#[source] sqlx::Error),
    /// Anything else: a mistake in a statement or a constraint that the caller should have kept.
    #[error("database statement failed")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same transaction may succeed when tried again.
    pub fn could_retry(&self) -> bool {
        matches!(self, Self::Contention(_) | Self::Unavailable(_))
    }

    /// The key that is taken, when that is the reason.
    pub fn conflict(&self) -> Option<&str> {
        match self {
            Self::Conflict { constraint, .. } => Some(constraint),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let unreachable = matches!(
            source,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        );
        if unreachable {
            return Self::Unavailable(source);
        }
        let Some(database) = source.as_database_error() else { return Self::Other(source) };
        let constraint = database.constraint().unwrap_or_default().to_owned();
        match database.kind() {
            ErrorKind::UniqueViolation => return Self::Conflict { constraint, source },
            ErrorKind::ForeignKeyViolation => return Self::Reference { constraint, source },
            _ => {}
        }
        match database.code().as_deref() {
            // Serialization failure, deadlock, lock timeout.
            Some("40001" | "40P01" | "55P03") => Self::Contention(source),
            // Not in the repertoire, untranslatable: a NUL in a text or in JSON.
            Some("22021" | "22P05") => Self::Text(source),
            // Statement timeout.
            Some("57014") => Self::Unavailable(source),
            // Connection classes, too many connections, shutdown and start-up of the server.
            Some(code) if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
                Self::Unavailable(source)
            }
            _ => Self::Other(source),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(source) => Self::from(source),
            other => Self::Migrate(other),
        }
    }
}
