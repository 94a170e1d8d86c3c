//! The command line's part about where models go.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `set-controller-labels`.
#[derive(Debug, Args)]
pub struct SetControllerLabelsArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub name: Option<String>,
    /// Label to add or change, KEY=VALUE, or to remove, KEY-
    #[arg(value_name = "KEY=VALUE")]
    pub labels: Vec<String>,
    /// Taint to add or change, KEY=VALUE, or to remove, KEY-: only models that are meant for it are placed there
    #[arg(long = "taint", value_name = "KEY=VALUE")]
    pub taints: Vec<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `cordon`.
#[derive(Debug, Args)]
pub struct CordonArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub name: Option<String>,
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `uncordon`.
#[derive(Debug, Args)]
pub struct UncordonArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub name: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `explain-placement`.
#[derive(Debug, Args)]
pub struct ExplainPlacementArgs {
    /// Model that would move: UUID or OWNER/NAME [default: a new one]
    #[arg(value_name = "MODEL", conflicts_with_all = ["place", "owner"])]
    pub model: Option<String>,
    /// Where a new model is to be: CLOUD or CLOUD/REGION [default: the one cloud that you may use]
    #[arg(long = "in", value_name = "CLOUD/REGION")]
    pub place: Option<String>,
    /// Who will own the new model [default: you]
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
    /// Label that the controller must have, KEY=VALUE; may be repeated
    #[arg(long = "require", value_name = "KEY=VALUE")]
    pub requires: Vec<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
