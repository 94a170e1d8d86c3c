//! Jobs: everything that touches two systems, step by step, whoever survives.
//!
//! A worker claims a job and gets a [`Lease`]. Whatever it writes about the job is written only while the lease is the
//! newest one: a worker that was thought dead and comes back writes nothing. For rows other than the job's own, call
//! [`hold`] first in the same transaction.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::Result;
use crate::events::{self, CHANNEL_NOTED, Code, Subject};
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

/// The right to write about a job.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Lease {
    /// The job.
    pub job: i64,
    /// Which claim of it.
    pub fence: i64,
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

/// Takes the job that waits longest among the kinds: a pending one that is due, or one whose worker let its lease run
/// out. Never one that somebody else is just taking.
pub async fn claim(conn: &mut PgConnection, kinds: &[String], owner: &str, lease: Duration) -> Result<Option<Job>> {
    Ok(job!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_owner = $2,
                         lease_until = now() + make_interval(secs => $3), updated_at = now()
         WHERE id = (SELECT id FROM jobs
                     WHERE kind = ANY($1)
                       AND (state = 'pending' AND run_at <= now() OR state = 'running' AND lease_until < now())
                     ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING ",
        "",
        kinds,
        owner,
        lease.as_secs_f64()
    )
    .fetch_optional(conn)
    .await?)
}

/// Makes the lease last that long from now. `false` when somebody else has the job: stop working on it.
pub async fn heartbeat(conn: &mut PgConnection, lease: Lease, length: Duration) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET lease_until = now() + make_interval(secs => $3)
         WHERE id = $1 AND fence = $2 AND state = 'running'",
        lease.job,
        lease.fence,
        length.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps everybody from claiming the job until the transaction ends. `false` when somebody else has it: roll back.
pub async fn hold(conn: &mut PgConnection, lease: Lease) -> Result<bool> {
    let row = sqlx::query_scalar!(
        "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE",
        lease.job,
        lease.fence
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// The job has come to a step; `data` replaces what was there. `false` when somebody else has it.
pub async fn advance(conn: &mut PgConnection, lease: Lease, step: &str, data: &Value) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET step = $3, data = $4, error = '', updated_at = now()
         WHERE id = $1 AND fence = $2 AND state = 'running'",
        lease.job,
        lease.fence,
        step,
        data
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, lease.job, done.rows_affected()).await
}

/// What a worker tells of a job at once: the step that it has come to with its data, and how that goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    /// See [`Job::step`] and [`Job::data`]; `None` keeps both.
    pub step: Option<(&'a str, &'a Value)>,
    /// See [`Job::message`]; also a line of the log.
    pub message: &'a str,
    /// Only when nobody wants the job stopped.
    pub unless_cancelled: bool,
}

/// The job has come further, in one statement with a line of its log. `false` when somebody else has it, or wants it
/// stopped and that matters.
pub async fn tell(conn: &mut PgConnection, lease: Lease, told: Told<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "WITH job AS (
             UPDATE jobs SET step = coalesce($3, step), data = coalesce($4, data), message = $5, error = '',
                             log_lines = log_lines + 1, updated_at = now()
             WHERE id = $1 AND fence = $2 AND state = 'running' AND NOT ($6 AND cancel_requested)
             RETURNING id, log_lines
         )
         INSERT INTO job_logs (job_id, line, text) SELECT id, log_lines, $5 FROM job",
        lease.job,
        lease.fence,
        told.step.map(|(step, _)| step),
        told.step.map(|(_, data)| data),
        told.message,
        told.unless_cancelled
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, lease.job, done.rows_affected()).await
}

/// Whether somebody wants the job stopped; `None` when somebody else has it.
pub async fn is_cancelled(conn: &mut PgConnection, lease: Lease) -> Result<Option<bool>> {
    Ok(sqlx::query_scalar!(
        "SELECT cancel_requested FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'",
        lease.job,
        lease.fence
    )
    .fetch_optional(conn)
    .await?)
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

/// How the step goes, for people; told only when it is news. `false` when somebody else has the job.
pub async fn set_message(conn: &mut PgConnection, lease: Lease, message: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET message = $3, updated_at = now() WHERE id = $1 AND fence = $2 AND state = 'running'",
        lease.job,
        lease.fence,
        message
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, lease.job, done.rows_affected()).await
}

/// Gives the job back to be claimed after a while, with the reason. `false` when somebody else has it.
pub async fn reschedule(conn: &mut PgConnection, lease: Lease, after: Duration, error: &str) -> Result<bool> {
    let kind = sqlx::query_scalar!(
        "UPDATE jobs SET state = 'pending', run_at = now() + make_interval(secs => $3), error = $4, lease_until = NULL,
                         updated_at = now()
         WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING kind",
        lease.job,
        lease.fence,
        after.as_secs_f64(),
        error
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let (Some(kind), true) = (&kind, after.is_zero()) {
        notify(conn, CHANNEL_READY, kind).await?;
    }
    changed(conn, lease.job, u64::from(kind.is_some())).await
}

/// The job has ended well. `false` when somebody else has it.
pub async fn finish(conn: &mut PgConnection, lease: Lease, message: &str) -> Result<bool> {
    end(conn, lease, SUCCESSFUL, message, "").await
}

/// The job has ended badly. `false` when somebody else has it.
pub async fn fail(conn: &mut PgConnection, lease: Lease, error: &str) -> Result<bool> {
    end(conn, lease, FAILED, "", error).await
}

async fn end(conn: &mut PgConnection, lease: Lease, state: &str, message: &str, error: &str) -> Result<bool> {
    let ended = sqlx::query!(
        "WITH ended AS (
             UPDATE jobs SET state = $3, message = coalesce(nullif($4, ''), message), error = $5, finished_at = now(),
                             lease_until = NULL, updated_at = now()
             WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING id, kind, key, message, error
         ), noted AS (
             INSERT INTO events (code, kind, name, data)
             SELECT $6, 'job', kind || ' ' || id, jsonb_build_object('job', id, 'kind', kind, 'about', key)
                 || CASE WHEN $5 = '' THEN jsonb_build_object('message', message)
                         ELSE jsonb_build_object('reason', error) END
             FROM ended WHERE kind <> $7
         )
         SELECT id FROM ended",
        lease.job,
        lease.fence,
        state,
        message,
        error,
        if state == SUCCESSFUL { Code::JOB_ENDED.name } else { Code::JOB_FAILED.name },
        MOVES
    )
    .fetch_optional(&mut *conn)
    .await?;
    if ended.is_some() {
        notify(conn, CHANNEL_NOTED, "").await?;
    }
    changed(conn, lease.job, u64::from(ended.is_some())).await
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
