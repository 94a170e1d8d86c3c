//! What the environment says: the only place in this crate that reads it.

use std::path::PathBuf;

/// The environment of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Where the Juju client store is.
    pub(crate) juju_data: Option<PathBuf>,
    /// A session token given directly.
    pub(crate) session_token: Option<String>,
    /// A service account's id.
    pub(crate) client_id: Option<String>,
    /// A service account's secret.
    pub(crate) client_secret: Option<String>,
}

impl Settings {
    pub(crate) fn from_env() -> Self {
        let juju_data = path("JUJU_DATA")
            .or_else(|| path("XDG_DATA_HOME").map(|d| d.join("juju")))
            .or_else(|| path("HOME").map(|d| d.join(".local/share/juju")));
        Self {
            juju_data,
            session_token: text("JIMM_SESSION_TOKEN"),
            client_id: text("JIMM_CLIENT_ID").or_else(|| text("JUJU_CLIENT_ID")),
            client_secret: text("JIMM_CLIENT_SECRET").or_else(|| text("JUJU_CLIENT_SECRET")),
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
