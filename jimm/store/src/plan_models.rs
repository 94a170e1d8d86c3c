//! The models of plans. Each change is guarded by the row that it starts from, its state, beginning and job: what two
//! replicas do at a time happens once, who looked long ago changes nothing of a later attempt, and three rows are written
//! for a model that moves.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::listen::notify;
use crate::plans::CHANNEL_CHANGED;

/// The key that says that a model is in another plan that goes on.
pub const HELD_KEY: &str = "plan_models_held";

/// Its turn has not come.
pub const WAITING: &str = "waiting";
/// It moves.
pub const MOVING: &str = "moving";
/// Its agents are being upgraded.
pub const UPGRADING: &str = "upgrading";
/// It is looked at until it is as well as before.
pub const VERIFYING: &str = "verifying";
/// It is where it was to go.
pub const DONE: &str = "done";
/// It is not; `reason` says why.
pub const FAILED: &str = "failed";
/// Somebody said that it stays.
pub const SKIPPED: &str = "skipped";
/// The plan was given up before its turn.
pub const CANCELLED: &str = "cancelled";

/// A model of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanModel {
    /// Its place in the plan.
    pub position: i32,
    /// The number of its wave, from 0.
    pub wave: i32,
    /// The model.
    pub model_uuid: Uuid,
    /// `owner/name` when the plan was made.
    pub name: String,
    /// Where it comes from.
    pub source_uuid: Uuid,
    /// Its name when the plan was made.
    pub source_name: String,
    /// Where it goes.
    pub target_uuid: Uuid,
    /// Its name when the plan was made.
    pub target_name: String,
    /// Why there.
    pub why: String,
    /// One of the states.
    pub state: String,
    /// The job that moves or upgrades it.
    pub job_id: Option<i64>,
    /// How often it was begun.
    pub attempts: i32,
    /// What it waits for, or what came of it.
    pub reason: String,
    /// Its status before, in short.
    pub before: Value,
    /// What got worse; a list.
    pub worse: Value,
    /// When it was begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a model of a new plan is made of.
#[derive(Clone, Debug, Default)]
pub struct NewPlanModel {
    /// See [`PlanModel::wave`].
    pub wave: i32,
    /// See [`PlanModel::model_uuid`].
    pub model_uuid: Uuid,
    /// See [`PlanModel::name`].
    pub name: String,
    /// See [`PlanModel::source_uuid`].
    pub source_uuid: Uuid,
    /// See [`PlanModel::source_name`].
    pub source_name: String,
    /// See [`PlanModel::target_uuid`].
    pub target_uuid: Uuid,
    /// See [`PlanModel::target_name`].
    pub target_name: String,
    /// See [`PlanModel::why`].
    pub why: String,
}

macro_rules! models {
    ($head:tt, $tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            PlanModel,
            $head + "position, wave, model_uuid, name, source_uuid, source_name, target_uuid, target_name, why, state,
                     job_id, attempts, reason, before, worse, started_at, ended_at, updated_at " + $tail
                $(, $arg)*
        )
    };
}

/// Adds the models of a new plan, in their order. One that is in another plan that goes on is a conflict on [`HELD_KEY`].
pub async fn insert(conn: &mut PgConnection, plan: i64, new: &[NewPlanModel]) -> Result<()> {
    let column = |of: fn(&NewPlanModel) -> &str| new.iter().map(|it| of(it).to_owned()).collect::<Vec<String>>();
    let uuids = |of: fn(&NewPlanModel) -> Uuid| new.iter().map(of).collect::<Vec<Uuid>>();
    let waves: Vec<i32> = new.iter().map(|it| it.wave).collect();
    sqlx::query!(
        "INSERT INTO plan_models (plan_id, position, wave, model_uuid, name, source_uuid, source_name, target_uuid,
                                  target_name, why)
         SELECT $1, place::integer, wave, model, name, source, source_name, target, target_name, why
         FROM unnest($2::integer[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::text[])
              WITH ORDINALITY AS t (wave, model, name, source, source_name, target, target_name, why, place)",
        plan,
        &waves,
        &uuids(|it| it.model_uuid),
        &column(|it| &it.name),
        &uuids(|it| it.source_uuid),
        &column(|it| &it.source_name),
        &uuids(|it| it.target_uuid),
        &column(|it| &it.target_name),
        &column(|it| &it.why)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The models of the plan in their order, or those of them that changed after that time.
pub async fn list(conn: &mut PgConnection, plan: i64, after: Option<DateTime<Utc>>) -> Result<Vec<PlanModel>> {
    Ok(models!(
        "SELECT ",
        "FROM plan_models WHERE plan_id = $1 AND ($2::timestamptz IS NULL OR updated_at > $2) ORDER BY position",
        plan,
        after
    )
    .fetch_all(conn)
    .await?)
}

/// Those under way.
pub async fn under_way(conn: &mut PgConnection, plan: i64) -> Result<Vec<PlanModel>> {
    Ok(models!(
        "SELECT ",
        "FROM plan_models WHERE plan_id = $1 AND state IN ('moving', 'upgrading', 'verifying') ORDER BY position",
        plan
    )
    .fetch_all(conn)
    .await?)
}

/// How the job of a model under way has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedJob {
    /// The place of the model in the plan.
    pub position: i32,
    /// [`crate::jobs::SUCCESSFUL`], or anything else.
    pub state: String,
    /// What came of it.
    pub text: String,
}

/// The jobs of models under way that have ended, or are not known any more.
pub async fn ended_jobs(conn: &mut PgConnection, plan: i64) -> Result<Vec<EndedJob>> {
    Ok(sqlx::query_as!(
        EndedJob,
        r#"SELECT m.position, coalesce(j.state, 'gone') AS "state!",
                  coalesce(CASE j.state WHEN 'failed' THEN j.error ELSE j.message END,
                           'its job is not known any more') AS "text!"
           FROM plan_models m LEFT JOIN jobs j ON j.id = m.job_id
           WHERE m.plan_id = $1 AND m.state IN ('moving', 'upgrading') AND m.job_id IS NOT NULL
             AND (j.id IS NULL OR j.state IN ('successful', 'failed'))"#,
        plan
    )
    .fetch_all(conn)
    .await?)
}

/// The next ones of the wave whose turn has come, but those from or to controllers that have enough.
pub async fn next(conn: &mut PgConnection, plan: i64, wave: i32, full: &[Uuid], limit: i64) -> Result<Vec<PlanModel>> {
    Ok(models!(
        "SELECT ",
        "FROM plan_models
         WHERE plan_id = $1 AND state = 'waiting' AND wave = $2 AND not_before <= now()
           AND NOT (source_uuid = ANY($3) OR target_uuid = ANY($3))
         ORDER BY position LIMIT $4",
        plan,
        wave,
        full,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many models of a wave are in a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The wave.
    pub wave: i32,
    /// The state.
    pub state: String,
    /// How many.
    pub models: i64,
}

/// The models of the plan by wave and state.
pub async fn counts(conn: &mut PgConnection, plan: i64) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"SELECT wave, state, count(*) AS "models!" FROM plan_models WHERE plan_id = $1 GROUP BY wave, state ORDER BY wave"#,
        plan
    )
    .fetch_all(conn)
    .await?)
}

/// Which of the models are in a plan that goes on, and in which.
pub async fn holding(conn: &mut PgConnection, models: &[Uuid]) -> Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query!("SELECT model_uuid, plan_id FROM plan_models WHERE held AND model_uuid = ANY($1)", models)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.model_uuid, row.plan_id)).collect())
}

/// The model is begun, unless the plan does not run any more; returns its row as it is then. `None` when somebody else was
/// first.
pub async fn begin(conn: &mut PgConnection, plan: i64, position: i32, before: &Value) -> Result<Option<PlanModel>> {
    Ok(models!(
        "UPDATE plan_models SET state = 'moving', attempts = attempts + 1, reason = '', job_id = NULL, before = $3,
                                worse = '[]', started_at = clock_timestamp(), ended_at = NULL,
                                updated_at = clock_timestamp()
         WHERE plan_id = $1 AND position = $2 AND state = 'waiting'
           AND EXISTS (SELECT FROM plans WHERE id = $1 AND state = 'running')
         RETURNING ",
        "",
        plan,
        position,
        before
    )
    .fetch_optional(conn)
    .await?)
}

/// The model, as it was seen, goes on to a state under way, with the job that does the work.
pub async fn go_on(conn: &mut PgConnection, plan: i64, seen: &PlanModel, to: &str, job: Option<i64>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE plan_models SET state = $6, job_id = $7, updated_at = clock_timestamp()
         WHERE plan_id = $1 AND position = $2 AND state = $3 AND started_at IS NOT DISTINCT FROM $4
           AND job_id IS NOT DISTINCT FROM $5",
        plan,
        seen.position,
        seen.state,
        seen.started_at,
        seen.job_id,
        to,
        job
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The model, as it was seen, waits again, for so many seconds at least. Where it has begun already that does not count as
/// an attempt. In a plan that is given up it waits for nothing, and is cancelled; the plan's row is held meanwhile, so that
/// nobody gives it up unseen.
pub async fn wait(conn: &mut PgConnection, plan: i64, seen: &PlanModel, reason: &str, seconds: f64) -> Result<bool> {
    let done = sqlx::query!(
        "WITH plan AS (SELECT state = 'aborting' AS given_up, reason FROM plans WHERE id = $1 FOR SHARE)
         UPDATE plan_models m
         SET state = CASE WHEN plan.given_up THEN 'cancelled' ELSE 'waiting' END,
             reason = CASE WHEN plan.given_up THEN plan.reason ELSE $6 END,
             ended_at = CASE WHEN plan.given_up THEN clock_timestamp() END,
             not_before = now() + make_interval(secs => $7),
             attempts = CASE WHEN m.state = 'moving' THEN attempts - 1 ELSE attempts END,
             job_id = NULL, started_at = NULL, updated_at = clock_timestamp()
         FROM plan
         WHERE m.plan_id = $1 AND m.position = $2 AND m.state = $3 AND m.started_at IS NOT DISTINCT FROM $4
           AND m.job_id IS NOT DISTINCT FROM $5 AND m.state IN ('waiting', 'moving')",
        plan,
        seen.position,
        seen.state,
        seen.started_at,
        seen.job_id,
        reason,
        seconds
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What came of a model, as it was seen, that was under way, or that cannot be begun.
pub async fn end(
    conn: &mut PgConnection,
    plan: i64,
    seen: &PlanModel,
    to: &str,
    reason: &str,
    worse: &Value,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE plan_models SET state = $6, reason = $7, worse = $8, ended_at = clock_timestamp(),
                                updated_at = clock_timestamp()
         WHERE plan_id = $1 AND position = $2 AND state = $3 AND started_at IS NOT DISTINCT FROM $4
           AND job_id IS NOT DISTINCT FROM $5",
        plan,
        seen.position,
        seen.state,
        seen.started_at,
        seen.job_id,
        to,
        reason,
        worse
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Those of the models, or all when none is named, go from one of the states to another; returns which, by name.
pub async fn turn(
    conn: &mut PgConnection,
    plan: i64,
    models: &[Uuid],
    from: &[&str],
    to: &str,
    reason: &str,
) -> Result<Vec<Uuid>> {
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let turned = sqlx::query_scalar!(
        "UPDATE plan_models SET state = $4, reason = $5, not_before = '-infinity', updated_at = clock_timestamp(),
                                ended_at = CASE WHEN $4 = 'waiting' THEN NULL ELSE clock_timestamp() END
         WHERE plan_id = $1 AND (cardinality($2::uuid[]) = 0 OR model_uuid = ANY($2)) AND state = ANY($3)
         RETURNING model_uuid",
        plan,
        models,
        &from,
        to,
        reason
    )
    .fetch_all(&mut *conn)
    .await?;
    notify(conn, CHANNEL_CHANGED, "").await?;
    Ok(turned)
}

/// The plan has ended: its models may be in others.
pub async fn release(conn: &mut PgConnection, plan: i64) -> Result<()> {
    sqlx::query!("UPDATE plan_models SET held = false WHERE plan_id = $1 AND held", plan).execute(conn).await?;
    Ok(())
}

/// How long the newest moves that went well took, in milliseconds: the middle of them, the slowest tenth, how many.
pub async fn durations(conn: &mut PgConnection) -> Result<Option<(i64, i64, i64)>> {
    let row = sqlx::query!(
        r#"SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY took))::bigint AS middle,
                  (percentile_cont(0.9) WITHIN GROUP (ORDER BY took))::bigint AS slow, count(*) AS "moves!"
           FROM (SELECT extract(epoch FROM ended_at - started_at)::double precision * 1000 AS took FROM migrations
                 WHERE state = 'done' ORDER BY id DESC LIMIT 200) newest"#
    )
    .fetch_one(conn)
    .await?;
    Ok(row.middle.zip(row.slow).map(|(middle, slow)| (middle, slow, row.moves)))
}
