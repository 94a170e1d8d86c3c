//! The command line's part about models that come in from controllers that are none of the broker's.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `prepare-migration`.
#[derive(Debug, Args)]
pub struct PrepareMigrationArgs {
    /// UUID of the model
    pub model: Option<String>,
    /// Controller behind the broker that is to host the model
    #[arg(long, value_name = "CONTROLLER")]
    pub backing_controller: Option<String>,
    /// File with the users of the model: a line "local: user@domain" each; one without a name is left behind
    #[arg(long, value_name = "FILE")]
    pub user_mapping: Option<PathBuf>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `migrate-in`.
#[derive(Debug, Args)]
pub struct MigrateInArgs {
    /// The model at its source: UUID, NAME or OWNER/NAME
    pub model: Option<String>,
    /// Controller of the Juju client store that hosts the model now
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,
    /// Controller behind the broker that is to host the model
    #[arg(long, value_name = "CONTROLLER", required_unless_present = "draft_mapping")]
    pub backing_controller: Option<String>,
    /// File with the users of the model: a line "local: user@domain" each; one without a name is left behind
    #[arg(long, value_name = "FILE", required_unless_present = "draft_mapping")]
    pub user_mapping: Option<PathBuf>,
    /// Write a draft of that file to standard output, from the users of the model and of its offers; nothing else is done
    #[arg(long)]
    pub draft_mapping: bool,
    /// Start the migration and leave; source and broker go on with it by themselves
    #[arg(long, conflicts_with = "draft_mapping")]
    pub detach: bool,
}
