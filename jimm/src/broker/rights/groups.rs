//! Groups and roles: named sets of identities, made and named by administrators. Who is in them is told by relation tuples,
//! which go with them.

use chrono::SecondsFormat;
use jimm_proto::params::jimm_rights::{GetSetRequest, IdentitySet};
use jimm_store::groups::{self, IdentitySet as Row, NAME_KEY, SetKind};
use uuid::Uuid;

use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Entries of a page that nobody asked a length for, and at most.
const PAGE: (i64, i64) = (50, 200);

impl Broker {
    /// Makes a group or role.
    pub async fn add_set(&self, who: &Requester, kind: SetKind, name: &str) -> Result<IdentitySet> {
        check_name(kind, name)?;
        let mut conn = self.store.acquire().await?;
        let row = groups::insert(&mut conn, kind, Uuid::new_v4(), name).await.map_err(|e| taken(e, kind, name))?;
        tracing::info!(kind = kind.as_str(), name, uuid = %row.uuid, requester = %who.name, "identity set made");
        Ok(shown(row))
    }

    /// The group or role of that UUID or name.
    pub async fn get_set(&self, kind: SetKind, request: &GetSetRequest) -> Result<IdentitySet> {
        let mut conn = self.store.acquire().await?;
        let (row, called) = match (request.uuid.as_str(), request.name.as_str()) {
            ("", "") => return Err(Error::bad_request("no UUID or Name provided")),
            ("", name) => (groups::get_by_name(&mut conn, kind, name).await?, name),
            (uuid, "") => {
                let parsed = uuid.parse().map_err(|_| Error::bad_request(format!("{uuid:?} is not a UUID")))?;
                (groups::get(&mut conn, kind, parsed).await?, uuid)
            }
            _ => return Err(Error::bad_request("only one of UUID or Name should be provided")),
        };
        row.map(shown).ok_or_else(|| unknown(kind, called))
    }

    /// Gives a group or role another name; its members and rights stay.
    pub async fn rename_set(&self, who: &Requester, kind: SetKind, name: &str, new_name: &str) -> Result<()> {
        check_name(kind, new_name)?;
        let mut conn = self.store.acquire().await?;
        let row = groups::get_by_name(&mut conn, kind, name).await?.ok_or_else(|| unknown(kind, name))?;
        if !groups::rename(&mut conn, kind, row.uuid, new_name).await.map_err(|e| taken(e, kind, new_name))? {
            return Err(unknown(kind, name));
        }
        tracing::info!(kind = kind.as_str(), name, new_name, requester = %who.name, "identity set renamed");
        Ok(())
    }

    /// Removes a group or role, and every relation of it and to it.
    pub async fn remove_set(&self, who: &Requester, kind: SetKind, name: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let row = groups::get_by_name(&mut tx, kind, name).await?.ok_or_else(|| unknown(kind, name))?;
        groups::delete(&mut tx, kind, row.uuid).await?;
        tx.commit().await?;
        tracing::info!(kind = kind.as_str(), name, uuid = %row.uuid, requester = %who.name, "identity set removed");
        Ok(())
    }

    /// A page of groups or roles, by name.
    pub async fn list_sets(&self, kind: SetKind, limit: i64, offset: i64) -> Result<Vec<IdentitySet>> {
        if limit < 0 || offset < 0 {
            return Err(Error::bad_request("limit and offset must not be negative"));
        }
        let limit = if limit == 0 { PAGE.0 } else { limit.min(PAGE.1) };
        let rows = groups::list(&mut *self.store.acquire().await?, kind, "", offset, limit).await?;
        Ok(rows.into_iter().map(shown).collect())
    }
}

/// Makes the group or role where there is none of that name.
pub(in crate::broker) async fn ensure_set(tx: &mut jimm_store::Tx, kind: SetKind, name: &str) -> Result<()> {
    check_name(kind, name)?;
    if groups::get_by_name(tx, kind, name).await?.is_none() {
        groups::insert(tx, kind, Uuid::new_v4(), name).await.map_err(|e| taken(e, kind, name))?;
    }
    Ok(())
}

/// A letter, then letters, digits, dots, underscores and hyphens, with a letter or digit at the end; three at least.
fn check_name(kind: SetKind, name: &str) -> Result<()> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let good = name.len() >= 3
        && name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(inner);
    if good {
        return Ok(());
    }
    let kind = kind.as_str();
    Err(Error::bad_request(format!(
        "invalid {kind} name: give three or more letters, digits, \".\", \"_\" or \"-\", a letter first, no sign last"
    )))
}

fn unknown(kind: SetKind, called: &str) -> Error {
    Error::not_found(format!("{} {called} not found", kind.as_str()))
}

fn taken(error: jimm_store::StoreError, kind: SetKind, name: &str) -> Error {
    match error.conflict() {
        Some(NAME_KEY) => Error::new(Kind::AlreadyExists, format!("{} {name} already exists", kind.as_str())),
        _ => error.into(),
    }
}

/// As clients see it.
pub(in crate::broker) fn shown(row: Row) -> IdentitySet {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    IdentitySet {
        uuid: row.uuid.to_string(),
        name: row.name,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_and_roles() {
        for name in ["abc", "platform-team", "a.b_c-1", "A12"] {
            assert!(check_name(SetKind::Group, name).is_ok(), "{name}");
        }
        for name in ["", "ab", "1ab", "ab-", "a b", "grüppe", "a#b", "a:bc", &"x".repeat(256)] {
            let error = check_name(SetKind::Role, name).expect_err(name);
            assert!(error.message().starts_with("invalid role name"), "{error}");
        }
    }
}
