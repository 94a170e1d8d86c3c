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

/// Arguments of `session-policies`.
#[derive(Debug, Args)]
pub struct SessionPoliciesArgs {
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `set-session-policy`.
#[derive(Debug, Args)]
pub struct SetSessionPolicyArgs {
    /// Whose logins: default, serviceaccounts, group-NAME or user-NAME@DOMAIN
    #[arg(value_name = "WHO")]
    pub subject: Option<String>,
    /// How long they last, such as 8h or 2d12h
    #[arg(value_name = "LIFETIME")]
    pub lifetime: Option<String>,
    /// How long they may lie unused, such as 30m [default: as long as they last]
    #[arg(long, value_name = "TIME")]
    pub idle: Option<String>,
}

/// Arguments of `remove-session-policy`.
#[derive(Debug, Args)]
pub struct RemoveSessionPolicyArgs {
    /// Whose logins: default, serviceaccounts, group-NAME or user-NAME@DOMAIN
    #[arg(value_name = "WHO")]
    pub subject: Option<String>,
}

/// Arguments of `disable-user` and `enable-user`.
#[derive(Debug, Args)]
pub struct UserArgs {
    /// Name of the user, with the domain
    pub user: Option<String>,
}

/// Arguments of `add-service-account`.
#[derive(Debug, Args)]
pub struct AddServiceAccountArgs {
    /// Id of the client at the identity provider
    #[arg(value_name = "CLIENT-ID")]
    pub client_id: Option<String>,
}

/// Arguments of `grant-service-account-access`.
#[derive(Debug, Args)]
pub struct GrantServiceAccountArgs {
    /// Id of the client at the identity provider
    #[arg(value_name = "CLIENT-ID")]
    pub client_id: Option<String>,
    /// Who may keep the account's credentials from now on: user-NAME or group-NAME
    #[arg(value_name = "ENTITY")]
    pub entities: Vec<String>,
}

/// Arguments of `list-service-account-credentials`.
#[derive(Debug, Args)]
pub struct ServiceAccountCredentialsArgs {
    /// Id of the client at the identity provider
    #[arg(value_name = "CLIENT-ID")]
    pub client_id: Option<String>,
    /// Show what is secret in the credentials too
    #[arg(long)]
    pub show_secrets: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `update-service-account-credential`.
#[derive(Debug, Args)]
pub struct UpdateServiceAccountArgs {
    /// Id of the client at the identity provider
    #[arg(value_name = "CLIENT-ID")]
    pub client_id: Option<String>,
    /// The cloud of the credential
    pub cloud: Option<String>,
    /// Name of the credential: one of yours at the broker, which is copied
    pub credential: Option<String>,
    /// Upload the credential of the Juju client's own store instead
    #[arg(long)]
    pub client: bool,
    /// With --client, store it although models that use it refuse it
    #[arg(long, requires = "client")]
    pub force: bool,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}
