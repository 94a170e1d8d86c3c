//! The command line's part about this program itself and its logins.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `login`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Address of a broker, HOST:PORT, to remember under the name given with -c, or else the first part of HOST
    /// [default: log in again to the current controller, or to the one given with -c]
    pub address: Option<String>,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Only this program's version, without asking the broker
    #[arg(long)]
    pub client: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell to write it for
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder to write the pages to; it is made when missing
    pub dir: PathBuf,
}
