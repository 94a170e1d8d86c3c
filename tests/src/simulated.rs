//! A simulated controller as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::client::Door;
use crate::process;

/// What a simulated controller is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SimPlan {
    /// Its name.
    pub name: String,
    /// `3.6` or `4.0`.
    pub shape: String,
    /// Its UUID.
    pub uuid: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Its superuser.
    pub user: String,
    /// The superuser's password.
    pub password: String,
    /// Whose tokens it trusts: the broker's key set.
    pub jwks_url: String,
    /// The CA of the server that publishes the key set.
    pub jwks_ca: PathBuf,
    /// A directory of its own, for its CA, its state and its log.
    pub dir: PathBuf,
    /// How long each phase of a migration takes, in milliseconds.
    pub phase_pace_ms: u64,
    /// Whether what changes is lost with the process.
    #[serde(default)]
    pub forgetful: bool,
}

impl SimPlan {
    /// A plan with a new UUID, password and port.
    pub fn new(name: &str, shape: &str, jwks_url: &str, jwks_ca: &Path, dir: &Path) -> Self {
        Self {
            name: name.to_owned(),
            shape: shape.to_owned(),
            uuid: uuid::Uuid::new_v4().to_string(),
            port: process::free_port(),
            user: "admin".to_owned(),
            password: format!("{}-password", uuid::Uuid::new_v4().simple()),
            jwks_url: jwks_url.to_owned(),
            jwks_ca: jwks_ca.to_path_buf(),
            dir: dir.join(name),
            phase_pace_ms: 50,
            forgetful: false,
        }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where its CA's certificate is.
    pub fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The door to it.
    pub fn door(&self) -> Result<Door> {
        let path = self.ca();
        let ca = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Door { address: self.address(), ca })
    }

    /// The command line that runs it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(process::built("simcontroller"));
        command.args(["--name", &self.name, "--shape", &self.shape, "--uuid", &self.uuid]);
        command.args(["--listen", &self.address(), "--user", &self.user]);
        command.env("SIMCONTROLLER_PASSWORD", &self.password);
        command.env("SIMCONTROLLER_PHASE_PACE_MS", self.phase_pace_ms.to_string());
        command.args(["--login-token-refresh-url", &self.jwks_url]).arg("--jwks-ca").arg(&self.jwks_ca);
        if self.forgetful {
            command.arg("--forgetful");
        }
        command.arg("--dir").arg(&self.dir).arg("--ready-file").arg(self.dir.join("ready"));
        command
    }

    /// `127.0.0.1:port`, where the switches of the running controller are.
    pub fn control(&self) -> Result<String> {
        let ready: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(self.dir.join("ready"))?)?;
        Ok(ready["control"].as_str().context("the controller does not tell where its switches are")?.to_owned())
    }

    /// Turns one of its switches: `hold/PHASE`, `release`, `fail/SWITCH/on`.
    pub fn turn(&self, switch: &str) -> Result<()> {
        let control = self.control()?;
        let port = control.rsplit(':').next().and_then(|port| port.parse().ok()).context("a port")?;
        let (status, text) = process::http("POST", port, &format!("/{switch}")).context("no answer")?;
        anyhow::ensure!(status == 200, "{switch}: {text}");
        Ok(())
    }

    /// What it tells of the moves that it saw.
    ///
    /// # Errors
    /// When it does not run.
    pub fn moves(&self) -> Result<serde_json::Value> {
        let control = self.control()?;
        let port = control.rsplit(':').next().and_then(|port| port.parse().ok()).context("a port")?;
        let (status, text) = process::http_get(port, "/moves").context("no answer")?;
        anyhow::ensure!(status == 200, "{text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Starts it, waits until it answers, and leaves it running.
    pub fn start(&self) -> Result<u32> {
        crate::postgres::private_dir(&self.dir)?;
        let ready = self.dir.join("ready");
        let _ = std::fs::remove_file(&ready);
        let pid = process::daemon(&mut self.command(), &self.dir.join("log"))?;
        let log = self.dir.join("log");
        process::wait_for(
            &format!("controller {} answers (see {})", self.name, log.display()),
            Duration::from_secs(60),
            || (ready.exists() || !process::alive(pid)).then_some(()),
        )?;
        anyhow::ensure!(process::alive(pid), "controller {} has ended at once: see {}", self.name, log.display());
        Ok(pid)
    }

    /// The file that `jimmctl add-controller` reads.
    pub fn attach_file(&self) -> Result<String> {
        let ca = self.door()?.ca.trim_end().replace('\n', "\n  ");
        Ok(format!(
            "name: {}\nuuid: {}\npublic-address: \"\"\napi-addresses:\n- {}\ntls-hostname: juju-apiserver\n\
             username: {}\npassword: {}\nca-certificate: |\n  {ca}\n",
            self.name,
            self.uuid,
            self.address(),
            self.user,
            self.password,
        ))
    }
}
