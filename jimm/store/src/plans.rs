//! Plans: which models go where, and how far that has come. The models of plans are in [`crate::plan_models`].
//!
//! A plan's state changes from an expected one to the next, so that of two who change it one is refused.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::listen::notify;
use crate::{Result, Tx};

/// Notified when there is something to do for a plan: it was changed, or a move or upgrade has ended.
pub const CHANNEL_CHANGED: &str = "jimm_plans_changed";

/// Models are moved.
pub const RUNNING: &str = "running";
/// No model is begun until somebody resumes.
pub const PAUSED: &str = "paused";
/// The same, because too many failed.
pub const STOPPED: &str = "stopped";
/// No model is begun any more; what has begun ends.
pub const ABORTING: &str = "aborting";
/// Everything has ended but the look at the sources.
pub const PROVING: &str = "proving";
/// It has ended.
pub const DONE: &str = "done";
/// It was given up.
pub const ABORTED: &str = "aborted";

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its number.
    pub id: i64,
    /// `drain`, `rebalance` or `upgrade`.
    pub kind: String,
    /// One of the states.
    pub state: String,
    /// Why it is in that state, for people.
    pub reason: String,
    /// The controllers that are to be empty at the end.
    pub sources: Vec<Uuid>,
    /// Their names when it began.
    pub source_names: Vec<String>,
    /// Names of its waves.
    pub waves: Vec<String>,
    /// Models under way at a time.
    pub parallel: i32,
    /// The same of one source.
    pub per_source: i32,
    /// The same of one target.
    pub per_target: i32,
    /// Stop when so many have failed.
    pub failures: i32,
    /// Seconds that a model has to be well again after its upgrade.
    pub patience: i32,
    /// Failed models that somebody saw and went on all the same.
    pub tolerated: i32,
    /// What the sources told at the end; a list.
    pub proof: Value,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Plan {
    /// Whether it has ended, well or badly.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }
}

/// What a plan is made of.
#[derive(Clone, Debug, Default)]
pub struct NewPlan {
    /// See [`Plan::kind`].
    pub kind: String,
    /// See [`Plan::sources`].
    pub sources: Vec<Uuid>,
    /// See [`Plan::source_names`].
    pub source_names: Vec<String>,
    /// See [`Plan::waves`].
    pub waves: Vec<String>,
    /// See [`Plan::parallel`].
    pub parallel: i32,
    /// See [`Plan::per_source`].
    pub per_source: i32,
    /// See [`Plan::per_target`].
    pub per_target: i32,
    /// See [`Plan::failures`].
    pub failures: i32,
    /// See [`Plan::patience`].
    pub patience: i32,
    /// See [`Plan::requested_by`].
    pub requested_by: String,
}

macro_rules! plan {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Plan,
            "SELECT id, kind, state, reason, sources, source_names, waves, parallel, per_source, per_target, failures,
                    patience, tolerated, proof, requested_by, created_at, updated_at, finished_at
             FROM plans " + $tail $(, $arg)*
        )
    };
}

/// Adds a plan, which runs from when the transaction is committed; returns its number.
pub async fn insert(conn: &mut PgConnection, new: &NewPlan) -> Result<i64> {
    let id = sqlx::query_scalar!(
        "INSERT INTO plans (kind, sources, source_names, waves, parallel, per_source, per_target, failures, patience,
                            requested_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        new.kind,
        &new.sources,
        &new.source_names,
        &new.waves,
        new.parallel,
        new.per_source,
        new.per_target,
        new.failures,
        new.patience,
        new.requested_by
    )
    .fetch_one(&mut *conn)
    .await?;
    notify(conn, CHANNEL_CHANGED, "").await?;
    Ok(id)
}

/// The plan of that number.
pub async fn get(conn: &mut PgConnection, id: i64) -> Result<Option<Plan>> {
    Ok(plan!("WHERE id = $1", id).fetch_optional(conn).await?)
}

/// The plan of that number, its row held until the transaction ends.
pub async fn get_for_update(conn: &mut PgConnection, id: i64) -> Result<Option<Plan>> {
    Ok(plan!("WHERE id = $1 FOR UPDATE", id).fetch_optional(conn).await?)
}

/// Plans, the newest first.
pub async fn list(conn: &mut PgConnection, limit: i64) -> Result<Vec<Plan>> {
    Ok(plan!("ORDER BY id DESC LIMIT $1", limit).fetch_all(conn).await?)
}

/// The numbers of the plans that have not ended.
pub async fn live(conn: &mut PgConnection) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!("SELECT id FROM plans WHERE finished_at IS NULL ORDER BY id").fetch_all(conn).await?)
}

/// The plan goes from one of these states to another; tells whether it did.
pub async fn set_state(conn: &mut PgConnection, id: i64, from: &[&str], to: &str, reason: &str) -> Result<bool> {
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let done = sqlx::query!(
        "UPDATE plans SET state = $3, reason = $4, updated_at = clock_timestamp(),
                          finished_at = CASE WHEN $3 IN ('done', 'aborted') THEN clock_timestamp() END
         WHERE id = $1 AND state = ANY($2)",
        id,
        &from,
        to,
        reason
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() > 0 {
        notify(conn, CHANNEL_CHANGED, "").await?;
    }
    Ok(done.rows_affected() > 0)
}

/// A plan that runs, and of which no model is left to do anything about, goes on to the look at its sources; tells whether
/// it did. Its row is held while its models are looked at, as it is by whoever has one of them tried again.
pub async fn begin_proof(tx: &mut Tx, id: i64) -> Result<bool> {
    if !hold_running(tx, id).await? {
        return Ok(false);
    }
    let open = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM plan_models WHERE plan_id = $1
                          AND state IN ('waiting', 'moving', 'upgrading', 'verifying')) AS "open!""#,
        id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(!open && set_state(tx, id, &[RUNNING], PROVING, "").await?)
}

/// Keeps a plan that runs from being stopped until the transaction ends; `false` when it does not run.
pub async fn hold_running(conn: &mut PgConnection, id: i64) -> Result<bool> {
    let row = sqlx::query_scalar!("SELECT id FROM plans WHERE id = $1 AND state = 'running' FOR UPDATE", id)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// The plan has come to that wave; tells whether nobody has noted that, or a later one, before.
pub async fn come_to(conn: &mut PgConnection, id: i64, wave: i32) -> Result<bool> {
    let done = sqlx::query!("UPDATE plans SET told_wave = $2 WHERE id = $1 AND told_wave < $2", id, wave)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The failed models of the plan are no reason to stop any more.
pub async fn tolerate(conn: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE plans SET tolerated = (SELECT count(*) FROM plan_models WHERE plan_id = $1 AND state = 'failed')
         WHERE id = $1",
        id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the sources told at the end.
pub async fn set_proof(conn: &mut PgConnection, id: i64, proof: &Value) -> Result<()> {
    sqlx::query!("UPDATE plans SET proof = $2, updated_at = clock_timestamp() WHERE id = $1", id, proof)
        .execute(conn)
        .await?;
    Ok(())
}
