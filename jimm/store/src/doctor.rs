//! What the records tell of moves and jobs that may have been left behind.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The last move of a model that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct LastMove {
    /// The model.
    pub model: Uuid,
    /// From where.
    pub source: Uuid,
    /// Where to.
    pub target: Uuid,
    /// Whether it has arrived.
    pub is_done: bool,
    /// How it ended, for people.
    pub reason: String,
    /// What the source said when it could not remove its copy.
    pub leftover: String,
    /// Whether agents were missed at the target when it was asked last.
    pub misses_agents: bool,
}

/// A job that nobody works on although it has begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Ownerless {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// Who had it.
    pub owner: String,
}

/// The last moves of these models.
pub async fn last_moves(conn: &mut PgConnection, models: &[Uuid]) -> Result<Vec<LastMove>> {
    Ok(sqlx::query_as!(
        LastMove,
        r#"SELECT DISTINCT ON (model_uuid) model_uuid AS model, source_uuid AS source, target_uuid AS target,
                  migrations.state = 'done' AS "is_done!", reason, coalesce(care.message, '') AS "leftover!",
                  EXISTS (SELECT FROM migration_aftercare WHERE migration_id = id AND kind = 'agents'
                          AND state <> 'done' AND (outcome = 'lost' OR state = 'given-up')) AS "misses_agents!"
           FROM migrations LEFT JOIN migration_aftercare care
             ON care.migration_id = id AND care.kind = 'source' AND care.outcome = 'reap-failed'
           WHERE model_uuid = ANY($1) AND migrations.state <> 'running' ORDER BY model_uuid, id DESC"#,
        models
    )
    .fetch_all(conn)
    .await?)
}

/// Jobs whose lease has run out for so long that somebody should have taken them up.
pub async fn ownerless(conn: &mut PgConnection, silence: Duration) -> Result<Vec<Ownerless>> {
    Ok(sqlx::query_as!(
        Ownerless,
        "SELECT id, kind, key, lease_owner AS owner FROM jobs
         WHERE state = 'running' AND lease_until < now() - make_interval(secs => $1)
            OR state = 'pending' AND run_at < now() - make_interval(secs => $1)
         ORDER BY id LIMIT 100",
        silence.as_secs_f64()
    )
    .fetch_all(conn)
    .await?)
}

/// Models that are said to move although no job moves them.
pub async fn stranded(conn: &mut PgConnection) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT uuid FROM models WHERE mode = 'migrating-internal' AND NOT EXISTS (
             SELECT FROM jobs WHERE kind = 'migrate-model' AND key = models.uuid::text AND state IN ('pending', 'running'))
         ORDER BY uuid LIMIT 1000"
    )
    .fetch_all(conn)
    .await?)
}
