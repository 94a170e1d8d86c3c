//! The command line's part about plans.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// What proposals have in common.
#[derive(Debug, Args)]
pub struct WishArgs {
    /// Only models whose OWNER/NAME this matches, with * and ?; may be repeated
    #[arg(long = "match", value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Label that targets must have, KEY=VALUE; may be repeated
    #[arg(long = "require", value_name = "KEY=VALUE")]
    pub requires: Vec<String>,
    /// Taint of targets that does not matter, KEY=VALUE, or KEY= whatever its value; may be repeated
    #[arg(long = "tolerate", value_name = "KEY=VALUE")]
    pub tolerates: Vec<String>,
    /// How many models are tried first, the smallest and least related [default: 1]
    #[arg(long, value_name = "N")]
    pub canaries: Option<i64>,
    /// How many models a wave has [default: 50]
    #[arg(long, value_name = "N")]
    pub wave_size: Option<i64>,
    /// How many models are under way at a time [default: 10]
    #[arg(long, value_name = "N")]
    pub parallel: Option<i64>,
    /// How many models may have failed before the plan stops [default: 1]
    #[arg(long, value_name = "N")]
    pub failures: Option<i64>,
}

/// Arguments of `plan-drain`.
#[derive(Debug, Args)]
pub struct PlanDrainArgs {
    /// Name of the controller that is to be empty
    #[arg(value_name = "CONTROLLER")]
    pub source: Option<String>,
    /// Controller that may get models; may be repeated [default: every one that will do]
    #[arg(long, value_name = "CONTROLLER")]
    pub to: Vec<String>,
    /// What is wished.
    #[command(flatten)]
    pub wishes: WishArgs,
    /// How to print the plan; YAML when nothing is said.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `plan-rebalance`.
#[derive(Debug, Args)]
pub struct PlanRebalanceArgs {
    /// How many models move at most [default: 20]
    #[arg(long, value_name = "N")]
    pub moves: Option<i64>,
    /// Controller that may get models; may be repeated [default: every one that will do]
    #[arg(long, value_name = "CONTROLLER")]
    pub to: Vec<String>,
    /// What is wished.
    #[command(flatten)]
    pub wishes: WishArgs,
    /// How to print the plan; YAML when nothing is said.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `upgrade-fleet`.
#[derive(Debug, Args)]
pub struct UpgradeFleetArgs {
    /// Version, or series such as 3.6, of the controllers that are drained
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,
    /// Controller, version, or series, that the models go to
    #[arg(long, value_name = "CONTROLLER|VERSION")]
    pub to: Option<String>,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds that a model has to be as well as before after its upgrade [default: 900]
    #[arg(long, value_name = "SECONDS")]
    pub patience: Option<i64>,
    /// What is wished.
    #[command(flatten)]
    pub wishes: WishArgs,
    /// Begin and leave; the broker goes on by itself
    #[arg(long, conflicts_with = "dry_run")]
    pub no_wait: bool,
    /// How to print what came of it, or the plan.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `apply-plan`.
#[derive(Debug, Args)]
pub struct ApplyPlanArgs {
    /// The plan, as "plan-drain" writes it and people edit it; "-" for standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Only look for problems
    #[arg(long)]
    pub check: bool,
    /// Begin and leave; the broker goes on by itself
    #[arg(long, conflicts_with = "check")]
    pub no_wait: bool,
    /// How to print what came of it.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `plans`.
#[derive(Debug, Args)]
pub struct PlansArgs {
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of commands about one plan.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The number of the plan
    #[arg(value_name = "PLAN")]
    pub plan: Option<i64>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of commands about models of a plan.
#[derive(Debug, Args)]
pub struct PlanModelsArgs {
    /// The number of the plan
    #[arg(value_name = "PLAN")]
    pub plan: Option<i64>,
    /// The models: UUID or OWNER/NAME
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
