//! What jobs tell while they work, line by line.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;
use crate::jobs::Lease;

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Its number, from 1 without gaps.
    pub line: i32,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// What it says.
    pub text: String,
}

/// Adds a line. `false` when somebody else has the job: nothing was written.
pub async fn append(conn: &mut PgConnection, lease: Lease, text: &str) -> Result<bool> {
    let done = sqlx::query!(
        "WITH job AS (
             UPDATE jobs SET log_lines = log_lines + 1
             WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING id, log_lines
         )
         INSERT INTO job_logs (job_id, line, text) SELECT id, log_lines, $3 FROM job",
        lease.job,
        lease.fence,
        text
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The lines after that number, in order.
pub async fn after(conn: &mut PgConnection, job: i64, line: i32, limit: i64) -> Result<Vec<LogLine>> {
    Ok(sqlx::query_as!(
        LogLine,
        "SELECT line, time, text FROM job_logs WHERE job_id = $1 AND line > $2 ORDER BY line LIMIT $3",
        job,
        line,
        limit
    )
    .fetch_all(conn)
    .await?)
}
