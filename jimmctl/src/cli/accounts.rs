//! Arguments of the commands about accounts: sessions, disabled users.

use clap::Args;

use crate::output::OutputArgs;

/// Arguments of `sessions`.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    /// Whose sessions [default: your own]
    pub user: Option<String>,
    /// Everybody's (administrators of the broker)
    #[arg(long, conflicts_with = "user")]
    pub all: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `revoke-sessions`.
#[derive(Debug, Args)]
pub struct RevokeSessionsArgs {
    /// Whose sessions to end
    pub user: Option<String>,
    /// Only the session of this id, as "sessions" lists it
    #[arg(long, value_name = "ID", conflicts_with = "user")]
    pub id: Option<String>,
    /// Everybody's, yours included (administrators of the broker)
    #[arg(long, conflicts_with_all = ["user", "id"])]
    pub all: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `disable-user` and `enable-user`.
#[derive(Debug, Args)]
pub struct UserArgs {
    /// Name of the user, with the domain
    pub user: Option<String>,
}
