//! The command line's part about new models.

use clap::Args;

/// Arguments of `add-model`.
#[derive(Debug, Args)]
pub struct AddModelArgs {
    /// Name of the model
    pub name: Option<String>,
    /// Where: CLOUD or CLOUD/REGION [default: the one cloud that you may use]
    #[arg(value_name = "CLOUD/REGION")]
    pub place: Option<String>,
    /// Controller that is to host it [default: the broker chooses]
    #[arg(long, value_name = "CONTROLLER")]
    pub target_controller: Option<String>,
    /// Setting of the model, KEY=VALUE, or a YAML file of settings; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub config: Vec<String>,
    /// Name of the owner's cloud credential [default: the owner's first for the cloud]
    #[arg(long, value_name = "NAME")]
    pub credential: Option<String>,
    /// Who owns it [default: you]
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
    /// Leave the current model of the Juju client store as it is
    #[arg(long)]
    pub no_switch: bool,
}
