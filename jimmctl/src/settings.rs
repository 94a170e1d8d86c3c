//! What the environment says: the only place in this crate that reads it.

use std::path::PathBuf;

/// What is read here, for the reference page; `JIMM_CA` belongs to its option.
pub(crate) const ENVIRONMENT: &[(&str, &str)] = &[
    ("JIMM_URL", "the same as `--url`, unless `-c` names a controller"),
    ("JUJU_CONTROLLER", "the same as `-c`, unless `JIMM_URL` is set"),
    ("JUJU_DATA", "folder of the Juju client store; else `$XDG_DATA_HOME/juju`, else `$HOME/.local/share/juju`"),
    ("XDG_DATA_HOME", "see `JUJU_DATA`"),
    ("HOME", "see `JUJU_DATA`"),
    ("JIMM_SESSION_TOKEN", "session token to log in with at `--url`"),
    (
        "JIMM_CLIENT_ID",
        "id of a service account: logs in at `--url`, or with a store in which nobody is logged in; needs `JIMM_CLIENT_SECRET`",
    ),
    ("JIMM_CLIENT_SECRET", "its secret"),
    (
        "JIMM_ID_TOKEN",
        "token of a CI that the broker trusts: logs in at `--url`, or with a store in which nobody is logged in, as the service account that it stands for",
    ),
    ("JIMM_ID_TOKEN_FILE", "a file that holds such a token; it is read anew at each login"),
    ("JUJU_CLIENT_ID", "the same as `JIMM_CLIENT_ID`, which wins"),
    ("JUJU_CLIENT_SECRET", "the same as `JIMM_CLIENT_SECRET`, which wins"),
];

/// The environment of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Where the Juju client store is.
    pub(crate) juju_data: Option<PathBuf>,
    /// The controller of the store to talk to when the command line names none.
    pub(crate) juju_controller: Option<String>,
    /// The broker to talk to when the command line names none.
    pub(crate) url: Option<String>,
    /// A session token given directly.
    pub(crate) session_token: Option<String>,
    /// A service account's id.
    pub(crate) client_id: Option<String>,
    /// A service account's secret.
    pub(crate) client_secret: Option<String>,
    /// A token of somebody whom the broker trusts.
    pub(crate) id_token: Option<String>,
    /// Where there is one.
    pub(crate) id_token_file: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn from_env() -> Self {
        let juju_data = path("JUJU_DATA")
            .or_else(|| path("XDG_DATA_HOME").map(|d| d.join("juju")))
            .or_else(|| path("HOME").map(|d| d.join(".local/share/juju")));
        // An id goes with its own secret.
        let (client_id, client_secret) = match text("JIMM_CLIENT_ID") {
            Some(id) => (Some(id), text("JIMM_CLIENT_SECRET")),
            None => (text("JUJU_CLIENT_ID"), text("JUJU_CLIENT_SECRET")),
        };
        Self {
            juju_data,
            juju_controller: text("JUJU_CONTROLLER"),
            url: text("JIMM_URL"),
            session_token: text("JIMM_SESSION_TOKEN"),
            client_id,
            client_secret,
            id_token: text("JIMM_ID_TOKEN"),
            id_token_file: path("JIMM_ID_TOKEN_FILE"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_is_read_is_documented() {
        let code = include_str!("settings.rs").split("#[cfg(test)]").next().unwrap_or_default();
        for call in code.split("path(\"").skip(1).chain(code.split("text(\"").skip(1)) {
            let name = call.split('"').next().unwrap_or_default();
            assert!(ENVIRONMENT.iter().any(|(known, _)| *known == name), "{name} is not documented");
        }
    }
}
