//! Jobs: everything that touches two systems, step by step, whoever survives.
//!
//! A worker claims a job and gets a [`Lease`]. Whatever it writes about the job is written only while the lease is the
//! newest one: a worker that was thought dead and comes back writes nothing. For rows other than the job's own, call
//! [`hold`] first in the same transaction.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::Result;
use crate::events::{self, Code, Subject};
use crate::listen::notify;

/// Notified with the kind of job when one may be claimed.
pub const CHANNEL_READY: &str = "jimm_job_ready";
/// Notified with the id of a job when its step, message or state changed, or when it is to be cancelled.
pub const CHANNEL_CHANGED: &str = "jimm_job_changed";

/// Waits for a worker.
pub const PENDING: &str = "pending";
/// A worker has it, or had it and died.
pub const RUNNING: &str = "running";
/// Ended well.
pub const SUCCESSFUL: &str = "successful";
/// Ended badly; `error` says how.
pub const FAILED: &str = "failed";

/// Jobs of this kind have events of their own.
const MOVES: &str = "migrate-model";

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What kind of work.
    pub kind: String,
    /// What it is about; one job of a kind at a time is alive for it.
    pub key: String,
    /// One of the states.
    pub state: String,
    /// The step it has come to; empty at first.
    pub step: String,
    /// How that step goes, for people.
    pub message: String,
    /// What the steps need to know; an object.
    pub data: Value,
    /// Why it failed, or the last attempt did.
    pub error: String,
    /// Who asked for it.
    pub requested_by: String,
    /// Somebody wants it stopped.
    pub cancel_requested: bool,
    /// How often it was claimed.
    pub attempts: i32,
    /// Not to be claimed before.
    pub run_at: DateTime<Utc>,
    /// Who claimed it last.
    pub lease_owner: String,
    /// Which claim it was.
    pub fence: i64,
    /// Until when that claim holds.
    pub lease_until: Option<DateTime<Utc>>,
    /// How many lines its log has.
    pub log_lines: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Job {
    /// Whether it has ended, well or badly.
    pub fn is_over(&self) -> bool {
        self.state == SUCCESSFUL || self.state == FAILED
    }

    /// The right to write about it that came with claiming it.
    pub fn lease(&self) -> Lease {
        Lease { job: self.id, fence: self.fence }
    }
}

/// What a job is made of.
#[derive(Clone, Debug, Default)]
pub struct NewJob {
    /// See [`Job::kind`].
    pub kind: String,
    /// See [`Job::key`].
    pub key: String,
    /// See [`Job::step`].
    pub step: String,
    /// See [`Job::data`].
    pub data: Value,
    /// See [`Job::requested_by`].
    pub requested_by: String,
}

/// Which jobs to list; what is empty or `None` stands for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these kinds.
    pub kinds: Vec<String>,
    /// In these states.
    pub states: Vec<String>,
    /// About this.
    pub key: String,
    /// Older than this one.
    pub before: Option<i64>,
}

macro_rules! job {
    ($head:tt, $tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Job,
            $head + "id, kind, key, state, step, message, data, error, requested_by, cancel_requested, attempts, run_at,
                     lease_owner, fence, lease_until, log_lines, created_at, updated_at, finished_at " + $tail
                $(, $arg)*
        )
    };
}

// Below the macro that it uses.
mod leased;

pub use leased::{
    Lease, Told, advance, claim, fail, finish, heartbeat, hold, is_cancelled, reschedule, set_message, tell,
};

/// Asks for a job. When one of that kind and key is alive already, that one is returned with `false`.
pub async fn enqueue(conn: &mut PgConnection, new: &NewJob) -> Result<(Job, bool)> {
    loop {
        let inserted = job!(
            "INSERT INTO jobs (kind, key, step, data, requested_by)
             VALUES ($1, $2, $3, coalesce(nullif($4::jsonb, 'null'), '{}'), $5)
             ON CONFLICT (kind, key) WHERE state IN ('pending', 'running') DO NOTHING RETURNING ",
            "",
            new.kind,
            new.key,
            new.step,
            new.data,
            new.requested_by
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(job) = inserted {
            notify(conn, CHANNEL_READY, &job.kind).await?;
            note_start(conn, &job).await?;
            return Ok((job, true));
        }
        // The one in the way may end before we look: then there is room for ours.
        if let Some(job) = find_live(conn, &new.kind, &new.key).await? {
            return Ok((job, false));
        }
    }
}

/// The job that nobody works on is over, because somebody wants it stopped; `false` when somebody works on it or it is
/// over. A worker that had it writes nothing any more.
pub async fn fail_waiting(conn: &mut PgConnection, id: i64, error: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET state = 'failed', error = $2, fence = fence + 1, finished_at = now(), lease_until = NULL,
                         updated_at = now()
         WHERE id = $1 AND (state = 'pending' OR state = 'running' AND lease_until < now())",
        id,
        error
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, id, done.rows_affected()).await
}

async fn note_start(conn: &mut PgConnection, job: &Job) -> Result<()> {
    if job.kind == MOVES {
        return Ok(());
    }
    let name = format!("{} {}", job.kind, job.id);
    let data = json!({"job": job.id, "kind": job.kind, "about": job.key, "by": job.requested_by});
    events::note(conn, Code::JOB_STARTED, Subject::named(&name), &data).await
}

/// Asks whoever works on the job to stop; `false` when it is over.
pub async fn request_cancel(conn: &mut PgConnection, id: i64) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET cancel_requested = true, updated_at = now() WHERE id = $1 AND state IN ('pending', 'running')",
        id
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, id, done.rows_affected()).await
}

/// The job of that number.
pub async fn get(conn: &mut PgConnection, id: i64) -> Result<Option<Job>> {
    Ok(job!("SELECT ", "FROM jobs WHERE id = $1", id).fetch_optional(conn).await?)
}

/// The same, its row held until the transaction ends.
pub async fn get_for_update(conn: &mut PgConnection, id: i64) -> Result<Option<Job>> {
    Ok(job!("SELECT ", "FROM jobs WHERE id = $1 FOR UPDATE", id).fetch_optional(conn).await?)
}

/// The job of that kind and key that has not ended.
pub async fn find_live(conn: &mut PgConnection, kind: &str, key: &str) -> Result<Option<Job>> {
    Ok(job!("SELECT ", "FROM jobs WHERE kind = $1 AND key = $2 AND state IN ('pending', 'running')", kind, key)
        .fetch_optional(conn)
        .await?)
}

/// The newest job of that kind and key, over or not.
pub async fn latest(conn: &mut PgConnection, kind: &str, key: &str) -> Result<Option<Job>> {
    Ok(job!("SELECT ", "FROM jobs WHERE kind = $1 AND key = $2 ORDER BY id DESC LIMIT 1", kind, key)
        .fetch_optional(conn)
        .await?)
}

/// A page of the jobs that pass the filter, newest first.
pub async fn list(conn: &mut PgConnection, filter: &Filter, limit: i64) -> Result<Vec<Job>> {
    Ok(job!(
        "SELECT ",
        "FROM jobs
         WHERE (cardinality($1::text[]) = 0 OR kind = ANY($1)) AND (cardinality($2::text[]) = 0 OR state = ANY($2))
           AND ($3 = '' OR key = $3) AND ($4::bigint IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5",
        &filter.kinds,
        &filter.states,
        filter.key,
        filter.before,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Forgets so many jobs that ended before then, with their logs; returns how many. One that a plan still follows stays.
pub async fn purge(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM jobs WHERE id IN (
             SELECT id FROM jobs WHERE finished_at < $1
               AND NOT EXISTS (SELECT FROM plan_models WHERE held AND job_id = jobs.id)
             ORDER BY id LIMIT $2)",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn changed(conn: &mut PgConnection, id: i64, rows: u64) -> Result<bool> {
    if rows > 0 {
        notify(conn, CHANNEL_CHANGED, &id.to_string()).await?;
    }
    Ok(rows > 0)
}
