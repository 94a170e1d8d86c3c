//! The command line's part about queries over many models.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `query-models`.
#[derive(Debug, Args)]
pub struct QueryModelsArgs {
    /// The jq program, which is run on each model's status as "juju status --format json" shows it
    #[arg(value_name = "JQ")]
    pub query: Option<String>,
    /// Print a line of JSON for each model as soon as it has answered, in place of all answers at the end
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub stream: bool,
    /// How to print the answer; JSON unless told otherwise.
    #[command(flatten)]
    pub output: OutputArgs,
}
