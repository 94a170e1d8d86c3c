//! The command line's part about moves: checking, looking, stopping, trying again.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `check-migration`.
#[derive(Debug, Args)]
pub struct CheckMigrationArgs {
    /// The models, UUID or OWNER/NAME, and last the name of the controller to move to
    #[arg(value_name = "MODEL... CONTROLLER")]
    pub models_and_target: Vec<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `migrations`.
#[derive(Debug, Args)]
pub struct MigrationsArgs {
    /// Only moves of this model: UUID or OWNER/NAME; those that have ended too
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Only moves from or to this controller
    #[arg(long, value_name = "CONTROLLER")]
    pub on: Option<String>,
    /// Only moves in this state: running, stuck, done or aborted; may be repeated
    #[arg(long = "state", value_name = "STATE")]
    pub states: Vec<String>,
    /// Moves that have ended too
    #[arg(long)]
    pub all: bool,
    /// How many to list, at most 1000
    #[arg(long, value_name = "N")]
    pub count: Option<i64>,
    /// Only moves before this one: where the page before ended
    #[arg(long, value_name = "MIGRATION")]
    pub before: Option<i64>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of the commands about one move.
#[derive(Debug, Args)]
pub struct MigrationArgs {
    /// The number of the move, or the model (UUID or OWNER/NAME) for its newest move
    #[arg(value_name = "MIGRATION")]
    pub migration: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `retry-migration`.
#[derive(Debug, Args)]
pub struct RetryMigrationArgs {
    /// The number of the move, or the model (UUID or OWNER/NAME) for its newest move
    #[arg(value_name = "MIGRATION")]
    pub migration: Option<String>,
    /// Return when it has begun
    #[arg(long)]
    pub no_wait: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
