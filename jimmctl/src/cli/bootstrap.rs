//! The command line's part about making and destroying controllers.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `bootstrap`.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// Where: CLOUD or CLOUD/REGION [default: the profile's]
    #[arg(value_name = "CLOUD/REGION")]
    pub place: Option<String>,
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub name: Option<String>,
    /// Version of Juju that it is to run, such as 3.6 or 3.6.12 [default: what the broker's client brings]
    #[arg(long, visible_alias = "agent-version", value_name = "VERSION")]
    pub controller_version: Option<String>,
    /// Begin with what this controller profile says
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// File that defines the cloud [default: what the Juju client store says, or what the Juju client knows of it]
    #[arg(long, value_name = "FILE")]
    pub cloud: Option<PathBuf>,
    /// Name of the cloud credential [default: the client store's default for the cloud, or its only one]
    #[arg(long, value_name = "NAME")]
    pub credential: Option<String>,
    /// File of credentials in place of the client store's
    #[arg(long, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
    /// Setting of the controller or its model, KEY=VALUE, or a YAML file of settings; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub config: Vec<String>,
    /// Default of models, KEY=VALUE, or a YAML file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub model_default: Vec<String>,
    /// Constraint of the controller's machine, KEY=VALUE; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub bootstrap_constraints: Vec<String>,
    /// Constraint of the controller's model, KEY=VALUE; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub constraints: Vec<String>,
    /// Base of the controller's machine, such as ubuntu@24.04
    #[arg(long, value_name = "BASE")]
    pub bootstrap_base: Option<String>,
    /// Storage pool of the controller's model: name=NAME, type=TYPE, and its attributes; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub storage_pool: Vec<String>,
    /// Return when it has begun, and print the number of the job
    #[arg(long, visible_alias = "no-wait")]
    pub detach: bool,
}

/// Arguments of `bootstrap-status`.
#[derive(Debug, Args)]
pub struct BootstrapStatusArgs {
    /// The number of the job
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    /// Print lines as they come, until it has ended
    #[arg(short, long)]
    pub follow: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `bootstrap-stop`.
#[derive(Debug, Args)]
pub struct BootstrapStopArgs {
    /// The number of the job
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
}

/// Arguments of `destroy-controller`.
#[derive(Debug, Args)]
pub struct DestroyControllerArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub name: Option<String>,
    /// Destroy the storage of the controller's own model too
    #[arg(long, conflicts_with = "release_storage")]
    pub destroy_storage: bool,
    /// Leave that storage where it is
    #[arg(long)]
    pub release_storage: bool,
    /// Do not ask for confirmation
    #[arg(short = 'y', long = "no-prompt", visible_alias = "yes")]
    pub yes: bool,
    /// Return when it has begun, and print the number of the job
    #[arg(long, visible_alias = "no-wait")]
    pub detach: bool,
}

/// Arguments of `save-controller-profile`.
#[derive(Debug, Args)]
pub struct SaveProfileArgs {
    /// The profile, YAML; - is standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `show-controller-profile`.
#[derive(Debug, Args)]
pub struct ShowProfileArgs {
    /// Name of the profile
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `controller-profiles`.
#[derive(Debug, Args)]
pub struct ListProfilesArgs {
    /// Only those for this version, such as 3.6, or for one that begins so
    #[arg(long, value_name = "VERSION")]
    pub juju_version: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `remove-controller-profile`.
#[derive(Debug, Args)]
pub struct RemoveProfileArgs {
    /// Name of the profile
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Do not ask for confirmation
    #[arg(short = 'y', long = "yes")]
    pub yes: bool,
}
