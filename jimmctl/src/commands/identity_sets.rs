//! Groups and roles: add, rename, remove, list.

use std::collections::BTreeMap;

use jimm_proto::params::jimm_rights::{
    IdentitySet, ListSetsRequest, ListSetsResponse, RenameSetRequest, SetNameRequest,
};
use serde::de::IgnoredAny;

use super::question::confirm;
use crate::cli::GlobalArgs;
use crate::cli::rights::{AddSetArgs, ListSetsArgs, RemoveSetArgs, RenameSetArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

/// Entries of one answer of the broker.
const PAGE: usize = 200;

/// Which kind of set the command is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Group,
    Role,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// The method of the broker that does this to one.
    fn method(self, verb: &str) -> String {
        match self {
            Self::Group => format!("{verb}Group"),
            Self::Role => format!("{verb}Role"),
        }
    }

    fn name(self, name: Option<&String>) -> Result<&String> {
        name.ok_or_else(|| Failure::usage(format!("{} name not specified", self.word())))
    }
}

pub(super) async fn add(global: &GlobalArgs, kind: Kind, args: &AddSetArgs) -> Result<()> {
    let request = SetNameRequest { name: kind.name(args.name.as_ref())?.clone() };
    let answer = async { Session::open(global).await?.call(&kind.method("Add"), &request).await };
    let made: IdentitySet = args.output.or_nothing(answer.await)?;
    let yaml = BTreeMap::from([(kind.word(), &made)]);
    args.output.print(&made, &yaml, || table(std::slice::from_ref(&made)))
}

pub(super) async fn rename(global: &GlobalArgs, kind: Kind, args: &RenameSetArgs) -> Result<()> {
    let name = kind.name(args.name.as_ref())?.clone();
    let new_name = args.new_name.clone().ok_or_else(|| Failure::usage("new name not specified"))?;
    let request = RenameSetRequest { name, new_name };
    let _: IgnoredAny = Session::open(global).await?.call(&kind.method("Rename"), &request).await?;
    Ok(())
}

pub(super) async fn remove(global: &GlobalArgs, kind: Kind, args: &RemoveSetArgs) -> Result<()> {
    let name = kind.name(args.name.as_ref())?.clone();
    if !args.yes {
        let question = format!(
            "This will also delete all associated relations.\nConfirm you would like to delete {} {name:?}",
            kind.word()
        );
        confirm(&question, "nothing is removed")?;
    }
    let request = SetNameRequest { name };
    let _: IgnoredAny = Session::open(global).await?.call(&kind.method("Remove"), &request).await?;
    Ok(())
}

pub(super) async fn list(global: &GlobalArgs, kind: Kind, args: &ListSetsArgs) -> Result<()> {
    if args.limit.is_some_and(|n| n < 1) || args.offset < 0 {
        return Err(Failure::usage("--limit takes a positive number, --offset none below zero"));
    }
    let answer = async {
        let session = Session::open(global).await?;
        all(&session, kind, args.limit, args.offset).await
    };
    let sets = args.output.or_nothing(answer.await)?;
    args.output.print(&sets, &sets, || table(&sets))
}

/// The groups or roles by name, page after page to the end or to the limit.
pub(super) async fn all(
    session: &Session,
    kind: Kind,
    limit: Option<i64>,
    mut offset: i64,
) -> Result<Vec<IdentitySet>> {
    let wanted = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let mut sets: Vec<IdentitySet> = Vec::new();
    while sets.len() < wanted {
        let page = PAGE.min(wanted - sets.len());
        let request = ListSetsRequest { limit: i64::try_from(page).unwrap_or(i64::MAX), offset };
        let answer: ListSetsResponse = session.call(&(kind.method("List") + "s"), &request).await?;
        let got = answer.sets.len();
        offset += i64::try_from(got).unwrap_or(0);
        sets.extend(answer.sets);
        if got < page {
            break;
        }
    }
    Ok(sets)
}

fn table(sets: &[IdentitySet]) -> String {
    let mut table = Table::new(&["Name", "UUID", "Created", "Updated"]);
    for set in sets {
        table.row([&set.name, &set.uuid, &set.created_at, &set.updated_at]);
    }
    table.render()
}
