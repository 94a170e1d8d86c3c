//! Moves of models: one row each, kept when the model, its controllers and the jobs are gone.
//!
//! Whatever is written about a running move belongs to its job: call a fenced function of [`crate::jobs`] first in the
//! same transaction. A move of which there is no row (of before there were any) is not missed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// On its way, or about to be.
pub const RUNNING: &str = "running";
/// The model is at the target.
pub const DONE: &str = "done";
/// The model stayed where it was.
pub const ABORTED: &str = "aborted";

/// The key that says that the model moves already.
pub const RUNNING_KEY: &str = "migrations_running_model";

/// A move.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// Its number.
    pub id: i64,
    /// The plan that it is part of.
    pub plan_id: Option<i64>,
    /// The model.
    pub model_uuid: Uuid,
    /// `owner/name`, as it was when the move was asked for.
    pub model_name: String,
    /// Where the model was.
    pub source_uuid: Uuid,
    /// The name of that controller then.
    pub source_name: String,
    /// Where it is to be.
    pub target_uuid: Uuid,
    /// The name of that controller then.
    pub target_name: String,
    /// Machines that it had.
    pub machines: i64,
    /// Units that it had.
    pub units: i64,
    /// Who asked for it.
    pub requested_by: String,
    /// The job of the newest attempt.
    pub job_id: i64,
    /// Which attempt that is, from 1.
    pub attempt: i32,
    /// The source's name for it.
    pub migration_id: String,
    /// One of the states.
    pub state: String,
    /// How far it has come.
    pub phase: String,
    /// When it came to each phase: a list of `{"phase", "attempt", "at"}`.
    pub phases: Value,
    /// The last word of the controllers, or of the broker.
    pub message: String,
    /// Agents that have reported, where the source tells.
    pub agents_reported: Option<i64>,
    /// Agents that reported failure, where the source tells.
    pub agents_failed: Option<i64>,
    /// Log records that were sent, where the source tells.
    pub log_records: Option<i64>,
    /// How it ended, as a stable word.
    pub code: String,
    /// How it ended, for people.
    pub reason: String,
    /// Since when it has not got further.
    pub stuck_since: Option<DateTime<Utc>>,
    /// Why, as far as can be told.
    pub stuck_reason: String,
    /// What to do about it.
    pub next_step: String,
    /// What was found of relations across models after the switch: a list of `{"kind", "subject", "state", …}`.
    pub relations: Value,
    /// The attempts before the newest: a list of `{"attempt", "job", "started", "ended", "code", "reason"}`.
    pub attempts: Value,
    /// Who wants it stopped.
    pub abort_by: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the newest attempt began.
    pub started_at: DateTime<Utc>,
    /// When the source was asked to begin, in the newest attempt.
    pub asked_at: Option<DateTime<Utc>>,
    /// When it last got further.
    pub progress_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Migration {
    /// Whether it has ended, well or badly.
    pub fn is_over(&self) -> bool {
        self.state != RUNNING
    }
}

/// What a move is made of.
#[derive(Clone, Debug, Default)]
pub struct NewMigration {
    /// See [`Migration::plan_id`].
    pub plan_id: Option<i64>,
    /// See [`Migration::model_uuid`].
    pub model_uuid: Uuid,
    /// See [`Migration::model_name`].
    pub model_name: String,
    /// See [`Migration::source_uuid`].
    pub source_uuid: Uuid,
    /// See [`Migration::source_name`].
    pub source_name: String,
    /// See [`Migration::target_uuid`].
    pub target_uuid: Uuid,
    /// See [`Migration::target_name`].
    pub target_name: String,
    /// See [`Migration::machines`].
    pub machines: i64,
    /// See [`Migration::units`].
    pub units: i64,
    /// See [`Migration::requested_by`].
    pub requested_by: String,
    /// See [`Migration::job_id`].
    pub job_id: i64,
}

/// News of a running move; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct News<'a> {
    /// See [`Migration::phase`].
    pub phase: &'a str,
    /// See [`Migration::message`].
    pub message: &'a str,
    /// See [`Migration::migration_id`].
    pub migration_id: Option<&'a str>,
    /// See [`Migration::agents_reported`].
    pub agents_reported: Option<i64>,
    /// See [`Migration::agents_failed`].
    pub agents_failed: Option<i64>,
    /// See [`Migration::log_records`].
    pub log_records: Option<i64>,
    /// The source is asked now.
    pub asked: bool,
}

/// Which moves to list; what is empty or `None` stands for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these models.
    pub models: Option<Vec<Uuid>>,
    /// From or to the controller of that name.
    pub controller: String,
    /// In these states.
    pub states: Vec<String>,
    /// Of that plan.
    pub plan: Option<i64>,
    /// Only those that are stuck.
    pub stuck: bool,
    /// Older than this one.
    pub before: Option<i64>,
}

macro_rules! migration {
    ($head:tt, $tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Migration,
            $head + "id, plan_id, model_uuid, model_name, source_uuid, source_name, target_uuid, target_name, machines,
                     units, requested_by, job_id, attempt, migration_id, state, phase, phases, message, agents_reported,
                     agents_failed, log_records, code, reason, stuck_since, stuck_reason, next_step, relations,
                     attempts, abort_by, created_at, started_at, asked_at, progress_at, ended_at " + $tail
                $(, $arg)*
        )
    };
}

/// Adds a move that begins. When the model moves already, that is a conflict on [`RUNNING_KEY`].
pub async fn insert(conn: &mut PgConnection, new: &NewMigration) -> Result<Migration> {
    Ok(migration!(
        "INSERT INTO migrations (plan_id, model_uuid, model_name, source_uuid, source_name, target_uuid, target_name,
                                 machines, units, requested_by, job_id, phases)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                 jsonb_build_array(jsonb_build_object('phase', 'waiting', 'attempt', 1, 'at', now())))
         RETURNING ",
        "",
        new.plan_id,
        new.model_uuid,
        new.model_name,
        new.source_uuid,
        new.source_name,
        new.target_uuid,
        new.target_name,
        new.machines,
        new.units,
        new.requested_by,
        new.job_id
    )
    .fetch_one(conn)
    .await?)
}

/// The move of that number.
pub async fn get(conn: &mut PgConnection, id: i64) -> Result<Option<Migration>> {
    Ok(migration!("SELECT ", "FROM migrations WHERE id = $1", id).fetch_optional(conn).await?)
}

/// The same, its row held until the transaction ends.
pub async fn get_for_update(conn: &mut PgConnection, id: i64) -> Result<Option<Migration>> {
    Ok(migration!("SELECT ", "FROM migrations WHERE id = $1 FOR UPDATE", id).fetch_optional(conn).await?)
}

/// The number of the running move that the job works on.
pub async fn of_job(conn: &mut PgConnection, job: i64) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!("SELECT id FROM migrations WHERE job_id = $1 AND state = 'running'", job)
        .fetch_optional(conn)
        .await?)
}

/// The newest move of the model.
pub async fn latest(conn: &mut PgConnection, model: Uuid) -> Result<Option<Migration>> {
    Ok(migration!("SELECT ", "FROM migrations WHERE model_uuid = $1 ORDER BY id DESC LIMIT 1", model)
        .fetch_optional(conn)
        .await?)
}

/// The newest move of a model that was called so.
pub async fn latest_named(conn: &mut PgConnection, name: &str) -> Result<Option<Migration>> {
    Ok(migration!("SELECT ", "FROM migrations WHERE model_name = $1 ORDER BY id DESC LIMIT 1", name)
        .fetch_optional(conn)
        .await?)
}

/// The last time that the model left the controller for another.
pub async fn departure(conn: &mut PgConnection, model: Uuid, source: Uuid) -> Result<Option<Migration>> {
    Ok(migration!(
        "SELECT ",
        "FROM migrations WHERE model_uuid = $1 AND source_uuid = $2 AND state = 'done' ORDER BY id DESC LIMIT 1",
        model,
        source
    )
    .fetch_optional(conn)
    .await?)
}

/// The move of the model within the plan.
pub async fn in_plan(conn: &mut PgConnection, plan: i64, model: Uuid) -> Result<Option<Migration>> {
    Ok(migration!("SELECT ", "FROM migrations WHERE plan_id = $1 AND model_uuid = $2", plan, model)
        .fetch_optional(conn)
        .await?)
}

/// The numbers of the moves of the plan that are running and that nobody wants stopped yet.
pub async fn unstopped(conn: &mut PgConnection, plan: i64) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM migrations WHERE plan_id = $1 AND state = 'running' AND abort_by = '' ORDER BY id",
        plan
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the moves that pass the filter, newest first.
pub async fn list(conn: &mut PgConnection, filter: &Filter, limit: i64) -> Result<Vec<Migration>> {
    Ok(migration!(
        "SELECT ",
        "FROM migrations
         WHERE ($1::uuid[] IS NULL OR model_uuid = ANY($1)) AND ($2 = '' OR source_name = $2 OR target_name = $2)
           AND (cardinality($3::text[]) = 0 OR state = ANY($3)) AND ($4::bigint IS NULL OR plan_id = $4)
           AND (NOT $5 OR stuck_since IS NOT NULL AND state = 'running') AND ($6::bigint IS NULL OR id < $6)
         ORDER BY id DESC LIMIT $7",
        filter.models.as_deref(),
        filter.controller,
        &filter.states,
        filter.plan,
        filter.stuck,
        filter.before,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// A running move has got further.
pub async fn note(conn: &mut PgConnection, job: i64, news: &News<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE migrations
         SET phases = CASE WHEN phase = $2 THEN phases ELSE phases || jsonb_build_object('phase', $2::text, 'attempt', attempt, 'at', now()) END,
             phase = $2, message = $3, migration_id = coalesce($4, migration_id),
             agents_reported = coalesce($5, agents_reported), agents_failed = coalesce($6, agents_failed),
             log_records = coalesce($7, log_records), asked_at = CASE WHEN $8 THEN now() ELSE asked_at END,
             progress_at = now(), stuck_since = NULL, stuck_reason = '', next_step = ''
         WHERE job_id = $1 AND state = 'running'",
        job,
        news.phase,
        news.message,
        news.migration_id,
        news.agents_reported,
        news.agents_failed,
        news.log_records,
        news.asked
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A running move does not get further.
pub async fn set_stuck(conn: &mut PgConnection, job: i64, reason: &str, next_step: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE migrations SET stuck_since = coalesce(stuck_since, progress_at), stuck_reason = $2, next_step = $3
         WHERE job_id = $1 AND state = 'running'",
        job,
        reason,
        next_step
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A running move has ended.
pub async fn end(
    conn: &mut PgConnection,
    job: i64,
    state: &str,
    code: &str,
    reason: &str,
    next_step: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE migrations
         SET state = $2, phase = $2, code = $3, reason = $4, message = $4, next_step = $5,
             phases = phases || jsonb_build_object('phase', $2::text, 'attempt', attempt, 'at', now()),
             stuck_since = NULL, stuck_reason = '', progress_at = now(), ended_at = now()
         WHERE job_id = $1 AND state = 'running'",
        job,
        state,
        code,
        reason,
        next_step
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Another attempt of the move begins, by that job: of one that was aborted, or of a running one of which the attempt
/// failed for that reason. `false` when the move is done or gone.
pub async fn begin_attempt(conn: &mut PgConnection, id: i64, job: i64, code: &str, reason: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE migrations
         SET attempts = attempts || jsonb_build_object(
                 'attempt', attempt, 'job', job_id, 'started', started_at, 'ended', coalesce(ended_at, now()),
                 'code', CASE WHEN state = 'running' THEN $3 ELSE code END,
                 'reason', CASE WHEN state = 'running' THEN $4 ELSE reason END),
             phases = phases || jsonb_build_object('phase', 'waiting', 'attempt', attempt + 1, 'at', now()),
             attempt = attempt + 1, job_id = $2, state = 'running', phase = 'waiting', message = '', code = '',
             reason = '', stuck_since = NULL, stuck_reason = '', next_step = '', abort_by = '', migration_id = '',
             agents_reported = NULL, agents_failed = NULL, log_records = NULL, started_at = now(), asked_at = NULL,
             progress_at = now(), ended_at = NULL
         WHERE id = $1 AND state <> 'done'",
        id,
        job,
        code,
        reason
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Somebody wants the move stopped; `false` when it has ended.
pub async fn request_abort(conn: &mut PgConnection, id: i64, by: &str) -> Result<bool> {
    let done = sqlx::query!("UPDATE migrations SET abort_by = $2 WHERE id = $1 AND state = 'running'", id, by)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps what was found of relations across models.
pub async fn set_relations(conn: &mut PgConnection, id: i64, found: &Value) -> Result<()> {
    sqlx::query!("UPDATE migrations SET relations = $2 WHERE id = $1", id, found).execute(conn).await?;
    Ok(())
}

/// How long finished moves took, and how big the models were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Took {
    /// From the beginning of the attempt that did it.
    pub seconds: f64,
    /// See [`Migration::machines`].
    pub machines: i64,
    /// See [`Migration::units`].
    pub units: i64,
    /// Whether it was between the same two controllers.
    pub same_way: bool,
}

/// What the newest finished moves took.
pub async fn took(conn: &mut PgConnection, source: Uuid, target: Uuid, limit: i64) -> Result<Vec<Took>> {
    Ok(sqlx::query_as!(
        Took,
        r#"SELECT extract(epoch FROM ended_at - started_at)::float8 AS "seconds!", machines, units,
                  (source_uuid = $1 AND target_uuid = $2) AS "same_way!"
           FROM migrations WHERE state = 'done' AND ended_at IS NOT NULL ORDER BY id DESC LIMIT $3"#,
        source,
        target,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many moves are running, and how many of them are stuck.
pub async fn counts(conn: &mut PgConnection) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "running!", count(stuck_since) AS "stuck!" FROM migrations WHERE state = 'running'"#
    )
    .fetch_one(conn)
    .await?;
    Ok((row.running, row.stuck))
}
