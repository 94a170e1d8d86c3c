//! The command line's part about the audit log.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// How `list-audit-events` answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum EventsFormat {
    /// For people.
    Tabular,
    /// As the reference writes it.
    Yaml,
    /// One line with the wire's names.
    Json,
    /// One line of JSON for each event.
    Jsonl,
}

/// Arguments of `list-audit-events`.
#[derive(Debug, Args)]
pub struct ListAuditEventsArgs {
    /// Not earlier than this time, as in 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub after: Option<String>,
    /// Not later than this time
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// Only what this user asked, user-NAME
    #[arg(long, value_name = "TAG")]
    pub user_tag: Option<String>,
    /// Only calls of this method
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// Only calls on this model, CONTROLLER/MODEL
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// How many events to pass over first
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: i64,
    /// How many events at most
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "all")]
    pub limit: i64,
    /// Every event, however many there are
    #[arg(long)]
    pub all: bool,
    /// Newest first
    #[arg(long)]
    pub reverse: bool,
    /// Format of the answer [default: tabular on a terminal, else yaml]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<EventsFormat>,
    /// Write the answer to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `verify-audit`.
#[derive(Debug, Args)]
pub struct VerifyAuditArgs {
    /// The key that must have signed, as an earlier check printed it
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// A checkpoint that must still be there, as an earlier check printed it
    #[arg(long, value_name = "NUMBER:HASH")]
    pub anchor: Option<String>,
    /// Also write all that was read to this new file, to be checked elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub save: Option<PathBuf>,
    /// Check such a file, without the broker
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `purge-audit-logs`.
#[derive(Debug, Args)]
pub struct PurgeAuditLogsArgs {
    /// What is older goes: 2026-01-31, or a time as in 2026-01-31T08:00:00Z
    pub date: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `grant-audit-log-access` and `revoke-audit-log-access`.
#[derive(Debug, Args)]
pub struct AuditLogAccessArgs {
    /// The user, with the domain
    #[arg(value_name = "USER")]
    pub user: Option<String>,
}
