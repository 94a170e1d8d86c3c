//! The columns that hold secrets, all of them: to seal them anew, and to know which secrets outside are still named.
//!
//! What they hold is bytes here. A new column of that kind is a new [`Column`]; a test compares them with the schema.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A column that holds secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Column {
    /// Passwords of controllers' superusers.
    Controllers,
    /// What cloud credentials hold.
    Credentials,
    /// What the identity provider is asked with about sessions.
    Sessions,
    /// Private halves of signing keys.
    SigningKeys,
    /// The private half of the pair that third-party caveats are sealed to.
    BakeryKeys,
    /// Private halves of the keys of the audit log.
    AuditKeys,
    /// What jobs need.
    JobSecrets,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Controllers,
        Self::Credentials,
        Self::Sessions,
        Self::SigningKeys,
        Self::BakeryKeys,
        Self::AuditKeys,
        Self::JobSecrets,
    ];

    /// The table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Controllers => "controllers",
            Self::Credentials => "credentials",
            Self::Sessions => "sessions",
            Self::SigningKeys => "signing_keys",
            Self::BakeryKeys => "bakery_keys",
            Self::AuditKeys => "audit_keys",
            Self::JobSecrets => "job_secrets",
        }
    }

    /// The column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Controllers => "admin_sealed",
            Self::Credentials
            | Self::Sessions
            | Self::SigningKeys
            | Self::BakeryKeys
            | Self::AuditKeys
            | Self::JobSecrets => "sealed",
        }
    }
}

/// A row's key: as many texts as it has parts, the rest empty.
pub type Key = [String; 3];

/// What such a column holds in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// Which row.
    pub key: Key,
    /// What it holds.
    pub sealed: Vec<u8>,
}

impl Sealed {
    /// The row's key as one text.
    pub fn id(&self) -> String {
        let parts: Vec<&str> = self.key.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }
}

struct Row {
    a: String,
    b: String,
    c: String,
    sealed: Vec<u8>,
}

/// The rows after that one, in the order of their keys.
pub async fn page(conn: &mut PgConnection, column: Column, after: &Key, limit: i64) -> Result<Vec<Sealed>> {
    let [a, b, c] = after;
    let rows = match column {
        Column::Controllers => {
            sqlx::query_as!(
                Row,
                r#"SELECT uuid::text AS "a!", '' AS "b!", '' AS "c!", admin_sealed AS "sealed!" FROM controllers
                   WHERE admin_sealed IS NOT NULL AND uuid::text > $1 ORDER BY uuid::text LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::Credentials => {
            sqlx::query_as!(
                Row,
                r#"SELECT cloud AS a, owner AS b, name AS c, sealed AS "sealed!" FROM credentials
                   WHERE sealed IS NOT NULL AND (cloud, owner, name) > ($1, $2, $3)
                   ORDER BY cloud, owner, name LIMIT $4"#,
                a,
                b,
                c,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::Sessions => {
            sqlx::query_as!(
                Row,
                r#"SELECT id::text AS "a!", '' AS "b!", '' AS "c!", sealed AS "sealed!" FROM sessions
                   WHERE sealed IS NOT NULL AND id::text > $1 ORDER BY id::text LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::SigningKeys => {
            sqlx::query_as!(
                Row,
                r#"SELECT kid AS a, '' AS "b!", '' AS "c!", sealed FROM signing_keys
                   WHERE kid > $1 ORDER BY kid LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::BakeryKeys => {
            sqlx::query_as!(
                Row,
                r#"SELECT id AS a, '' AS "b!", '' AS "c!", sealed FROM bakery_keys
                   WHERE id > $1 ORDER BY id LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::AuditKeys => {
            sqlx::query_as!(
                Row,
                r#"SELECT kid AS a, '' AS "b!", '' AS "c!", sealed FROM audit_keys
                   WHERE kid > $1 ORDER BY kid LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Column::JobSecrets => {
            sqlx::query_as!(
                Row,
                r#"SELECT id::text AS "a!", '' AS "b!", '' AS "c!", sealed FROM job_secrets
                   WHERE id::text > $1 ORDER BY id::text LIMIT $2"#,
                a,
                limit
            )
            .fetch_all(conn)
            .await?
        }
    };
    Ok(rows.into_iter().map(|row| Sealed { key: [row.a, row.b, row.c], sealed: row.sealed }).collect())
}

/// Puts other bytes for the same secret into a row; tells whether the row still held what it is said to.
pub async fn replace(conn: &mut PgConnection, column: Column, row: &Sealed, new: &[u8]) -> Result<bool> {
    let [a, b, c] = &row.key;
    let old = &row.sealed;
    let done = match column {
        Column::Controllers => {
            sqlx::query!(
                "UPDATE controllers SET admin_sealed = $3 WHERE uuid::text = $1 AND admin_sealed = $2",
                a,
                old,
                new
            )
            .execute(conn)
            .await?
        }
        Column::Credentials => {
            sqlx::query!(
                "UPDATE credentials SET sealed = $5
                 WHERE cloud = $1 AND owner = $2 AND name = $3 AND sealed = $4",
                a,
                b,
                c,
                old,
                new
            )
            .execute(conn)
            .await?
        }
        Column::Sessions => {
            sqlx::query!("UPDATE sessions SET sealed = $3 WHERE id::text = $1 AND sealed = $2", a, old, new)
                .execute(conn)
                .await?
        }
        Column::SigningKeys => {
            sqlx::query!("UPDATE signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2", a, old, new)
                .execute(conn)
                .await?
        }
        Column::BakeryKeys => {
            sqlx::query!("UPDATE bakery_keys SET sealed = $3 WHERE id = $1 AND sealed = $2", a, old, new)
                .execute(conn)
                .await?
        }
        Column::AuditKeys => {
            sqlx::query!("UPDATE audit_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2", a, old, new)
                .execute(conn)
                .await?
        }
        Column::JobSecrets => {
            sqlx::query!("UPDATE job_secrets SET sealed = $3 WHERE id::text = $1 AND sealed = $2", a, old, new)
                .execute(conn)
                .await?
        }
    };
    Ok(done.rows_affected() > 0)
}

/// How many secrets there are, by their first bytes.
pub async fn heads(conn: &mut PgConnection, length: i32) -> Result<Vec<(Vec<u8>, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT substring(sealed FROM 1 FOR $1) AS "head!", count(*) AS "count!"
           FROM (SELECT admin_sealed AS sealed FROM controllers WHERE admin_sealed IS NOT NULL
                 UNION ALL SELECT sealed FROM credentials WHERE sealed IS NOT NULL
                 UNION ALL SELECT sealed FROM sessions WHERE sealed IS NOT NULL
                 UNION ALL SELECT sealed FROM signing_keys
                 UNION ALL SELECT sealed FROM bakery_keys
                 UNION ALL SELECT sealed FROM audit_keys
                 UNION ALL SELECT sealed FROM job_secrets) AS every
           GROUP BY 1 ORDER BY 1"#,
        length
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.head, row.count)).collect())
}

/// Those of the given contents that no row holds.
pub async fn unnamed(conn: &mut PgConnection, contents: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT content AS "content!" FROM unnest($1::bytea[]) AS given (content)
           WHERE NOT EXISTS (SELECT FROM controllers WHERE admin_sealed = content)
             AND NOT EXISTS (SELECT FROM credentials WHERE sealed = content)
             AND NOT EXISTS (SELECT FROM sessions WHERE sealed = content)
             AND NOT EXISTS (SELECT FROM signing_keys WHERE sealed = content)
             AND NOT EXISTS (SELECT FROM bakery_keys WHERE sealed = content)
             AND NOT EXISTS (SELECT FROM audit_keys WHERE sealed = content)
             AND NOT EXISTS (SELECT FROM job_secrets WHERE sealed = content)"#,
        contents
    )
    .fetch_all(conn)
    .await?)
}

/// Which database this is: see the table.
pub async fn installation(conn: &mut PgConnection) -> Result<Uuid> {
    Ok(sqlx::query_scalar!("SELECT id FROM installation").fetch_one(conn).await?)
}
