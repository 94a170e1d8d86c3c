//! The command line's part about controllers.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `controller-info`.
#[derive(Debug, Args)]
pub struct ControllerInfoArgs {
    /// Name of the controller in the Juju client store
    pub name: Option<String>,
    /// File to write, readable by you only; "-" for standard output
    pub file: Option<PathBuf>,
    /// Address at which clients reach the controller, HOST:PORT; its certificate is checked with the system's roots
    #[arg(value_name = "PUBLIC-ADDRESS")]
    pub public_address: Option<String>,
    /// Use the addresses and the CA certificate that the client store knows
    #[arg(long)]
    pub local: bool,
    /// Name that the controller's certificate carries
    #[arg(long, value_name = "HOST")]
    pub tls_hostname: Option<String>,
}

/// Arguments of `add-controller`.
#[derive(Debug, Args)]
pub struct AddControllerArgs {
    /// YAML file with name, uuid, api-addresses or public-address, ca-certificate, username, password; "-" for
    /// standard input
    pub file: Option<PathBuf>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `list-controllers`.
#[derive(Debug, Args)]
pub struct ListControllersArgs {
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `show-controller`.
#[derive(Debug, Args)]
pub struct ShowControllerArgs {
    /// Name of the controller
    pub name: Option<String>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `remove-controller`.
#[derive(Debug, Args)]
pub struct RemoveControllerArgs {
    /// Name of the controller
    pub name: Option<String>,
    /// Detach it although it is alive or hosts models; the broker then forgets these models and their rights
    #[arg(long)]
    pub force: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `set-controller-deprecated`.
#[derive(Debug, Args)]
pub struct SetControllerDeprecatedArgs {
    /// Name of the controller
    pub name: Option<String>,
    /// Let it have new models again
    #[arg(long = "false")]
    pub clear: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `register-controller`.
#[derive(Debug, Args)]
pub struct RegisterControllerArgs {
    /// Name of the controller in the Juju client store, and at the broker
    pub name: Option<String>,
    /// Address at which clients reach the controller, HOST:PORT; its certificate is checked with the system's roots
    #[arg(long, value_name = "ADDRESS")]
    pub public_address: Option<String>,
    /// Use the addresses and the CA certificate that the client store knows
    #[arg(long)]
    pub local: bool,
    /// Name that the controller's certificate carries
    #[arg(long, value_name = "HOST")]
    pub tls_hostname: Option<String>,
    /// Print the description of the controller, with its password, and attach nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take the description from this file, as "add-controller" does, and not from the client store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "public_address", "local", "tls_hostname"])]
    pub file: Option<PathBuf>,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
