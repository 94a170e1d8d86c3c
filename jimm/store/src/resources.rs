//! Everything that one can have rights to, in one list.

use sqlx::PgConnection;

use crate::Result;

/// A controller, cloud, model, offer or service account.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// E.g. `model`.
    pub kind: String,
    /// A UUID or name.
    pub id: String,
    /// A name for people: `alice@example.com/shop`.
    pub name: String,
    /// The kind of the thing it belongs to; empty when there is none.
    pub parent_kind: String,
    /// Its UUID or name.
    pub parent_id: String,
    /// Its name for people.
    pub parent_name: String,
    /// How many there are in all, on every page.
    pub total: i64,
}

/// A page of the things of that kind (of any, when it is empty) whose name begins so, by kind and name.
pub async fn page(
    conn: &mut PgConnection,
    kind: &str,
    beginning: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<Resource>> {
    Ok(sqlx::query_as!(
        Resource,
        r#"SELECT r.kind AS "kind!", r.id AS "id!", r.name AS "name!", r.parent_kind AS "parent_kind!",
                  r.parent_id AS "parent_id!", r.parent_name AS "parent_name!", count(*) OVER () AS "total!"
           FROM (
               SELECT 'controller' AS kind, uuid::text AS id, name, '' AS parent_kind, '' AS parent_id,
                      '' AS parent_name
               FROM controllers
               UNION ALL
               SELECT 'cloud', name, name, '', '', '' FROM clouds
               UNION ALL
               SELECT 'model', m.uuid::text, m.owner || '/' || m.name, 'controller', c.uuid::text, c.name
               FROM models m JOIN controllers c ON c.uuid = m.controller_uuid
               UNION ALL
               SELECT 'applicationoffer', o.uuid::text, o.url, 'model', m.uuid::text, m.owner || '/' || m.name
               FROM offers o JOIN models m ON m.uuid = o.model_uuid
               UNION ALL
               SELECT 'serviceaccount', name, name, '', '', '' FROM identities WHERE name LIKE '%@serviceaccount'
           ) r
           WHERE ($1 = '' OR r.kind = $1) AND starts_with(r.name, $2)
           ORDER BY r.kind, r.name, r.id OFFSET $3 LIMIT $4"#,
        kind,
        beginning,
        offset,
        limit
    )
    .fetch_all(conn)
    .await?)
}
