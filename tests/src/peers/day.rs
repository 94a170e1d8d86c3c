//! One client's day at one broker: who they are, what they are told, what became of each command.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use super::COMMANDS;
use super::client::Client;
use super::install::Tools;
use super::matrix::{Cell, Outcome};
use crate::broker::{SERVICE_ID, SERVICE_SECRET};
use crate::client::Door;
use crate::demo::juju_data::{self, Account};
use crate::process;

/// A service account that may only read.
pub const READING_SERVICE: &str = "svc-reader";
/// What the broker is called in client stores.
const CONTROLLER: &str = "jimm";

/// A broker, and what people find there.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its door.
    pub door: Door,
    /// Its controller UUID.
    pub uuid: String,
    /// The certificate of the authority that clients trust.
    pub ca: PathBuf,
    /// Any certificate.
    pub certificate: PathBuf,
    /// A directory of the day's own.
    pub dir: PathBuf,
    /// The generation of its controllers: `3.6`, `4.1`.
    pub generation: String,
    /// Its cloud.
    pub cloud: String,
    /// Of which type that is.
    pub cloud_type: String,
    /// A charm to deploy.
    pub charm: PathBuf,
    /// Whether machines start in it, and units on them.
    pub machines: bool,
    /// Longer nobody waits for something that comes by itself.
    pub patience: Duration,
    /// Longer no day may take.
    pub longest: Duration,
}

/// Someone who has logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub user: String,
    /// A session token of theirs.
    pub token: String,
}

/// Who has a day.
#[derive(Clone, Debug)]
pub struct People {
    /// Who works.
    pub worker: Person,
    /// The cookie of the same person's browser.
    pub cookie: String,
    /// Someone who may only read.
    pub reader: Person,
}

/// A day that can begin.
pub struct Day {
    place: Place,
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
    /// Writes everything down that a client needs.
    pub fn begin(place: Place, people: &People) -> Result<Self> {
        let stores = ["store", "reader_store", "wrong_store"].map(|name| place.dir.join(name));
        let wrong = Person { user: people.worker.user.clone(), token: "bm9uc2Vuc2U=".to_owned() };
        for (store, who) in stores.iter().zip([&people.worker, &people.reader, &wrong]) {
            let account = Account {
                controller: CONTROLLER,
                uuid: &place.uuid,
                endpoint: &place.door.address,
                ca: &place.door.ca,
                user: &who.user,
                token: &who.token,
            };
            juju_data::write(store, &account)?;
        }
        let person = |who: &Person| json!({"user": who.user, "password": who.token});
        let told = json!({
            "endpoint": place.door.address, "ca": place.ca, "certificate": place.certificate, "shape": place.generation,
            "controller": CONTROLLER, "cloud": place.cloud, "cloud_type": place.cloud_type, "charm": place.charm,
            "machines": place.machines, "patience": place.patience.as_secs(), "longest": place.longest.as_secs(),
            "service": {"user": SERVICE_ID, "password": SERVICE_SECRET},
            "reading_service": {"user": READING_SERVICE, "password": SERVICE_SECRET},
            "admin": person(&people.worker), "reader": person(&people.reader), "cookie": people.cookie,
            "commands": COMMANDS, "store": stores[0], "reader_store": stores[1], "wrong_store": stores[2],
        });
        Ok(Self { place, told })
    }

    /// A day of this client: every command with what became of it. Frames that are sent are kept in `record`, where the
    /// client lets itself be listened to.
    pub async fn spend(&self, client: &Client, tools: &Tools, record: Option<&Path>) -> Result<Vec<Cell>> {
        // Node looks for packages beside the script.
        let beside = match client {
            Client::Jujulib => Some(copied(tools.node.as_deref().context("no node")?)?),
            _ => None,
        };
        let (mut command, generation, kind) = started(client, tools, beside.as_ref().map(|it| it.0.as_path()))?;
        let mut told = self.told.clone();
        told["client"] = json!(kind);
        told["record"] = json!(record);
        let juju = |of: &str| tools.juju.iter().find(|(known, _)| known == of).map(|(_, program)| program);
        if let Some(generation) = generation {
            told["juju"] = json!(juju(generation).context("no such client")?);
            told["newer_juju"] = json!(juju(&self.place.generation).filter(|_| *generation < self.place.generation));
        }
        let ca = &self.place.ca;
        command.env("PEERS", told.to_string()).env("HOME", &self.place.dir);
        command.env("JUJU_DATA", self.told["store"].as_str().unwrap_or_default());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONWARNINGS", "ignore");
        command.env("SSL_CERT_FILE", ca).env("NODE_EXTRA_CA_CERTS", ca);
        let longest = self.place.longest;
        let output = tokio::time::timeout(longest, command.output()).await;
        let output = output.with_context(|| format!("{client} has not ended within {longest:?}"))??;
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
}

/// The command, the generation of `juju` that it needs, and what it is called in the scripts.
fn started<'a>(
    client: &'a Client,
    tools: &Tools,
    beside: Option<&Path>,
) -> Result<(Command, Option<&'a String>, &'static str)> {
    let folder = process::workspace().join("tests/peers/python");
    let python = || tools.python.clone().context("no Python");
    Ok(match client {
        Client::Libjuju => (script(&python()?, &folder.join("libjuju_day.py")), None, "libjuju"),
        Client::Jubilant(generation) => (script(&python()?, &folder.join("cli_day.py")), Some(generation), "jubilant"),
        Client::Juju(generation) => {
            let python = tools.python.clone().unwrap_or_else(|| "python3".into());
            (script(&python, &folder.join("cli_day.py")), Some(generation), "juju")
        }
        Client::Jujulib => (script(Path::new("node"), beside.context("no script")?), None, "jujulib"),
    })
}

/// A file that goes with this value.
struct Copied(PathBuf);

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn copied(packages: &Path) -> Result<Copied> {
    let there = packages.join(format!("day-{}.mjs", std::process::id()));
    std::fs::copy(process::workspace().join("tests/peers/node/day.mjs"), &there)?;
    Ok(Copied(there))
}

fn script(interpreter: &Path, script: &Path) -> Command {
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
