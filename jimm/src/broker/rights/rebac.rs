//! What the administration of rights over HTTP asks: pages of identities, groups, roles, things, and rights written down.
//! Callers are administrators; that was checked before.

use std::collections::HashSet;

use jimm_authz::{ObjectKind, Relation, Subject, Tuple};
use jimm_proto::params::jimm_rights::{ChangeAccessRequest, GetSetRequest, IdentitySet, RelationshipTuple};
use jimm_store::groups::{self, SetKind};
use jimm_store::identities::{self, Identity};
use jimm_store::resources::{self, Resource};
use jimm_store::tuples::{self, Filter};
use uuid::Uuid;

use super::relations::{check_count, read_token, token};
use crate::broker::identity::users::parse_user_name;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};
use crate::tuple_rows::from_row;

/// Rows that are looked at at a time for a page of rights.
const BATCH: i64 = 200;

/// Some of many, and how many there are.
pub struct Page<T> {
    /// The page.
    pub items: Vec<T>,
    /// All of them.
    pub total: i64,
}

/// Some of many that nobody counts, and where the next page begins.
pub struct Stretch<T> {
    /// The page.
    pub items: Vec<T>,
    /// For the next page; empty on the last.
    pub next: String,
}

/// Who has rights: an identity, or all that are in a group or role.
#[derive(Clone, Debug)]
pub enum Holder {
    /// An identity, by its name.
    Identity(String),
    /// A group, by its UUID.
    Group(Uuid),
    /// A role, by its UUID.
    Role(Uuid),
}

impl Holder {
    fn subject(&self) -> Subject {
        match self {
            Self::Identity(name) => Subject::user(name),
            Self::Group(uuid) => Subject::members(uuid),
            Self::Role(uuid) => Subject::assignees(uuid),
        }
    }

    /// As tuples write it.
    pub fn tag(&self) -> String {
        match self {
            Self::Identity(name) => format!("user-{name}"),
            Self::Group(uuid) => format!("group-{uuid}#member"),
            Self::Role(uuid) => format!("role-{uuid}#assignee"),
        }
    }

    fn filter(&self) -> Filter {
        let subject = self.subject();
        let (kind, id, set) = subject.parts();
        Filter {
            subject_kind: kind.to_owned(),
            subject_id: id.to_owned(),
            subject_relation: Some(set.to_owned()),
            ..Filter::default()
        }
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Broker {
    /// A page of the identities whose name contains `matching`.
    pub async fn identities_page(&self, matching: &str, offset: i64, limit: i64) -> Result<Page<Identity>> {
        let mut conn = self.store.acquire().await?;
        let items = identities::page(&mut conn, matching, offset, limit).await?;
        Ok(Page { items, total: identities::count(&mut conn, matching).await? })
    }

    /// The identity of that name.
    pub async fn identity(&self, name: &str) -> Result<Identity> {
        let unknown = || Error::not_found(format!("identity {name} not found"));
        let parsed = parse_user_name(name).map_err(|_| unknown())?.to_string();
        identities::get(&mut *self.store.acquire().await?, &parsed).await?.ok_or_else(unknown)
    }

    /// A page of the groups or roles whose name contains `matching`.
    pub async fn sets_page(&self, kind: SetKind, matching: &str, offset: i64, limit: i64) -> Result<Page<IdentitySet>> {
        let mut conn = self.store.acquire().await?;
        let rows = groups::list(&mut conn, kind, matching, offset, limit).await?;
        let items = rows.into_iter().map(super::groups::shown).collect();
        Ok(Page { items, total: groups::count(&mut conn, kind, matching).await? })
    }

    /// The group or role of that UUID, given as text.
    pub async fn set_by_id(&self, kind: SetKind, id: &str) -> Result<IdentitySet> {
        if id.parse::<Uuid>().is_err() {
            return Err(Error::not_found(format!("{} {id} not found", kind.as_str())));
        }
        self.get_set(kind, &GetSetRequest { uuid: id.to_owned(), name: String::new() }).await
    }

    /// A page of everything one can have rights to.
    pub async fn resources_page(&self, kind: &str, beginning: &str, offset: i64, limit: i64) -> Result<Page<Resource>> {
        let mut conn = self.store.acquire().await?;
        let items = resources::page(&mut conn, kind, beginning, offset, limit).await?;
        let total = match items.first() {
            Some(first) => first.total,
            None if offset == 0 => 0,
            None => resources::page(&mut conn, kind, beginning, 0, 1).await?.first().map_or(0, |first| first.total),
        };
        Ok(Page { items, total })
    }

    /// The rights that are written down for the holder, but for groups it is in and roles it has.
    pub async fn rights_of(&self, holder: &Holder, after: &str, limit: usize) -> Result<Stretch<Tuple>> {
        let is_right = |tuple: &Tuple| !matches!(tuple.object.kind, ObjectKind::Group | ObjectKind::Role);
        self.stretch(&holder.filter(), after, limit, is_right).await
    }

    /// The groups, or roles, that the holder is written down in.
    pub async fn sets_of(
        &self,
        holder: &Holder,
        kind: SetKind,
        after: &str,
        limit: usize,
    ) -> Result<Stretch<IdentitySet>> {
        let filter = Filter { object_kind: kind.as_str().to_owned(), ..holder.filter() };
        let found = self.stretch(&filter, after, limit, |_| true).await?;
        let uuids: Vec<Uuid> = found.items.iter().filter_map(|tuple| tuple.object.id.parse().ok()).collect();
        let rows = groups::get_many(&mut *self.store.acquire().await?, kind, &uuids).await?;
        let mut items: Vec<IdentitySet> = rows.into_iter().map(super::groups::shown).collect();
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Stretch { items, next: found.next })
    }

    /// The identities that are written down in the group.
    pub async fn members_of(&self, group: Uuid, after: &str, limit: usize) -> Result<Stretch<Identity>> {
        let filter = Filter {
            subject_kind: ObjectKind::User.to_string(),
            relation: Relation::Member.to_string(),
            object_kind: ObjectKind::Group.to_string(),
            object_id: group.to_string(),
            ..Filter::default()
        };
        let found = self.stretch(&filter, after, limit, |tuple| matches!(tuple.subject, Subject::User(_))).await?;
        let names: Vec<String> = found
            .items
            .into_iter()
            .filter_map(|tuple| match tuple.subject {
                Subject::User(name) => Some(name),
                _ => None,
            })
            .collect();
        let items = identities::get_many(&mut *self.store.acquire().await?, &names).await?;
        Ok(Stretch { items, next: found.next })
    }

    async fn stretch(
        &self,
        filter: &Filter,
        after: &str,
        limit: usize,
        wanted: impl Fn(&Tuple) -> bool,
    ) -> Result<Stretch<Tuple>> {
        let mut after = match after {
            "" => None,
            given => Some(
                read_token(given)
                    .ok_or_else(|| Error::not_found("there is no page with this token: begin with the first"))?,
            ),
        };
        let mut conn = self.store.acquire().await?;
        let (mut items, mut taken) = (Vec::new(), String::new());
        loop {
            let rows = tuples::list(&mut conn, filter, after.as_ref(), BATCH).await?;
            let was_last = count(rows.len()) < BATCH;
            for row in rows {
                if let Some(tuple) = from_row(row.clone()).filter(&wanted) {
                    if items.len() == limit {
                        return Ok(Stretch { items, next: taken });
                    }
                    items.push(tuple);
                    taken = token(&row);
                }
                after = Some(row);
            }
            if was_last {
                return Ok(Stretch { items, next: String::new() });
            }
        }
    }

    /// Adds and removes tuples, all or none, as if one after the other.
    pub async fn patch_relations(&self, who: &Requester, patches: Vec<(bool, RelationshipTuple)>) -> Result<()> {
        check_count(patches.len())?;
        let mut asked = ChangeAccessRequest::default();
        let mut seen = HashSet::new();
        // Of several about the same, the last one holds.
        for (added, tuple) in patches.into_iter().rev() {
            if !seen.insert([tuple.object.clone(), tuple.relation.clone(), tuple.target_object.clone()]) {
                continue;
            }
            if added { asked.add.push(tuple) } else { asked.remove.push(tuple) }
        }
        self.change_access(who, &asked).await
    }
}
