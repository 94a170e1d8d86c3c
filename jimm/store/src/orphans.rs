//! Tuples that speak of things that are no longer there: models, controllers, clouds, offers, groups and roles. Users,
//! service accounts and groups of the identity provider may be given rights before they come for the first time.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::tuples::TupleRow;

/// Keeps everybody from changing tuples until the transaction ends, so that what is an orphan stays one.
pub async fn lock(tx: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE relation_tuples IN SHARE ROW EXCLUSIVE MODE").execute(tx).await?;
    Ok(())
}

/// Tuples whose object or subject is gone, at most so many. `own` is the broker itself, which has no row.
pub async fn list(conn: &mut PgConnection, own: Uuid, limit: i64) -> Result<Vec<TupleRow>> {
    Ok(sqlx::query_as!(
        TupleRow,
        r#"WITH things (kind, id) AS MATERIALIZED (
             SELECT 'controller', uuid::text FROM controllers
             UNION ALL SELECT 'controller', $1::uuid::text
             UNION ALL SELECT 'model', uuid::text FROM models
             UNION ALL SELECT 'applicationoffer', uuid::text FROM offers
             UNION ALL SELECT 'cloud', name FROM clouds
             UNION ALL SELECT kind, uuid::text FROM identity_sets
           )
           SELECT t.subject_kind, t.subject_id, t.subject_relation, t.relation, t.object_kind, t.object_id
           FROM relation_tuples t
           WHERE (t.object_kind NOT IN ('idpgroup', 'serviceaccount')
                  AND (t.object_kind, t.object_id) NOT IN (SELECT kind, id FROM things))
              OR (t.subject_kind NOT IN ('user', 'idpgroup')
                  AND (t.subject_kind, t.subject_id) NOT IN (SELECT kind, id FROM things))
           ORDER BY t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation
           LIMIT $2"#,
        own,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many there are.
pub async fn count(conn: &mut PgConnection, own: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"WITH things (kind, id) AS MATERIALIZED (
             SELECT 'controller', uuid::text FROM controllers
             UNION ALL SELECT 'controller', $1::uuid::text
             UNION ALL SELECT 'model', uuid::text FROM models
             UNION ALL SELECT 'applicationoffer', uuid::text FROM offers
             UNION ALL SELECT 'cloud', name FROM clouds
             UNION ALL SELECT kind, uuid::text FROM identity_sets
           )
           SELECT count(*) AS "count!"
           FROM relation_tuples t
           WHERE (t.object_kind NOT IN ('idpgroup', 'serviceaccount')
                  AND (t.object_kind, t.object_id) NOT IN (SELECT kind, id FROM things))
              OR (t.subject_kind NOT IN ('user', 'idpgroup')
                  AND (t.subject_kind, t.subject_id) NOT IN (SELECT kind, id FROM things))"#,
        own
    )
    .fetch_one(conn)
    .await?)
}
