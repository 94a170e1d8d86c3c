//! The command line's part about rights: groups, roles, relations, and access files.
//!
//! What the reference's older command lines call `auth group add`, newer ones call `add-group`: both are there, with the
//! same arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::help::rights as help;
use crate::output::OutputArgs;

/// Commands of `auth`.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Groups of users
    #[command(subcommand, after_help = help::GROUP)]
    Group(SetCommand),
    /// Roles, which are given to users and groups
    #[command(subcommand, after_help = help::ROLE)]
    Role(SetCommand),
    /// Relations: who has which right to what
    #[command(subcommand, after_help = help::RELATION)]
    Relation(RelationCommand),
}

/// Commands of `auth group` and `auth role`.
#[derive(Debug, Subcommand)]
pub enum SetCommand {
    /// Make one
    #[command(after_help = help::AUTH_SET)]
    Add(AddSetArgs),
    /// Give one another name; its members and rights stay
    #[command(after_help = help::AUTH_SET)]
    Rename(RenameSetArgs),
    /// Remove one, and every relation of it and to it
    #[command(after_help = help::AUTH_SET)]
    Remove(RemoveSetArgs),
    /// List them by name
    #[command(after_help = help::AUTH_SET)]
    List(ListSetsArgs),
}

/// Commands of `auth relation`.
#[derive(Debug, Subcommand)]
pub enum RelationCommand {
    /// Give a right
    #[command(after_help = help::ADD_PERMISSION)]
    Add(RelationArgs),
    /// Take a right away
    #[command(after_help = help::REMOVE_PERMISSION)]
    Remove(RelationArgs),
    /// Tell whether somebody has a right, inherited ones included
    #[command(after_help = help::CHECK_PERMISSION)]
    Check(CheckRelationArgs),
    /// List the rights that are written down
    #[command(after_help = help::LIST_PERMISSIONS)]
    List(ListRelationsArgs),
}

/// Arguments of `add-group` and `add-role`.
#[derive(Debug, Args)]
pub struct AddSetArgs {
    /// Its name: three or more letters, digits, ".", "_" or "-"
    pub name: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `rename-group` and `rename-role`.
#[derive(Debug, Args)]
pub struct RenameSetArgs {
    /// The name it has
    pub name: Option<String>,
    /// The name it gets
    #[arg(value_name = "NEW-NAME")]
    pub new_name: Option<String>,
}

/// Arguments of `remove-group` and `remove-role`.
#[derive(Debug, Args)]
pub struct RemoveSetArgs {
    /// The name of what is removed
    pub name: Option<String>,
    /// Do not ask whether it is meant
    #[arg(short = 'y', long = "yes", visible_alias = "force")]
    pub yes: bool,
}

/// Arguments of `list-groups` and `list-roles`.
#[derive(Debug, Args)]
pub struct ListSetsArgs {
    /// How many to list at most [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<i64>,
    /// How many to pass over first
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: i64,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `add-permission` and `remove-permission`.
#[derive(Debug, Args)]
pub struct RelationArgs {
    /// Who: user-NAME, group-NAME#member, role-NAME#assignee; user-everyone@external for everyone
    pub object: Option<String>,
    /// What: administrator, writer, reader, consumer, `can_addmodel`, `audit_log_viewer`; member of a group, assignee of a role
    pub relation: Option<String>,
    /// To what: model-OWNER/NAME, controller-NAME, cloud-NAME, applicationoffer-URL, serviceaccount-ID, group-NAME, role-NAME
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// Read several from a JSON or YAML file, a list of `object`, `relation`, `target_object`; "-" for standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// How `check-permission` answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum CheckFormat {
    /// One sentence.
    Smart,
    /// The sentence, the relation and whether it holds, as YAML.
    Yaml,
    /// The same as JSON.
    Json,
}

/// Arguments of `check-permission`.
#[derive(Debug, Args)]
pub struct CheckRelationArgs {
    /// Who: user-NAME, group-NAME#member, role-NAME#assignee
    pub object: Option<String>,
    /// What: administrator, writer, reader, consumer, `can_addmodel`, `audit_log_viewer`, member, assignee
    pub relation: Option<String>,
    /// To what: model-OWNER/NAME, controller-NAME, cloud-NAME, …
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// Exit with 1 when it is not allowed
    #[arg(long)]
    pub exit_code: bool,
    /// Format of the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "smart")]
    pub format: CheckFormat,
    /// Write the answer to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `list-permissions`.
#[derive(Debug, Args)]
pub struct ListRelationsArgs {
    /// Only rights of this user, group or role
    #[arg(long, value_name = "OBJECT")]
    pub object: Option<String>,
    /// Only this relation
    #[arg(long, value_name = "RELATION")]
    pub relation: Option<String>,
    /// Only rights to this thing; a kind alone, such as "model", for all of that kind
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Show names instead of UUIDs
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true",
          action = clap::ArgAction::Set, value_name = "BOOL")]
    pub resolve: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `check-access`.
#[derive(Debug, Args)]
pub struct CheckAccessArgs {
    /// Put right what differs, and remove rights on things that are gone
    #[arg(long)]
    pub reconcile: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The access file, as `export-access` writes it; "-" for standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Show the differences and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also take away groups, roles and rights that the file does not have
    #[arg(long)]
    pub prune: bool,
    /// Do not ask whether the differences are meant
    #[arg(short = 'y', long = "yes")]
    pub yes: bool,
}

/// Arguments of `export-access`.
#[derive(Debug, Args)]
pub struct ExportAccessArgs {
    /// Write to this file, readable by you only, instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
