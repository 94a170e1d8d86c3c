//! The built broker as a process: its environment, and waiting until it is ready.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine as _;
use rand::Rng as _;

use crate::pki::PkiFiles;
use crate::process;

/// The administrator of every broker that the harness starts.
pub const ADMIN: &str = "admin@example.com";
/// A service account with the same rights.
pub const SERVICE_ID: &str = "svc-admin";
/// Its secret.
pub const SERVICE_SECRET: &str = "svc-admin-secret";

/// What a broker needs to know.
#[derive(Clone, Debug)]
pub struct BrokerPlan {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The port of its metrics.
    pub metrics_port: u16,
    /// Its controller UUID.
    pub uuid: String,
    /// Its database.
    pub dsn: String,
    /// Its certificate.
    pub tls: PkiFiles,
    /// Its identity provider.
    pub issuer: String,
    /// Its client id there.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: String,
}

impl BrokerPlan {
    /// `localhost:port`: the name clients know it by. A name and not an address, because Juju's client forgets the
    /// loopback addresses of its controllers, but not their names.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Where controllers fetch the broker's keys.
    pub fn jwks_url(&self) -> String {
        format!("https://{}/.well-known/jwks.json", self.address())
    }

    /// The environment of the process, with new keys.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut rng = rand::rng();
        let sealing = base64::engine::general_purpose::STANDARD.encode(rng.random::<[u8; 32]>());
        let session = hex::encode(rng.random::<[u8; 32]>()) + &hex::encode(rng.random::<[u8; 32]>());
        let path = |path: &PathBuf| path.display().to_string();
        [
            ("JIMM_UUID", self.uuid.clone()),
            ("JIMM_DNS_NAME", self.address()),
            ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{}", self.port)),
            ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{}", self.metrics_port)),
            ("JIMM_TLS_CERT_PATH", path(&self.tls.cert)),
            ("JIMM_TLS_KEY_PATH", path(&self.tls.key)),
            ("JIMM_ADMINS", format!("{ADMIN} {SERVICE_ID}@serviceaccount")),
            ("JIMM_DSN", self.dsn.clone()),
            ("JIMM_SEALING_KEY", sealing),
            ("JIMM_SESSION_SECRET_KEY", session),
            // Browsers are shown who they have logged in as.
            ("JIMM_DASHBOARD_FINAL_REDIRECT_URL", format!("https://{}/auth/whoami", self.address())),
            ("JIMM_OAUTH_ISSUER_URL", self.issuer.clone()),
            ("JIMM_OAUTH_CLIENT_ID", self.client_id.clone()),
            ("JIMM_OAUTH_CLIENT_SECRET", self.client_secret.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// The command that runs the broker with exactly this environment.
pub fn command(environment: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(process::built("jimmsrv"));
    for (name, _) in std::env::vars_os() {
        let inherited = name.to_string_lossy().into_owned();
        if inherited.starts_with("JIMM_") || inherited.starts_with("VAULT_") || inherited.starts_with("OPENFGA_") {
            command.env_remove(name);
        }
    }
    command.envs(environment);
    command
}

/// Waits until the broker answers on its metrics port that it is ready.
pub fn wait_ready(metrics_port: u16, pid: u32, deadline: Duration) -> Result<()> {
    let ready = process::wait_for("the broker is ready", deadline, || {
        if !process::alive(pid) {
            return Some(false);
        }
        process::http_get(metrics_port, "/readyz").filter(|(status, _)| *status == 200).map(|_| true)
    })?;
    ensure!(ready, "the broker has ended at once");
    Ok(())
}
