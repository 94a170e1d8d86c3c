//! One client's day at one broker: who they are, what they are told, what became of each command.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use super::COMMANDS;
use super::install::{self, Tools};
use super::matrix::{Cell, Outcome};
use crate::app::{AppOptions, TestApp};
use crate::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};
use crate::demo::juju_data::{self, Account};
use crate::{browser, given, process};

/// Longer no day may take.
const LONGEST: Duration = Duration::from_secs(180);
/// Someone who may only read.
const READER: &str = "reader@example.com";
/// And a service account that may only read.
const READING_SERVICE: &str = "svc-reader";
/// What the broker is called in client stores.
const CONTROLLER: &str = "jimm";

/// A client that somebody else wrote.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Client {
    /// PyPI's `juju`.
    Libjuju,
    /// npm's `@canonical/jujulib`.
    Jujulib,
    /// Juju's own client of this generation.
    Juju(String),
    /// PyPI's `jubilant`, which drives Juju's own client of this generation.
    Jubilant(String),
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Libjuju => f.write_str("python-libjuju"),
            Self::Jujulib => f.write_str("jujulib"),
            Self::Juju(generation) => write!(f, "juju {generation}"),
            Self::Jubilant(generation) => write!(f, "jubilant with juju {generation}"),
        }
    }
}

impl Client {
    /// The version, as far as a lock file tells it; that of Juju's own clients is their generation.
    pub fn version(&self) -> Result<String> {
        match self {
            Self::Libjuju => install::pinned("juju"),
            Self::Jujulib => install::pinned("@canonical/jujulib"),
            Self::Juju(generation) => Ok(generation.clone()),
            Self::Jubilant(_) => install::pinned("jubilant"),
        }
    }

    /// All that can be run with these tools.
    pub fn all(tools: &Tools) -> Vec<Self> {
        let mut clients: Vec<Self> = tools.juju.iter().map(|(generation, _)| Self::Juju(generation.clone())).collect();
        if tools.python.is_some() {
            clients.extend(tools.juju.iter().map(|(generation, _)| Self::Jubilant(generation.clone())));
            clients.push(Self::Libjuju);
        }
        clients.extend(tools.node.as_ref().map(|_| Self::Jujulib));
        clients
    }
}

/// A broker with one simulated controller, on which a day is spent.
pub struct Day {
    app: TestApp,
    shape: String,
    told: Value,
}

/// What a script prints.
#[derive(Deserialize)]
struct Line {
    command: String,
    result: Outcome,
    #[serde(default)]
    detail: String,
}

impl Day {
    /// Starts everything that a client needs.
    pub async fn begin(shape: &str) -> Result<Self> {
        let app = TestApp::with(AppOptions { sims: vec![shape.to_owned()], env: Vec::new() }).await;
        app.attach_all().await;
        let http = browser::client(&app)?;
        let charm = app.dir().join("rig.charm");
        install::charm(&charm)?;
        let person = async |email: &str| anyhow::Ok(json!({"user": email, "password": app.token(email).await?}));
        let (admin, reader) = (person(ADMIN).await?, person(READER).await?);
        app.idp.add_service(READING_SERVICE, SERVICE_SECRET);
        let stores = ["store", "reader_store", "wrong_store"].map(|name| (name, app.dir().join(name)));
        let wrong = json!({"user": ADMIN, "password": "bm9uc2Vuc2U="});
        for ((_, store), who) in stores.iter().zip([&admin, &reader, &wrong]) {
            Self::store(&app, store, who)?;
        }
        let told = json!({
            "endpoint": app.door.address, "ca": app.plan.tls.ca, "certificate": app.plan.tls.cert, "shape": shape, "controller": CONTROLLER,
            "service": {"user": SERVICE_ID, "password": SERVICE_SECRET},
            "reading_service": {"user": READING_SERVICE, "password": SERVICE_SECRET},
            "admin": admin, "reader": reader, "cookie": browser::session(&app, &http, ADMIN).await?,
            "commands": COMMANDS, "cloud": given::cloud_of(&app.sims[0].plan).await?, "charm": charm, "longest": LONGEST.as_secs(),
            "store": stores[0].1, "reader_store": stores[1].1, "wrong_store": stores[2].1,
        });
        Ok(Self { app, shape: shape.to_owned(), told })
    }

    fn store(app: &TestApp, store: &Path, who: &Value) -> Result<()> {
        let account = Account {
            controller: CONTROLLER,
            uuid: &app.plan.uuid,
            endpoint: &app.door.address,
            ca: &app.door.ca,
            user: who["user"].as_str().unwrap_or_default(),
            token: who["password"].as_str().unwrap_or_default(),
        };
        juju_data::write(store, &account)
    }

    /// What the broker logged.
    pub fn broker_log(&self) -> String {
        self.app.broker_log()
    }

    /// A day of this client: every command with what became of it. Frames that are sent are kept in `record`, where the
    /// client lets itself be listened to.
    pub async fn spend(&self, client: &Client, tools: &Tools, record: Option<&Path>) -> Result<Vec<Cell>> {
        let folder = process::workspace().join("tests/peers");
        let python = || tools.python.clone().context("no Python");
        let (mut command, generation, kind) = match client {
            Client::Libjuju => (script(&python()?, &folder.join("python/libjuju_day.py")), None, "libjuju"),
            Client::Jubilant(generation) => {
                (script(&python()?, &folder.join("python/cli_day.py")), Some(generation), "jubilant")
            }
            Client::Juju(generation) => {
                let python = tools.python.clone().unwrap_or_else(|| "python3".into());
                (script(&python, &folder.join("python/cli_day.py")), Some(generation), "juju")
            }
            Client::Jujulib => {
                // Its packages are looked for beside the script.
                let packages = tools.node.as_ref().context("no node")?;
                let script_there = packages.join(format!("day-{}.mjs", std::process::id()));
                std::fs::copy(folder.join("node/day.mjs"), &script_there)?;
                (script(Path::new("node"), &script_there), None, "jujulib")
            }
        };
        let mut told = self.told.clone();
        told["client"] = json!(kind);
        told["record"] = json!(record);
        if let Some(generation) = generation {
            let program = tools.juju.iter().find(|(known, _)| known == generation).map(|(_, program)| program);
            told["juju"] = json!(program.context("no such client")?);
        }
        command.env("PEERS", told.to_string()).env("HOME", self.app.dir());
        command.env("JUJU_DATA", self.told["store"].as_str().unwrap_or_default());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONWARNINGS", "ignore");
        command.env("SSL_CERT_FILE", &self.app.plan.tls.ca).env("NODE_EXTRA_CA_CERTS", &self.app.plan.tls.ca);
        let output = tokio::time::timeout(LONGEST, command.output()).await;
        let output = output.with_context(|| format!("{client} has not ended within {LONGEST:?}"))??;
        if *client == Client::Jujulib {
            let script_there = tools.node.as_ref().map(|it| it.join(format!("day-{}.mjs", std::process::id())));
            let _ = script_there.map(std::fs::remove_file);
        }
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let mut cells: Vec<Cell> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).map(cell).collect();
        ensure!(!cells.is_empty(), "{client} has done nothing ({}): {out}\n{err}", output.status);
        for command in COMMANDS {
            if !cells.iter().any(|cell| cell.command == command) {
                let detail = format!("never came to it: {}", err.lines().last().unwrap_or_default());
                cells.push(Cell { command: command.to_owned(), outcome: Outcome::Failed, detail });
            }
        }
        Ok(cells)
    }

    /// The shape of its controller.
    pub fn shape(&self) -> &str {
        &self.shape
    }
}

fn script(interpreter: &Path, script: &PathBuf) -> Command {
    let mut command = Command::new(interpreter);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("JUJU_") || name.starts_with("JIMM_") || name.starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command.arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn cell(line: Line) -> Cell {
    Cell { command: line.command, outcome: line.result, detail: line.detail }
}
