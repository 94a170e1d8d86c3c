//! `apply` and `export-access`: groups, roles and rights as one file that can be kept under version control.
//!
//! Relations that things have to what they belong to (a model to its controller, an offer to its model) are the broker's
//! own: they are neither written nor read.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::jimm_rights::{ChangeAccessRequest, RelationshipTuple};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::identity_sets::{self, Kind};
use super::question::confirm;
use super::relations;
use crate::cli::GlobalArgs;
use crate::cli::rights::{ApplyArgs, ExportAccessArgs};
use crate::client_store::replace_private;
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::{go_yaml, input};

/// Longest access file, in bytes.
const LONGEST: u64 = 64 << 20;

/// The file.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
struct AccessFile {
    groups: Vec<Group>,
    roles: Vec<Role>,
    relations: Vec<RelationshipTuple>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    #[serde(default)]
    assignees: Vec<String>,
}

/// Who, what, to what: in an order.
type Tuple = (String, String, String);

/// A file with its groups and roles taken apart.
#[derive(Default)]
struct Facts {
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
    tuples: BTreeSet<Tuple>,
}

pub(super) async fn export(global: &GlobalArgs, args: &ExportAccessArgs) -> Result<()> {
    let file = AccessFile::from(read_broker(&Session::open(global).await?).await?);
    let text = go_yaml::to_string(
        &serde_norway::to_value(&file).map_err(|e| Failure::failed(format!("cannot write the access file: {e}")))?,
    );
    match &args.output {
        Some(path) => replace_private(path, &text),
        None => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
    }
}

pub(super) async fn apply(global: &GlobalArgs, args: &ApplyArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("access file not specified: give -f FILE"))?;
    if file == Path::new("-") && !args.yes && !args.dry_run {
        return Err(Failure::usage("a file on standard input leaves no way to ask: add --yes or --dry-run"));
    }
    let wanted = parse(&input::read(file, LONGEST, "for an access file")?, file)?;
    let session = Session::open(global).await?;
    let changes = changes(&wanted, &read_broker(&session).await?, args.prune);
    let text = differences(&changes);
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let many = text.lines().count();
    if many == 0 || args.dry_run {
        say(global, &if many == 0 { "nothing to change".to_owned() } else { format!("{many} changes; none was made") });
        return Ok(());
    }
    if !args.yes {
        confirm(&format!("Make these {many} changes"), "nothing has changed")?;
    }
    let _: IgnoredAny = session.call("ChangeAccess", &changes).await?;
    say(global, &format!("{many} changes made"));
    Ok(())
}

fn say(global: &GlobalArgs, text: &str) {
    if !global.quiet {
        eprintln!("{text}");
    }
}

/// What the broker has.
async fn read_broker(session: &Session) -> Result<Facts> {
    let names =
        |sets: Vec<jimm_proto::params::jimm_rights::IdentitySet>| sets.into_iter().map(|set| set.name).collect();
    let groups = names(identity_sets::all(session, Kind::Group, None, 0).await?);
    let roles = names(identity_sets::all(session, Kind::Role, None, 0).await?);
    let (tuples, _) = relations::all(session, RelationshipTuple::default(), true).await?;
    let tuples = tuples.into_iter().filter(|t| !matches!(t.relation.as_str(), "controller" | "model")).map(ordered);
    Ok(Facts { groups, roles, tuples: tuples.collect() })
}

fn ordered(tuple: RelationshipTuple) -> Tuple {
    (tuple.object, tuple.relation, tuple.target_object)
}

fn parse(text: &str, file: &Path) -> Result<Facts> {
    let name = file.display();
    let read: Option<AccessFile> = serde_norway::from_str(text).map_err(|e| {
        Failure::failed(format!("cannot read {name}: {}", without_value(&e.to_string())))
            .with_hint("\"jimmctl export-access\" writes such a file")
    })?;
    let read = read.unwrap_or_default();
    let mut facts = Facts::default();
    let twice = |what: &str, called: &str| Failure::failed(format!("{name}: there are two {what} {called:?}"));
    for group in read.groups {
        let target = format!("group-{}", group.name);
        facts.tuples.extend(group.members.into_iter().map(|who| (who, "member".to_owned(), target.clone())));
        if !facts.groups.insert(group.name.clone()) {
            return Err(twice("groups", &group.name));
        }
    }
    for role in read.roles {
        let target = format!("role-{}", role.name);
        facts.tuples.extend(role.assignees.into_iter().map(|who| (who, "assignee".to_owned(), target.clone())));
        if !facts.roles.insert(role.name.clone()) {
            return Err(twice("roles", &role.name));
        }
    }
    facts.tuples.extend(read.relations.into_iter().map(ordered));
    let is_admin = |t: &Tuple| t.1 == "administrator" && t.2 == "controller-jimm";
    if !facts.tuples.iter().any(is_admin) {
        return Err(Failure::failed(format!("{name} names no administrator of controller-jimm")).with_hint(
            "without one nobody could change rights any more; \"jimmctl export-access\" writes who they are",
        ));
    }
    Ok(facts)
}

impl From<Facts> for AccessFile {
    fn from(facts: Facts) -> Self {
        let of = |relation: &str, target: &str| -> Vec<String> {
            let held = facts.tuples.iter().filter(|t| t.1 == relation && t.2 == target);
            held.map(|t| t.0.clone()).collect()
        };
        let groups = facts
            .groups
            .iter()
            .map(|name| Group { name: name.clone(), members: of("member", &format!("group-{name}")) });
        let roles = facts
            .roles
            .iter()
            .map(|name| Role { name: name.clone(), assignees: of("assignee", &format!("role-{name}")) });
        let (groups, roles) = (groups.collect(), roles.collect());
        let in_sets = |t: &Tuple| matches!(t.1.as_str(), "member" | "assignee");
        let relations = facts.tuples.iter().filter(|t| !in_sets(t)).cloned().map(tuple).collect();
        Self { groups, roles, relations }
    }
}

fn tuple((object, relation, target_object): Tuple) -> RelationshipTuple {
    RelationshipTuple { object, relation, target_object }
}

/// What has to change so that everything wanted is there; with `prune`, and nothing else.
fn changes(wanted: &Facts, there: &Facts, prune: bool) -> ChangeAccessRequest {
    let more = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
    let tuples = |a: &Facts, b: &Facts| a.tuples.difference(&b.tuples).cloned().map(tuple).collect();
    let mut changes = ChangeAccessRequest {
        add_groups: more(&wanted.groups, &there.groups),
        add_roles: more(&wanted.roles, &there.roles),
        add: tuples(wanted, there),
        ..ChangeAccessRequest::default()
    };
    if prune {
        changes.remove = tuples(there, wanted);
        changes.remove_groups = more(&there.groups, &wanted.groups);
        changes.remove_roles = more(&there.roles, &wanted.roles);
    }
    changes
}

/// One line for each change.
fn differences(changes: &ChangeAccessRequest) -> String {
    let mut lines = Vec::new();
    let names = |sign: char, what: &str, names: &[String]| -> Vec<String> {
        names.iter().map(|name| format!("{sign} {what} {name}")).collect()
    };
    let tuples = |sign: char, tuples: &[RelationshipTuple]| -> Vec<String> {
        tuples.iter().map(|t| format!("{sign} {} {} {}", t.object, t.relation, t.target_object)).collect()
    };
    lines.extend(names('+', "group", &changes.add_groups));
    lines.extend(names('+', "role", &changes.add_roles));
    lines.extend(tuples('+', &changes.add));
    lines.extend(tuples('-', &changes.remove));
    lines.extend(names('-', "group", &changes.remove_groups));
    lines.extend(names('-', "role", &changes.remove_roles));
    lines.into_iter().map(|line| line.replace(char::is_control, " ") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
groups:
- name: platform
  members: [user-alice@example.com]
roles:
- name: deployer
  assignees: ['group-platform#member']
relations:
- {object: user-admin@example.com, relation: administrator, target_object: controller-jimm}
";

    fn facts(text: &str) -> Result<Facts> {
        parse(text, Path::new("access.yaml"))
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let written = serde_norway::to_string(&AccessFile::from(facts(FILE).expect("good"))).expect("YAML");
        let (read, again): (AccessFile, AccessFile) =
            (serde_norway::from_str(FILE).expect("good"), serde_norway::from_str(&written).expect("good"));
        assert_eq!(read, again);
    }

    #[test]
    fn differences_are_what_is_missing_and_with_prune_what_is_too_much() {
        let wanted = facts(FILE).expect("good");
        let there = Facts {
            groups: BTreeSet::from(["old-group".to_owned()]),
            tuples: wanted.tuples.iter().filter(|t| t.1 == "administrator").cloned().collect(),
            ..Facts::default()
        };
        let added = "+ group platform\n+ role deployer\n+ group-platform#member assignee role-deployer\n\
                     + user-alice@example.com member group-platform\n";
        assert_eq!(differences(&changes(&wanted, &there, false)), added);
        assert_eq!(differences(&changes(&wanted, &there, true)), format!("{added}- group old-group\n"));
        assert_eq!(differences(&changes(&wanted, &wanted, true)), "");
    }

    #[test]
    fn a_file_that_locks_everybody_out_or_is_none_is_refused() {
        for (text, told) in [
            ("", "names no administrator of controller-jimm"),
            ("grups: []", "unknown field"),
            ("groups: [{name: a}, {name: a}]", "there are two groups \"a\""),
            ("- 1", "cannot read access.yaml"),
        ] {
            let error = facts(text).err().expect(text).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
