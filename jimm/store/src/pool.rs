//! The pool of connections, and the things it hands out: a connection, a transaction, and a reader.

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};

use crate::Result;
use crate::at_hand::AtHand;
use crate::changes::{Changes, Counted};

/// A connection that was idle for longer is asked whether it is alive before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// Bounds of the pool and of every statement.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a row another transaction holds.
    pub lock_timeout: Duration,
    /// How long a transaction may sit idle before Postgres ends it.
    pub idle_in_transaction_timeout: Duration,
    /// The name shown in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_connections: 20,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_mins(1),
            application_name: "jimmsrv".into(),
        }
    }
}

/// The database of the broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) options: PgConnectOptions,
    pub(crate) at_hand: Arc<AtHand>,
    pub(crate) changes: Changes,
}

impl Store {
    /// Connects, which fails when Postgres cannot be reached within the acquire timeout.
    pub async fn connect(dsn: &str, options: &PoolOptions) -> Result<Self> {
        let connect = PgConnectOptions::from_str(dsn)?.application_name(&options.application_name);
        let bounded = connect.clone().options([
            // Compiling a plan takes longer than any of ours runs.
            ("jit", "off".to_owned()),
            // Neither does thinking of a better plan for each new list of names.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            // A walk over rights makes room for as many as this allows, however few it meets: 4 MB take longer than the walk.
            ("work_mem", "1MB".to_owned()),
            ("hash_mem_multiplier", "1".to_owned()),
            ("statement_timeout", options.statement_timeout.as_millis().to_string()),
            ("lock_timeout", options.lock_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", options.idle_in_transaction_timeout.as_millis().to_string()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // Asking each time whether a connection is alive doubles the way to Postgres: only those that rested are asked.
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(bounded)
            .await?;
        let at_hand = AtHand::new(options.max_connections);
        Ok(Self { pool, options: connect, at_hand, changes: Changes::new() })
    }

    /// A connection on which every statement is a transaction of its own.
    pub async fn acquire(&self) -> Result<Conn> {
        Ok(Conn(self.pool.acquire().await?))
    }

    /// A transaction; rolled back when dropped without [`Tx::commit`].
    pub async fn begin(&self) -> Result<Tx> {
        Ok(Tx { inner: self.pool.begin().await?, changes: self.changes.clone(), changed: false })
    }

    /// A transaction that only reads, and sees everything as it was at its first statement.
    pub async fn snapshot(&self) -> Result<Tx> {
        let inner = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Tx { inner, changes: self.changes.clone(), changed: false })
    }

    /// Whether that has changed which may be remembered.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether Postgres answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query!(r#"SELECT 1 AS "one!""#).fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Connections in all and idle ones: for the metrics.
    pub fn pool_size(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle() + self.at_hand.len())
    }

    /// Waits for the connections in use and closes them all.
    pub async fn close(&self) {
        self.at_hand.close();
        self.pool.close().await;
    }
}

/// A connection of the pool.
#[derive(Debug)]
pub struct Conn(PoolConnection<Postgres>);

impl Deref for Conn {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Conn {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// A transaction: pass `&mut tx` to the store functions.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    changes: Changes,
    changed: bool,
}

impl Tx {
    /// Makes everything done in it true at once.
    pub async fn commit(self) -> Result<()> {
        // However it ends, and if nobody waits for the end: what is remembered may be old then.
        let _counted = self.changed.then(|| Counted(self.changes));
        Ok(self.inner.commit().await?)
    }

    /// Undoes everything done in it.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }

    /// For who is about to change what may be remembered.
    pub(crate) fn changing(&mut self) -> &mut PgConnection {
        self.changed = true;
        &mut self.inner
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
