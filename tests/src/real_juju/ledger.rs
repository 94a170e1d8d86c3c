//! Runs the commands of the story and keeps what became of each: the table at the end.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::Command;

/// Longest time a command may take.
const DEADLINE: Duration = Duration::from_mins(3);

/// Who runs a command: a program with its own client store.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    /// As the table calls it: `juju 4.1`.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) env: Vec<(String, String)>,
}

impl Actor {
    /// Their client store.
    pub(super) fn store(&self) -> Option<PathBuf> {
        self.env.iter().find(|(name, _)| name == "JUJU_DATA").map(|(_, path)| PathBuf::from(path))
    }

    /// The command, with nothing of our own environment that a client would read.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("JUJU_") || name.starts_with("JIMM_") {
                command.env_remove(name);
            }
        }
        command.args(args).envs(self.env.iter().cloned()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// One line of the table.
struct Row {
    what: String,
    by: String,
    took: Duration,
    /// What was wrong, and everything the command said.
    wrong: Option<String>,
}

/// The table in the making.
#[derive(Default)]
pub(super) struct Ledger {
    rows: Vec<Row>,
}

impl Ledger {
    /// Runs a command; it has to succeed and its output has to contain every one of `says`. The standard output.
    pub(super) async fn run(&mut self, what: &str, by: &Actor, args: &[&str], says: &[&str]) -> String {
        let started = Instant::now();
        let (out, wrong) = attempt(by, args, |output, text| judge(output, text, says)).await;
        self.note(what, by, started, wrong);
        out
    }

    /// Runs a command that has to be refused, with every one of `says` in what it tells.
    pub(super) async fn refused(&mut self, what: &str, by: &Actor, args: &[&str], says: &[&str]) {
        let started = Instant::now();
        let judge = |output: &Output, text: &str| {
            if output.status.success() { Some("was not refused".to_owned()) } else { missing(text, says) }
        };
        let (_, wrong) = attempt(by, args, judge).await;
        self.note(what, by, started, wrong);
    }

    /// Runs a command that says what it says whether it succeeds or not: that is up to the controllers, and to the moment.
    pub(super) async fn tells(&mut self, what: &str, by: &Actor, args: &[&str], says: &[&str]) {
        let started = Instant::now();
        let (_, wrong) = attempt(by, args, |_, text| missing(text, says)).await;
        self.note(what, by, started, wrong);
    }

    /// Runs a command again and again until it succeeds and its output pleases.
    pub(super) async fn until(
        &mut self,
        what: &str,
        by: &Actor,
        args: &[&str],
        patience: Duration,
        pleases: impl Fn(&str) -> bool,
    ) -> String {
        let started = Instant::now();
        loop {
            let judge = |output: &Output, _: &str| {
                let told = String::from_utf8_lossy(&output.stdout);
                let good = output.status.success() && pleases(&told);
                (!good).then(|| format!("not as awaited within {patience:?}"))
            };
            let (out, wrong) = attempt(by, args, judge).await;
            if wrong.is_none() || started.elapsed() > patience {
                self.note(what, by, started, wrong);
                return out;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Notes something that is not one command.
    pub(super) fn fact(&mut self, what: &str, by: &Actor, started: Instant, result: anyhow::Result<()>) {
        self.note(what, by, started, result.err().map(|error| format!("{error:#}")));
    }

    /// The same, of something that is over and took that long.
    pub(super) fn fact_of(&mut self, what: &str, by: &Actor, took: Duration, result: anyhow::Result<()>) {
        self.add(what, by, took, result.err().map(|error| format!("{error:#}")));
    }

    fn note(&mut self, what: &str, by: &Actor, started: Instant, wrong: Option<String>) {
        self.add(what, by, started.elapsed(), wrong);
    }

    fn add(&mut self, what: &str, by: &Actor, took: Duration, wrong: Option<String>) {
        let row = Row { what: what.to_owned(), by: by.name.clone(), took, wrong };
        println!("{}", line(&row));
        if let Some(wrong) = &row.wrong {
            println!("    {}", wrong.trim_end().replace('\n', "\n    "));
        }
        self.rows.push(row);
    }

    /// An error when something has failed so far: what comes next would only fail after long waits.
    pub(super) fn must_be_clean(&self) -> anyhow::Result<()> {
        let failed = self.rows.iter().find(|row| row.wrong.is_some());
        anyhow::ensure!(failed.is_none(), "not gone on after {:?} had failed", failed.map_or("", |row| &row.what));
        Ok(())
    }

    /// Every command with its result; the number of those that failed.
    pub(super) fn table(&self) -> (String, usize) {
        let failed = self.rows.iter().filter(|row| row.wrong.is_some()).count();
        let mut text = String::new();
        for row in &self.rows {
            let _ = writeln!(text, "{}", line(row));
        }
        let _ = write!(text, "{} commands, {failed} failed", self.rows.len());
        (text, failed)
    }
}

fn line(row: &Row) -> String {
    let result = if row.wrong.is_none() { "ok" } else { "FAILED" };
    format!("{result:<7} {:>6.1} s  {:<9} {}", row.took.as_secs_f64(), row.by, row.what)
}

/// Runs once; the standard output, and what is wrong with it, with everything that was said.
pub(super) async fn attempt(
    by: &Actor,
    args: &[&str],
    judge: impl Fn(&Output, &str) -> Option<String>,
) -> (String, Option<String>) {
    let told = format!("$ {} {}", by.name, args.join(" "));
    match tokio::time::timeout(DEADLINE, by.command(args).output()).await {
        Err(_) => (String::new(), Some(format!("{told}\nhas not ended within {DEADLINE:?}"))),
        Ok(Err(error)) => (String::new(), Some(format!("{told}\ncannot be run: {error}"))),
        Ok(Ok(output)) => {
            let out = String::from_utf8_lossy(&output.stdout).into_owned();
            let text = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
            let wrong = judge(&output, &text).map(|wrong| format!("{told}\n{wrong} ({})\n{text}", output.status));
            (out, wrong)
        }
    }
}

fn judge(output: &Output, text: &str, says: &[&str]) -> Option<String> {
    if output.status.success() { missing(text, says) } else { Some("failed".to_owned()) }
}

fn missing(text: &str, says: &[&str]) -> Option<String> {
    says.iter().find(|part| !text.contains(*part)).map(|part| format!("does not say {part:?}"))
}
