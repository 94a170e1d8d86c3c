//! The command line's part about what was left behind.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Repair the finding of this id, where that is safe
    #[arg(long, value_name = "ID")]
    pub repair: Option<String>,
    /// With --repair, do not ask
    #[arg(short = 'y', long = "yes")]
    pub yes: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
