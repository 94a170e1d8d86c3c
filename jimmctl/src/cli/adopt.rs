//! The command line's part about controllers that were not set up for the broker.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Name of the controller in the Juju client store, and at the broker
    pub name: Option<String>,
    /// Only these models, NAME, OWNER/NAME or UUID [default: all]
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// YAML file that says who the controller's own users are at the broker: "alice: alice@example.com"; a user without
    /// a name there loses their rights
    #[arg(long, value_name = "FILE")]
    pub user_mapping: Option<PathBuf>,
    /// Do it, and not only tell what would be done
    #[arg(long)]
    pub apply: bool,
    /// Controller behind the broker for models that have to move [default: the first that can host them]
    #[arg(long, value_name = "CONTROLLER")]
    pub backing_controller: Option<String>,
    /// Address at which clients reach the controller, HOST:PORT; its certificate is checked with the system's roots
    #[arg(long, value_name = "ADDRESS", conflicts_with = "local")]
    pub public_address: Option<String>,
    /// Use the addresses and the CA certificate that the client store knows
    #[arg(long)]
    pub local: bool,
    /// Name that the controller's certificate carries
    #[arg(long, value_name = "HOST")]
    pub tls_hostname: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
