//! The command line's part about clouds on controllers and the credentials for clouds.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `add-cloud-to-controller`.
#[derive(Debug, Args)]
pub struct AddCloudArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub host: Option<String>,
    /// Name of the cloud
    #[arg(value_name = "CLOUD")]
    pub name: Option<String>,
    /// YAML file that defines the cloud, as "juju add-cloud" takes it; "-" for standard input [default: the definition in
    /// the Juju client store]
    #[arg(long, value_name = "FILE")]
    pub cloud: Option<PathBuf>,
    /// Add it although the controller runs in a cloud of another kind
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `remove-cloud-from-controller`.
#[derive(Debug, Args)]
pub struct RemoveCloudArgs {
    /// Name of the controller
    #[arg(value_name = "CONTROLLER")]
    pub host: Option<String>,
    /// Name of the cloud
    #[arg(value_name = "CLOUD")]
    pub name: Option<String>,
}

/// Arguments of `import-cloud-credentials`.
#[derive(Debug, Args)]
pub struct ImportCredentialsArgs {
    /// File of JSON objects, one after the other, each with _id (CLOUD/OWNER/NAME), type and attributes; "-" for
    /// standard input
    pub file: Option<PathBuf>,
    /// Store credentials although models that use them refuse them
    #[arg(long)]
    pub force: bool,
}
