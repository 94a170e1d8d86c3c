//! Which `juju` client there is, and whether it can make or destroy a controller of that version.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jimm_proto::version::AgentVersion;
use tokio::process::Command;

/// How long a client may take to tell its version.
const ASK: Duration = Duration::from_secs(20);

/// A client that is there.
#[derive(Clone, Debug)]
pub struct Client {
    /// The program, as it was configured.
    pub program: String,
    /// What it is.
    pub version: AgentVersion,
}

/// Why there is no client for it.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// There is none at all.
    #[error(
        "this broker has no juju client ({tried}): install one on the broker's machine, for example with \"snap install \
         juju\", or name one in JIMM_JUJU_BINARY"
    )]
    None {
        /// What was looked for, and why it is none.
        tried: String,
    },
    /// There are others.
    #[error(
        "the juju client of this broker is of version {found}, and a controller of version {wanted} takes one of \
         {series}: install that, and name it in JIMM_JUJU_BINARY"
    )]
    Other {
        /// What there is.
        found: String,
        /// What is wanted.
        wanted: String,
        /// Which would do.
        series: String,
    },
}

/// The first of the programs that makes controllers of that version: a client makes those of its own minor version. Empty
/// for any.
pub async fn find_client(programs: &[String], wanted: &str, home: &Path) -> Result<Client, NoClient> {
    let mut numbers = wanted.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
    let (mut tried, mut found) = (Vec::new(), Vec::new());
    for program in programs {
        match version_of(program, home).await {
            Ok(version) => {
                let (of_client, minor_of_client) = version.series();
                let fits =
                    major.is_none_or(|major| major == of_client) && minor.is_none_or(|minor| minor == minor_of_client);
                if fits {
                    return Ok(Client { program: program.clone(), version });
                }
                found.push(version.to_string());
            }
            Err(why) => tried.push(format!("{program}: {why}")),
        }
    }
    if found.is_empty() {
        return Err(NoClient::None { tried: tried.join("; ") });
    }
    let series = wanted.split('.').take(2).collect::<Vec<_>>().join(".");
    Err(NoClient::Other { found: found.join(", "), wanted: wanted.to_owned(), series })
}

async fn version_of(program: &str, home: &Path) -> Result<AgentVersion, String> {
    let mut command = Command::new(program);
    command.arg("version").kill_on_drop(true).current_dir("/");
    command.env_clear().envs(super::run::environment(home));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let output = match tokio::time::timeout(ASK, command.output()).await {
        Err(_) => return Err("it does not tell its version".to_owned()),
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Err("there is none".to_owned()),
        Ok(Err(error)) => return Err(error.to_string()),
        Ok(Ok(output)) => output,
    };
    let said = String::from_utf8_lossy(&output.stdout);
    // 3.6.12-ubuntu-amd64: the last two parts are the machine's.
    let first = said.split_whitespace().next().unwrap_or_default();
    let mut parts: Vec<&str> = first.split('-').collect();
    if parts.len() >= 3 {
        parts.truncate(parts.len() - 2);
    }
    parts.join("-").parse().map_err(|_| "it does not tell its version".to_owned())
}
