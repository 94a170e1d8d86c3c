//! What is still owed after a model has moved, and what came of it.
//!
//! A thing is claimed for a short time with a number of its own, the count of its tries: whoever was thought dead and comes
//! back writes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Relations across models are looked at and put right.
pub const RELATIONS: &str = "relations";
/// What becomes of the copy at the source is followed.
pub const SOURCE: &str = "source";
/// Whether the agents of the model report to the target.
pub const AGENTS: &str = "agents";
/// All of them; what a later version owes too, this one leaves alone.
const KINDS: [&str; 3] = [RELATIONS, SOURCE, AGENTS];

/// To be done, now or later.
pub const OWED: &str = "owed";
/// Done.
pub const DONE: &str = "done";
/// Tried too often.
pub const GIVEN_UP: &str = "given-up";

/// A claimed thing, with what one has to know of the move.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The move.
    pub migration: i64,
    /// [`RELATIONS`], [`SOURCE`] or [`AGENTS`].
    pub kind: String,
    /// Which try it is, from 1: the right to write about it.
    pub tries: i32,
    /// The model.
    pub model: Uuid,
    /// `owner/name`, as it was.
    pub name: String,
    /// Where it came from.
    pub source: Uuid,
    /// The name of that controller.
    pub source_name: String,
    /// Where it went to.
    pub target: Uuid,
    /// The name of that controller.
    pub target_name: String,
    /// What the try before came to, if that was a word already.
    pub outcome: String,
    /// What earlier tries found of relations.
    pub relations: Value,
}

/// A thing, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Care {
    /// [`RELATIONS`], [`SOURCE`] or [`AGENTS`].
    pub kind: String,
    /// [`OWED`], [`DONE`] or [`GIVEN_UP`].
    pub state: String,
    /// What came of it, as a stable word.
    pub outcome: String,
    /// The same for people; of something that is owed, why the last try was not enough.
    pub message: String,
    /// How often it was begun.
    pub tries: i32,
    /// When it is tried next, while it is owed.
    pub due: DateTime<Utc>,
}

/// What came of a try.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// See [`Care::state`].
    pub state: &'a str,
    /// See [`Care::outcome`].
    pub outcome: &'a str,
    /// See [`Care::message`].
    pub message: &'a str,
    /// When to try again, if it is still owed.
    pub again_in: Duration,
}

/// All of it is owed from now on, the look at the agents when they had that time. Call it in the transaction that ends the move.
pub async fn owe(conn: &mut PgConnection, migration: i64, for_agents: Duration) -> Result<()> {
    sqlx::query!(
        "INSERT INTO migration_aftercare (migration_id, kind, due)
         VALUES ($1, $2, now()), ($1, $3, now()), ($1, $4, now() + make_interval(secs => $5)) ON CONFLICT DO NOTHING",
        migration,
        RELATIONS,
        SOURCE,
        AGENTS,
        for_agents.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims what is due, for that long.
pub async fn claim(conn: &mut PgConnection, limit: i64, length: Duration) -> Result<Vec<Claim>> {
    Ok(sqlx::query_as!(
        Claim,
        "UPDATE migration_aftercare care
         SET tries = care.tries + 1, due = now() + make_interval(secs => $2)
         FROM (SELECT migration_id, kind FROM migration_aftercare
               WHERE state = 'owed' AND due <= now() AND kind = ANY($3)
               ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED) next, migrations
         WHERE care.migration_id = next.migration_id AND care.kind = next.kind AND migrations.id = next.migration_id
         RETURNING care.migration_id AS migration, care.kind, care.tries, migrations.model_uuid AS model,
                   migrations.model_name AS name, migrations.source_uuid AS source, migrations.source_name,
                   migrations.target_uuid AS target, migrations.target_name, care.outcome, migrations.relations",
        limit,
        length.as_secs_f64(),
        &KINDS.map(str::to_owned)
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps the claim for that long from now; `false` when it is somebody else's.
pub async fn keep(conn: &mut PgConnection, claim: &Claim, length: Duration) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE migration_aftercare SET due = now() + make_interval(secs => $4)
         WHERE migration_id = $1 AND kind = $2 AND tries = $3 AND state = 'owed'",
        claim.migration,
        claim.kind,
        claim.tries,
        length.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes down what came of a try; `false` when it is somebody else's: roll back.
pub async fn settle(conn: &mut PgConnection, claim: &Claim, came: Came<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE migration_aftercare
         SET state = $4, outcome = $5, message = $6, due = now() + make_interval(secs => $7)
         WHERE migration_id = $1 AND kind = $2 AND tries = $3 AND state = 'owed'",
        claim.migration,
        claim.kind,
        claim.tries,
        came.state,
        came.outcome,
        came.message,
        came.again_in.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What is owed for the move, and what came of it.
pub async fn of(conn: &mut PgConnection, migration: i64) -> Result<Vec<Care>> {
    Ok(sqlx::query_as!(
        Care,
        "SELECT kind, state, outcome, message, tries, due FROM migration_aftercare WHERE migration_id = $1 ORDER BY kind",
        migration
    )
    .fetch_all(conn)
    .await?)
}
