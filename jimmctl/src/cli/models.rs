//! The command line's part about models.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `import-model`.
#[derive(Debug, Args)]
pub struct ImportModelArgs {
    /// Name of the controller that hosts the model
    #[arg(value_name = "CONTROLLER")]
    pub host: Option<String>,
    /// UUID of the model
    #[arg(value_name = "UUID")]
    pub model: Option<String>,
    /// User who owns the model from now on; needed when its owner is a local user of the controller
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Name of the controller to move to
    #[arg(value_name = "CONTROLLER")]
    pub target: Option<String>,
    /// Models to move: UUID or OWNER/NAME
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// Only check: print the report, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Start the moves and leave; the broker follows them by itself
    #[arg(long, conflicts_with = "dry_run")]
    pub no_wait: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `update-migrated-model`.
#[derive(Debug, Args)]
pub struct UpdateMigratedModelArgs {
    /// Name of the controller that hosts the model now
    #[arg(value_name = "CONTROLLER")]
    pub host: Option<String>,
    /// UUID of the model
    #[arg(value_name = "UUID")]
    pub model: Option<String>,
}

/// Arguments of `list-migration-targets`.
#[derive(Debug, Args)]
pub struct ListMigrationTargetsArgs {
    /// The model: UUID or OWNER/NAME
    pub model: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Only models on this controller
    #[arg(long, value_name = "CONTROLLER")]
    pub on: Option<String>,
    /// All models, not only those that you may read (administrators of the broker)
    #[arg(long)]
    pub all: bool,
    /// Records of models that the broker no longer has (administrators of the broker)
    #[arg(long, conflicts_with_all = ["all", "on"])]
    pub archived: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of commands about one model.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// The model: UUID or OWNER/NAME
    pub model: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
