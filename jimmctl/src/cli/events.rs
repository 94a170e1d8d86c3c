//! The command line's part about events.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `events`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// Go on with those that come
    #[arg(short, long)]
    pub follow: bool,
    /// Only those after the event of this number; 0 for all that are kept
    #[arg(long, value_name = "ID")]
    pub after: Option<i64>,
    /// How many of the newest, at most 1000
    #[arg(long, value_name = "N")]
    pub limit: Option<i64>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
