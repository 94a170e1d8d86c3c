//! The schema: embedded migrations, applied by whichever replica starts first.
//!
//! Migrators exclude each other by an advisory lock of Postgres. Migrations only expand, so older replicas go on
//! working beside a newer schema until they are replaced; but none starts on a schema newer than itself.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::{Result, Store, StoreError};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

impl Store {
    /// Brings the schema up to date; refuses one that is newer than this program.
    pub async fn migrate(&self) -> Result<()> {
        // A connection of its own: migrations may take longer than a statement of a request may.
        let mut conn = self.options.clone().connect().await?;
        // `run` is the same, but its future cannot be spawned.
        let outcome = MIGRATOR.run_direct(None, &mut conn, false).await;
        conn.close().await?;
        match outcome {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) if version > known() => {
                Err(StoreError::TooNew { database: version, known: known() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The newest migration this program knows.
fn known() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default()
}
