//! Relation tuples: who has which relation to what. Which ones make sense is for the authorizer to say.

use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::{Result, Tx, listen, models};

/// `subject` has `relation` to `object`. The subject is one identity, everyone, or the set of all that have
/// `subject_relation` to it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TupleRow {
    /// E.g. `user`, `group`, `controller`.
    pub subject_kind: String,
    /// A name or UUID; `*` for everyone.
    pub subject_id: String,
    /// Empty, or e.g. `member`.
    pub subject_relation: String,
    /// E.g. `administrator`.
    pub relation: String,
    /// E.g. `model`.
    pub object_kind: String,
    /// A name or UUID.
    pub object_id: String,
}

/// Tuples that differ in nothing but the thing they are about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TupleRows {
    /// See [`TupleRow::subject_kind`].
    pub subject_kind: String,
    /// See [`TupleRow::subject_id`].
    pub subject_id: String,
    /// See [`TupleRow::subject_relation`].
    pub subject_relation: String,
    /// See [`TupleRow::relation`].
    pub relation: String,
    /// See [`TupleRow::object_kind`].
    pub object_kind: String,
    /// See [`TupleRow::object_id`]; in no order.
    pub object_ids: Vec<String>,
}

/// Which tuples to list; an empty field stands for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// See [`TupleRow::subject_kind`].
    pub subject_kind: String,
    /// See [`TupleRow::subject_id`].
    pub subject_id: String,
    /// `None` for any, else exactly this (empty for tuples without).
    pub subject_relation: Option<String>,
    /// See [`TupleRow::relation`].
    pub relation: String,
    /// See [`TupleRow::object_kind`].
    pub object_kind: String,
    /// See [`TupleRow::object_id`].
    pub object_id: String,
}

macro_rules! select {
    ($tail:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            TupleRow,
            "SELECT t.subject_kind, t.subject_id, t.subject_relation, t.relation, t.object_kind, t.object_id
             FROM relation_tuples t " + $tail $(, $arg)*
        )
    };
}

/// Adds the tuple; tells whether it is new.
pub async fn insert(tx: &mut Tx, tuple: &TupleRow) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO relation_tuples (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        tuple.subject_kind,
        tuple.subject_id,
        tuple.subject_relation,
        tuple.relation,
        tuple.object_kind,
        tuple.object_id
    )
    .execute(tx.changing())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes the tuple; tells whether it existed.
pub async fn delete(tx: &mut Tx, tuple: &TupleRow) -> Result<bool> {
    let conn = tx.changing();
    let done = sqlx::query!(
        "DELETE FROM relation_tuples
         WHERE object_kind = $5 AND object_id = $6 AND relation = $4 AND subject_kind = $1 AND subject_id = $2
           AND subject_relation = $3",
        tuple.subject_kind,
        tuple.subject_id,
        tuple.subject_relation,
        tuple.relation,
        tuple.object_kind,
        tuple.object_id
    )
    .execute(&mut *conn)
    .await?;
    told(conn, done.rows_affected(), &tuple.object_kind, &tuple.object_id).await.map(|gone| gone > 0)
}

/// Lets open connections look at their rights again after so many tuples on the object are gone: those to the model, or
/// all, because what others do with models may hang on their group, role or controller.
pub(crate) async fn told(conn: &mut PgConnection, gone: u64, object_kind: &str, object_id: &str) -> Result<u64> {
    let whom = match object_kind {
        "model" => object_id,
        "cloud" | "applicationoffer" | "serviceaccount" => return Ok(gone),
        _ => "*",
    };
    if gone > 0 {
        listen::notify(conn, models::CHANNEL_CHANGED, whom).await?;
    }
    Ok(gone)
}

/// Removes every tuple of which the thing is the object, and returns how many. Tuples of which it is the subject
/// stay: see [`delete_subject`].
pub async fn delete_object(tx: &mut Tx, kind: &str, id: &str) -> Result<u64> {
    let conn = tx.changing();
    let done = sqlx::query!("DELETE FROM relation_tuples WHERE object_kind = $1 AND object_id = $2", kind, id)
        .execute(&mut *conn)
        .await?;
    told(conn, done.rows_affected(), kind, id).await
}

/// Removes every tuple of which the thing (or a set named by it) is the subject, and returns how many.
pub async fn delete_subject(tx: &mut Tx, kind: &str, id: &str) -> Result<u64> {
    let conn = tx.changing();
    let done = sqlx::query!("DELETE FROM relation_tuples WHERE subject_kind = $1 AND subject_id = $2", kind, id)
        .execute(&mut *conn)
        .await?;
    told(conn, done.rows_affected(), "*", "*").await
}

/// All tuples on the objects, given as (kind, id).
pub async fn on_objects(conn: &mut PgConnection, objects: &[(String, String)]) -> Result<Vec<TupleRow>> {
    let (kinds, ids) = unzip(objects);
    Ok(select!(
        "JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS o (kind, id)) o
         ON t.object_kind = o.kind AND t.object_id = o.id",
        &kinds,
        &ids
    )
    .fetch_all(conn)
    .await?)
}

/// The tuples on the objects, given as (kind, id), that either are of one of the subjects, given as (kind, id,
/// relation), or whose subject is a thing: neither an identity nor a set.
pub async fn on_objects_of(
    conn: &mut PgConnection,
    objects: &[(String, String)],
    subjects: &[(String, String, String)],
) -> Result<Vec<TupleRow>> {
    let (kinds, ids) = unzip(objects);
    let [subject_kinds, subject_ids, subject_relations] = columns(subjects);
    Ok(select!(
        "JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS o (kind, id)) o
         ON t.object_kind = o.kind AND t.object_id = o.id
         WHERE t.subject_kind <> 'user' AND t.subject_relation = ''
            OR (t.subject_kind, t.subject_id, t.subject_relation)
               IN (SELECT * FROM unnest($3::text[], $4::text[], $5::text[]))",
        &kinds,
        &ids,
        &subject_kinds,
        &subject_ids,
        &subject_relations
    )
    .fetch_all(conn)
    .await?)
}

// `OFFSET 0` below keeps the planner, who knows nothing of the lists that it is given, from reading whole tables: each
// row of the outer side costs one look into an index.

/// The tuples of the subjects, given as (kind, id, relation), on objects of these kinds (of all, when none is given). A
/// subject may have thousands: a row for each of them would cost more than all else of a list.
pub async fn of_subjects(
    conn: &mut PgConnection,
    subjects: &[(String, String, String)],
    object_kinds: &[String],
) -> Result<Vec<TupleRows>> {
    Ok(sqlx::query_as!(
        TupleRows,
        r#"SELECT s.kind AS "subject_kind!", s.id AS "subject_id!", s.relation AS "subject_relation!", t.relation,
                t.object_kind, t.object_ids AS "object_ids!"
         FROM (SELECT DISTINCT * FROM jsonb_to_recordset($1) AS s (kind text, id text, relation text)) s
         CROSS JOIN LATERAL (
           SELECT t.relation, t.object_kind, array_agg(t.object_id) AS object_ids FROM relation_tuples t
           WHERE t.subject_kind = s.kind AND t.subject_id = s.id AND t.subject_relation = s.relation
             AND (cardinality($2::text[]) = 0 OR t.object_kind = ANY($2))
           GROUP BY t.relation, t.object_kind
         ) t"#,
        parties(subjects),
        object_kinds
    )
    .fetch_all(conn)
    .await?)
}

/// All that is needed to tell what the subjects may do with the objects, in one read: the tuples that make the subjects
/// members of sets (objects of the kinds `sets`), at any depth; and of the tuples on the objects and on the things these
/// belong to, at any depth, those of the subjects, of their sets, and of things.
pub async fn around(
    conn: &mut PgConnection,
    objects: &[(String, String)],
    subjects: &[(String, String, String)],
    sets: &[String],
) -> Result<Vec<TupleRow>> {
    Ok(sqlx::query_as!(
        TupleRow,
        r#"WITH RECURSIVE member (kind, id, relation) AS (
             SELECT * FROM jsonb_to_recordset($2) AS s (kind text, id text, relation text)
             UNION
             SELECT t.object_kind, t.object_id, t.relation
             FROM member m
             CROSS JOIN jsonb_array_elements_text($3) AS s (kind)
             CROSS JOIN LATERAL (
               SELECT t.object_kind, t.object_id, t.relation FROM relation_tuples t
               WHERE t.subject_kind = m.kind AND t.subject_id = m.id AND t.subject_relation = m.relation
                 AND t.object_kind = s.kind
               OFFSET 0
             ) t
           ), place (kind, id) AS (
             SELECT * FROM jsonb_to_recordset($1) AS o (kind text, id text)
             UNION
             SELECT t.subject_kind, t.subject_id
             FROM place p
             CROSS JOIN LATERAL (
               SELECT t.subject_kind, t.subject_id FROM relation_tuples t
               WHERE t.object_kind = p.kind AND t.object_id = p.id
                 AND t.subject_kind <> 'user' AND t.subject_relation = ''
               OFFSET 0
             ) t
           )
           SELECT t.subject_kind AS "subject_kind!", t.subject_id AS "subject_id!",
                  t.subject_relation AS "subject_relation!", t.relation AS "relation!",
                  t.object_kind AS "object_kind!", t.object_id AS "object_id!"
           FROM place p
           CROSS JOIN LATERAL (
             SELECT t.* FROM relation_tuples t WHERE t.object_kind = p.kind AND t.object_id = p.id OFFSET 0
           ) t
           WHERE t.subject_kind <> 'user' AND t.subject_relation = ''
              OR (t.subject_kind, t.subject_id, t.subject_relation) IN (SELECT kind, id, relation FROM member)
           UNION ALL
           SELECT t.subject_kind, t.subject_id, t.subject_relation, t.relation, t.object_kind, t.object_id
           FROM member m
           CROSS JOIN jsonb_array_elements_text($3) AS s (kind)
           CROSS JOIN LATERAL (
             SELECT t.* FROM relation_tuples t
             WHERE t.subject_kind = m.kind AND t.subject_id = m.id AND t.subject_relation = m.relation
               AND t.object_kind = s.kind
             OFFSET 0
           ) t"#,
        things(objects),
        parties(subjects),
        json!(sets)
    )
    .fetch_all(conn)
    .await?)
}

/// All that is needed to tell who may do what with the objects, in one read: all tuples on them and, at any depth, on the
/// things and sets that are subjects of these.
pub async fn beneath(conn: &mut PgConnection, objects: &[(String, String)]) -> Result<Vec<TupleRow>> {
    Ok(sqlx::query_as!(
        TupleRow,
        r#"WITH RECURSIVE place (kind, id) AS (
             SELECT * FROM jsonb_to_recordset($1) AS o (kind text, id text)
             UNION
             SELECT t.subject_kind, t.subject_id
             FROM place p
             CROSS JOIN LATERAL (
               SELECT t.subject_kind, t.subject_id FROM relation_tuples t
               WHERE t.object_kind = p.kind AND t.object_id = p.id AND t.subject_kind <> 'user'
               OFFSET 0
             ) t
           )
           SELECT t.subject_kind, t.subject_id, t.subject_relation, t.relation, t.object_kind, t.object_id
           FROM place p
           CROSS JOIN LATERAL (
             SELECT t.* FROM relation_tuples t WHERE t.object_kind = p.kind AND t.object_id = p.id OFFSET 0
           ) t"#,
        things(objects)
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the tuples that pass the filter, in the order of their columns from object to subject, after the given.
pub async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    after: Option<&TupleRow>,
    limit: i64,
) -> Result<Vec<TupleRow>> {
    Ok(select!(
        "WHERE ($1 = '' OR t.subject_kind = $1) AND ($2 = '' OR t.subject_id = $2)
           AND ($3::text IS NULL OR t.subject_relation = $3) AND ($4 = '' OR t.relation = $4)
           AND ($5 = '' OR t.object_kind = $5) AND ($6 = '' OR t.object_id = $6)
           AND ($7::text IS NULL
                OR (t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation)
                    > ($7, $8, $9, $10, $11, $12))
         ORDER BY t.object_kind, t.object_id, t.relation, t.subject_kind, t.subject_id, t.subject_relation
         LIMIT $13",
        filter.subject_kind,
        filter.subject_id,
        filter.subject_relation,
        filter.relation,
        filter.object_kind,
        filter.object_id,
        after.map(|t| t.object_kind.as_str()),
        after.map(|t| t.object_id.as_str()),
        after.map(|t| t.relation.as_str()),
        after.map(|t| t.subject_kind.as_str()),
        after.map(|t| t.subject_id.as_str()),
        after.map(|t| t.subject_relation.as_str()),
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How many there are.
pub async fn count(conn: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM relation_tuples"#).fetch_one(conn).await?)
}

/// The objects as a document. The planner takes any document for a hundred rows: what it plans once it can use again,
/// which it thinks it cannot for arrays.
fn things(objects: &[(String, String)]) -> Value {
    objects.iter().map(|(kind, id)| json!({"kind": kind, "id": id})).collect()
}

/// The same for subjects.
fn parties(subjects: &[(String, String, String)]) -> Value {
    subjects.iter().map(|(kind, id, relation)| json!({"kind": kind, "id": id, "relation": relation})).collect()
}

fn unzip(pairs: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    pairs.iter().cloned().unzip()
}

fn columns(subjects: &[(String, String, String)]) -> [Vec<String>; 3] {
    [
        subjects.iter().map(|subject| subject.0.clone()).collect(),
        subjects.iter().map(|subject| subject.1.clone()).collect(),
        subjects.iter().map(|subject| subject.2.clone()).collect(),
    ]
}
