//! How the broker makes and destroys controllers.

use std::path::PathBuf;
use std::time::Duration;

/// How the broker makes and destroys controllers.
#[derive(Clone, Debug)]
pub struct BootstrapSettings {
    /// The `juju` clients, by path or by name.
    pub programs: Vec<String>,
    /// Where the clients' folders are made; the system's place for temporary files when nothing is said.
    pub folder: Option<PathBuf>,
    /// How long a client may take.
    pub timeout: Duration,
    /// Where new controllers fetch the broker's keys, if not at its public name.
    pub keys_url: Option<String>,
}

impl Default for BootstrapSettings {
    fn default() -> Self {
        Self { programs: vec!["juju".to_owned()], folder: None, timeout: Duration::from_secs(3600), keys_url: None }
    }
}
