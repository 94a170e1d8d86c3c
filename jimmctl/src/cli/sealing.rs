//! Arguments of the command that seals secrets anew.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `rotate-sealing-key`.
#[derive(Debug, Args)]
pub struct RotateSealingKeyArgs {
    /// Begin nothing: show what seals the secrets and how the last rotation went
    #[arg(long)]
    pub status: bool,
    /// Answer when the rotation has begun; the broker goes on with it
    #[arg(long, conflicts_with = "status")]
    pub no_wait: bool,
    /// Begin only if this seals new secrets: a key's id as --status shows it, or "vault"
    #[arg(long, value_name = "KEY-ID", conflicts_with = "status")]
    pub to: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
