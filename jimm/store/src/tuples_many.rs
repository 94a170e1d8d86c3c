//! Many relation tuples at once, in one statement. Knows what one tuple is from [`crate::tuples`].

use std::collections::BTreeSet;

use crate::tuples::{TupleRow, told};
use crate::{Result, Tx};

/// Columns of tuples, sorted: who changes many at once takes them in one order.
struct Columns([Vec<String>; 6]);

impl Columns {
    fn of(tuples: &[TupleRow]) -> Self {
        let mut sorted: Vec<&TupleRow> = tuples.iter().collect();
        sorted.sort_unstable();
        let column = |pick: fn(&TupleRow) -> &String| sorted.iter().map(|tuple| pick(tuple).clone()).collect();
        Self([
            column(|tuple| &tuple.subject_kind),
            column(|tuple| &tuple.subject_id),
            column(|tuple| &tuple.subject_relation),
            column(|tuple| &tuple.relation),
            column(|tuple| &tuple.object_kind),
            column(|tuple| &tuple.object_id),
        ])
    }
}

/// Adds the tuples that are not there.
pub async fn insert(tx: &mut Tx, tuples: &[TupleRow]) -> Result<()> {
    let conn = tx.changing();
    let Columns([subject_kinds, subject_ids, subject_relations, relations, object_kinds, object_ids]) =
        Columns::of(tuples);
    sqlx::query!(
        "INSERT INTO relation_tuples (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         ON CONFLICT DO NOTHING",
        &subject_kinds,
        &subject_ids,
        &subject_relations,
        &relations,
        &object_kinds,
        &object_ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes the tuples that are there.
pub async fn delete(tx: &mut Tx, tuples: &[TupleRow]) -> Result<()> {
    let conn = tx.changing();
    let Columns([subject_kinds, subject_ids, subject_relations, relations, object_kinds, object_ids]) =
        Columns::of(tuples);
    let gone = sqlx::query!(
        "DELETE FROM relation_tuples t
         USING unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
             AS g (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
         WHERE t.object_kind = g.object_kind AND t.object_id = g.object_id AND t.relation = g.relation
           AND t.subject_kind = g.subject_kind AND t.subject_id = g.subject_id
           AND t.subject_relation = g.subject_relation
         RETURNING t.object_kind, t.object_id",
        &subject_kinds,
        &subject_ids,
        &subject_relations,
        &relations,
        &object_kinds,
        &object_ids
    )
    .fetch_all(&mut *conn)
    .await?;
    let objects: BTreeSet<(String, String)> = gone.into_iter().map(|row| (row.object_kind, row.object_id)).collect();
    for (kind, id) in &objects {
        told(conn, 1, kind, id).await?;
    }
    Ok(())
}
