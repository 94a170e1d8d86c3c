//! The rig of real controllers, through its scripts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process;

/// The rig's scripts and what they built.
#[derive(Clone, Debug)]
pub struct Rig {
    scripts: PathBuf,
    home: PathBuf,
}

/// What the rig tells of a controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Controller {
    pub(super) name: String,
    pub(super) controller_uuid: String,
    pub(super) version: String,
    pub(super) endpoint: String,
}

impl Rig {
    /// The rig of this checkout; its programs and data live in `home` (`RJ_HOME` of its scripts).
    pub fn new(home: PathBuf) -> Self {
        Self { scripts: process::workspace().join("tests/real-juju"), home }
    }

    /// Whether everything it needs has been built from exactly these scripts.
    pub fn is_built(&self) -> bool {
        let mut check = self.script("build.sh", &["--check"]);
        check.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// A client: `juju` of the controllers' revision, `juju36`.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }

    /// Makes the bridge and answers the address of ours on it.
    pub(super) fn network(&self) -> Result<String> {
        run(self.script("rig.sh", &["net"]))?;
        Ok(run(self.script("rig.sh", &["host"]))?.trim().to_owned())
    }

    /// Starts two controllers that trust the tokens of this key set.
    pub(super) fn up(&self, jwks_url: &str, ca: &Path) -> Result<[Controller; 2]> {
        let mut command = self.script("rig.sh", &["up", "2"]);
        command.env("RJ_JWKS", jwks_url).env("RJ_CA", ca);
        println!(
            "{}",
            run(command)?.lines().filter(|line| line.contains("API answers")).collect::<Vec<_>>().join("\n")
        );
        self.controllers()
    }

    /// The two that trust the broker.
    pub(super) fn controllers(&self) -> Result<[Controller; 2]> {
        Ok([self.controller("c1")?, self.controller("c2")?])
    }

    /// Starts a third, which has never heard of the broker, if it does not run.
    pub(super) fn stranger(&self) -> Result<Controller> {
        run(self.script("rig.sh", &["up", "3"]))?;
        self.controller("c3")
    }

    /// Takes the way to that controller from all machines of the model, or gives it back.
    pub(super) fn cut_off(&self, model: &str, controller: &Controller, cut: bool) -> Result<()> {
        let address = controller.endpoint.rsplit_once(':').map_or("", |(host, _)| host);
        run(self.script("cutoff.sh", &[model, address, if cut { "cut" } else { "mend" }])).map(drop)
    }

    /// What the helper that starts machines said last.
    pub(super) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.home.join("run/spawner.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// What `behind.sh` does with the units of the model: `keep`, `back`, `rejoin`.
    pub(super) fn behind(&self, model: &str, what: &str) -> Result<String> {
        run(self.script("behind.sh", &[model, what]))
    }

    /// Stops all of it and removes its data; the programs stay.
    pub fn wipe(&self) -> Result<()> {
        run(self.script("rig.sh", &["wipe"])).map(drop)
    }

    /// The client store in which the controllers' own admins are logged in.
    pub(super) fn client_store(&self) -> PathBuf {
        self.home.join("run/client")
    }

    /// The charm, packed.
    pub(super) fn charm(&self, to: &Path) -> Result<()> {
        let mut command = self.script("packcharm.py", &["charm"]);
        command.arg(to);
        run(command).map(drop)
    }

    fn controller(&self, name: &str) -> Result<Controller> {
        let path = self.home.join("run").join(name).join("info.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn script(&self, name: &str, args: &[&str]) -> Command {
        let interpreter = if Path::new(name).extension().is_some_and(|kind| kind == "py") { "python3" } else { "bash" };
        let mut command = Command::new(interpreter);
        command.arg(self.scripts.join(name)).args(args).current_dir(&self.scripts);
        command.env("RJ_HOME", &self.home).stdin(Stdio::null());
        command
    }
}

/// Its standard output; its standard error is ours.
fn run(mut command: Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("the rig's scripts cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command:?} failed ({}): {text}", output.status);
    Ok(text)
}
