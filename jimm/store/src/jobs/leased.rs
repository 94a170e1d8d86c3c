//! What a worker writes about the job that it has: nothing any more once somebody else has it.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use super::{CHANNEL_READY, FAILED, Job, MOVES, SUCCESSFUL, changed};
use crate::Result;
use crate::events::{CHANNEL_NOTED, Code};
use crate::listen::notify;

/// The right to write about a job.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Lease {
    /// The job.
    pub job: i64,
    /// Which claim of it.
    pub fence: i64,
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
