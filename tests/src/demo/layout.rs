//! Where the demo keeps its files, and what it remembers from one run to the next.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::process;
use crate::simulated::SimPlan;

/// The demo's directory.
#[derive(Clone, Debug)]
pub struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// A demo in this directory.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A file or directory in it.
    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The Postgres cluster, outside the checkout: its user may not be able to enter our directories.
    pub fn postgres(&self) -> PathBuf {
        let digest = Sha256::digest(self.dir.as_os_str().as_encoded_bytes());
        std::env::temp_dir().join(format!("jimm-demo-postgres-{}", hex::encode(&digest[..6])))
    }

    /// Remembers a process that `down` has to stop.
    pub fn remember(&self, name: &str, pid: u32) -> Result<()> {
        let path = self.at("pid").join(name);
        process::write_whole(&path, &pid.to_string()).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The process of that name, if it was started.
    pub fn pid(&self, name: &str) -> Option<u32> {
        std::fs::read_to_string(self.at("pid").join(name)).ok()?.trim().parse().ok()
    }

    /// Every remembered process.
    pub fn pids(&self) -> Vec<(String, u32)> {
        let entries = std::fs::read_dir(self.at("pid")).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let pid = self.pid(&name)?;
                Some((name, pid))
            })
            .collect()
    }

    /// The broker's environment.
    pub fn read_broker(&self) -> Result<BTreeMap<String, String>> {
        let path = self.at("broker.json");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("no demo here: {} is missing", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes it, for us and (as `broker.env`) for shells.
    pub fn write_broker(&self, environment: &BTreeMap<String, String>) -> Result<()> {
        process::write_whole(&self.at("broker.json"), &serde_json::to_string_pretty(environment)?)?;
        process::write_whole(&self.at("broker.env"), &shell(environment))?;
        Ok(())
    }

    /// What a controller was started with.
    pub fn read_sim(&self, name: &str) -> Result<SimPlan> {
        let path = self.at(&format!("{name}.json"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("no such controller: {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes it, to start the controller again.
    pub fn write_sim(&self, sim: &SimPlan) -> Result<()> {
        let path = self.at(&format!("{}.json", sim.name));
        Ok(process::write_whole(&path, &serde_json::to_string_pretty(sim)?)?)
    }

    /// What others source; the programs in `bin` are found by their names after it.
    pub fn write_env(&self, variables: &BTreeMap<String, String>, bin: &Path) -> Result<()> {
        let text = shell(variables) + &on_path(bin);
        process::write_whole(&self.at("env"), &text).context("cannot write the demo's env")
    }

    /// Sets one variable of a written `env` anew.
    pub fn update_env(&self, name: &str, value: &str) -> Result<()> {
        let Ok(text) = std::fs::read_to_string(self.at("env")) else { return Ok(()) };
        let start = format!("export {name}=");
        let lines = text.lines().map(|line| {
            if line.starts_with(&start) { format!("{start}{}\n", quoted(value)) } else { format!("{line}\n") }
        });
        process::write_whole(&self.at("env"), &lines.collect::<String>()).context("cannot write the demo's env")
    }
}

fn shell(variables: &BTreeMap<String, String>) -> String {
    variables.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "export {name}={}", quoted(value));
        text
    })
}

/// Puts a directory in front of the search path, once. No `export`: who reads the variables line by line instead of
/// sourcing them must not take this for one.
fn on_path(bin: &Path) -> String {
    let bin = quoted(&bin.display().to_string());
    format!("case \":$PATH:\" in *:{bin}:*) ;; *) PATH={bin}:$PATH ;; esac\n")
}

/// One word of a command line, in quotes only where it needs them: some split it at spaces and leave it at that.
pub(super) fn word(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@".contains(c);
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { quoted(value) }
}

/// One word for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(dir.path().to_path_buf());
        let awkward = "it's $HOME `id` \"x\" \\ end";
        let variables = BTreeMap::from([("A".to_owned(), awkward.to_owned()), ("B".to_owned(), "1".to_owned())]);
        layout.write_env(&variables, Path::new("/it's/bin")).expect("writes");
        layout.update_env("B", "2 3").expect("writes");
        let env = layout.at("env");
        let script = format!(". {0}; . {0}; printf '%s|%s|%s' \"$A\" \"$B\" \"$PATH\"", env.display());
        let mut shell = std::process::Command::new("/bin/sh");
        let output = shell.args(["-c", &script]).env("PATH", "/usr/bin:/bin").output().expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{awkward}|2 3|/it's/bin:/usr/bin:/bin"));
    }
}
