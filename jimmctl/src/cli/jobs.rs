//! The command line's part about upgrades and jobs.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `upgrade-to`.
#[derive(Debug, Args)]
pub struct UpgradeToArgs {
    /// Name of the controller to move to
    #[arg(value_name = "CONTROLLER")]
    pub target: Option<String>,
    /// The models: UUID or OWNER/NAME
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// Return when the upgrades have begun, and print the numbers of their jobs
    #[arg(long, visible_alias = "detach")]
    pub no_wait: bool,
}

/// Arguments of `job-status`.
#[derive(Debug, Args)]
pub struct JobStatusArgs {
    /// The number of the job
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    /// Wait until it has ended
    #[arg(short, long)]
    pub follow: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `list-jobs`.
#[derive(Debug, Args)]
pub struct ListJobsArgs {
    /// Only jobs of this kind, such as upgrade-model or migrate-model; may be repeated
    #[arg(long = "kind", value_name = "KIND")]
    pub kinds: Vec<String>,
    /// Only jobs with this status: pending, running, successful or failed; may be repeated
    #[arg(long = "status", value_name = "STATUS")]
    pub statuses: Vec<String>,
    /// How many to list, at most 10000
    #[arg(long, value_name = "N")]
    pub count: Option<i64>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
