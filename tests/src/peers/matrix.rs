//! Client × controller × command with what became of it, and the page that tells it.
//!
//! The page is written by `make test-peers` and `make test-juju`, each for its kind of controllers, and read back by the tests
//! of the documents: what is read has to be written again letter by letter, so that nobody types it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{COMMANDS, Client};
use crate::process;

/// Where the page is.
pub const PAGE: &str = "docs/reference/compatibility.md";

const HEAD: &str = "# Compatibility

<!-- Written by `make test-peers` and `make test-juju` (tests/src/peers) from what the clients did: never typed. -->

Clients that others wrote do a day's work through the broker, unmodified, with certificates verified: the library or program
itself, and nothing of ours in its place. What each command had to bring about is in the scripts of `tests/peers`.

**ok**: it did what it should. **refused**: it had to be refused, and was, with the text that clients look for. **–**: this client
or these controllers have no such thing; the notes below the table tell which. **FAILED** would be a defect.

Real controllers are those of [`make test-juju`](../../tests/real-juju/README.md): machines start there and units come to life on them.
Everybody's day there is that of a person who may add models to the cloud and has no other rights.
";

/// The kind of controllers that `make test-peers` has.
pub const SIMULATED: &str = "simulated";
/// The kind of controllers that `make test-juju` has.
pub const REAL: &str = "real";
/// Stands for all commands.
const ALL: &str = "all of it";

/// What became of a command.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did what it should.
    Ok,
    /// It was refused, as it had to be.
    Refused,
    /// There is no such thing here.
    Absent,
    /// It went wrong.
    Failed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Absent => "–",
            Self::Failed => "FAILED",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Ok, Self::Refused, Self::Absent, Self::Failed].into_iter().find(|outcome| outcome.word() == word)
    }
}

/// One command of one day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cell {
    /// The command.
    pub command: String,
    /// What became of it.
    pub outcome: Outcome,
    /// A word about it.
    pub detail: String,
}

impl Cell {
    /// Prints these, with what was wrong.
    pub fn tell(client: &Client, controller: &str, cells: &[Self]) {
        for cell in cells {
            let outcome = format!("{:?}", cell.outcome).to_lowercase();
            println!("{outcome:<8} {:<26} {controller:<14} {}", client.to_string(), cell.command);
            if cell.outcome == Outcome::Failed {
                println!("    {}", cell.detail);
            }
        }
    }

    /// Whether one of these went wrong.
    pub fn any_failed(cells: &[Self]) -> bool {
        cells.iter().any(|cell| cell.outcome == Outcome::Failed)
    }
}

/// A client's column: its name and version.
type Column = (String, String);

/// What the clients did on one controller.
#[derive(Debug, Default, Eq, PartialEq)]
struct Table {
    columns: BTreeMap<Column, BTreeMap<String, Outcome>>,
    /// What is not there, by client and reason.
    notes: BTreeMap<(String, String), Vec<String>>,
}

/// The whole of it, by the controller: its kind and its generation.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Matrix {
    tables: BTreeMap<String, Table>,
}

impl Matrix {
    /// Adds a day on a controller of this kind.
    pub fn add(&mut self, client: &Client, kind: &str, generation: &str, cells: &[Cell]) -> Result<()> {
        let table = self.tables.entry(format!("{kind} {generation}")).or_default();
        let column = (client.to_string(), client.version()?);
        let outcomes = cells.iter().map(|cell| (cell.command.clone(), cell.outcome)).collect();
        table.columns.insert(column, outcomes);
        for cell in cells.iter().filter(|cell| cell.outcome == Outcome::Absent) {
            table.notes.entry((client.to_string(), cell.detail.clone())).or_default().push(cell.command.clone());
        }
        Ok(())
    }

    /// Writes the page: this, and what it told already of the kinds of controllers of which this says nothing.
    pub fn publish(mut self) -> Result<()> {
        let path = process::workspace().join(PAGE);
        let before = match std::fs::read_to_string(&path) {
            Ok(page) => Self::read(&page).with_context(|| format!("{PAGE} was typed"))?,
            Err(_) => Self::default(),
        };
        self.keep(before);
        process::write_whole(&path, &self.page()).with_context(|| format!("cannot write {}", path.display()))?;
        println!("written: {PAGE}");
        Ok(())
    }

    /// Adds the tables of another, of those kinds of controllers that this has none of.
    fn keep(&mut self, other: Self) {
        let kind = |controller: &str| controller.split(' ').next().unwrap_or_default().to_owned();
        let mine: Vec<String> = self.tables.keys().map(|controller| kind(controller)).collect();
        let others = other.tables.into_iter().filter(|(controller, _)| !mine.contains(&kind(controller)));
        self.tables.extend(others);
    }

    /// How many commands there are, and how many of them failed.
    pub fn count(&self) -> (usize, usize) {
        let columns = || self.tables.values().flat_map(|table| table.columns.values());
        let outcomes = || columns().flat_map(BTreeMap::values);
        (outcomes().count(), outcomes().filter(|outcome| **outcome == Outcome::Failed).count())
    }

    /// The page, in Markdown.
    pub fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for (controller, table) in &self.tables {
            let _ = writeln!(page, "\n## Controller: {controller}\n");
            table.write(&mut page);
        }
        page
    }

    /// Reads a page back.
    pub fn read(page: &str) -> Result<Self> {
        let mut matrix = Self::default();
        let mut lines = page.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(controller) = line.strip_prefix("## Controller: ") else { continue };
            let mut section = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("## ")) {
                section.push(line);
            }
            let table = Table::read(&section).with_context(|| format!("the table of {controller}"))?;
            matrix.tables.insert(controller.to_owned(), table);
        }
        Ok(matrix)
    }

    /// The clients of it with their versions, once for each controller of this kind.
    pub fn clients(&self, kind: &str) -> impl Iterator<Item = &Column> {
        let tables = self.tables.iter().filter(move |(controller, _)| controller.split(' ').next() == Some(kind));
        tables.flat_map(|(_, table)| table.columns.keys())
    }
}

impl Table {
    fn write(&self, page: &mut String) {
        let names: Vec<String> = self.columns.keys().map(|(name, version)| heading(name, version)).collect();
        let _ = writeln!(page, "| Command | {} |", names.join(" | "));
        let _ = writeln!(page, "| --- |{}", " --- |".repeat(self.columns.len()));
        for command in COMMANDS {
            let of = |outcomes: &BTreeMap<String, Outcome>| outcomes.get(command).copied().unwrap_or(Outcome::Failed);
            let words: Vec<&str> = self.columns.values().map(|outcomes| of(outcomes).word()).collect();
            let _ = writeln!(page, "| {command} | {} |", words.join(" | "));
        }
        if !self.notes.is_empty() {
            page.push('\n');
        }
        for ((client, reason), commands) in &self.notes {
            let commands = if *commands == COMMANDS { ALL.to_owned() } else { commands.join("; ") };
            let _ = writeln!(page, "- {client}: {reason} ({commands}).");
        }
    }

    fn read(section: &[&str]) -> Result<Self> {
        let mut table = Self::default();
        let mut rows = section.iter().filter(|line| line.starts_with('|'));
        let columns: Vec<Column> = fields(rows.next().context("it is not there")?).skip(1).map(column).collect();
        for row in rows.skip(1) {
            let mut row = fields(row);
            let command = row.next().context("no command")?;
            let words: Vec<&str> = row.collect();
            ensure!(words.len() == columns.len(), "{command}: {} columns", words.len());
            for (column, word) in columns.iter().zip(words) {
                let outcome = Outcome::of(word).with_context(|| format!("no outcome {word:?}"))?;
                table.columns.entry(column.clone()).or_default().insert(command.to_owned(), outcome);
            }
        }
        for note in section.iter().filter_map(|line| line.strip_prefix("- ")) {
            let (client, rest) = note.split_once(": ").context("a note without a client")?;
            let (reason, commands) = rest.rsplit_once(" (").context("a note without commands")?;
            let commands = match commands.trim_end_matches(").") {
                ALL => COMMANDS.map(str::to_owned).to_vec(),
                commands => commands.split("; ").map(str::to_owned).collect(),
            };
            table.notes.insert((client.to_owned(), reason.to_owned()), commands);
        }
        Ok(table)
    }
}

fn heading(name: &str, version: &str) -> String {
    if name.ends_with(version) { name.to_owned() } else { format!("{name} ({version})") }
}

fn column(heading: &str) -> Column {
    match heading.rsplit_once(" (") {
        Some((name, version)) => (name.to_owned(), version.trim_end_matches(')').to_owned()),
        None => (heading.to_owned(), heading.rsplit(' ').next().unwrap_or_default().to_owned()),
    }
}

fn fields(row: &str) -> impl Iterator<Item = &str> {
    row.trim_matches('|').split('|').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(outcome: Outcome, detail: &str) -> Vec<Cell> {
        let cell = |command: &str| Cell { command: command.to_owned(), outcome, detail: detail.to_owned() };
        COMMANDS.into_iter().map(cell).collect()
    }

    fn matrix(kind: &str, generation: &str, outcome: Outcome, detail: &str) -> Matrix {
        let mut matrix = Matrix::default();
        matrix
            .add(&Client::Juju("3.6".to_owned()), kind, generation, &day(outcome, detail))
            .expect("its version is told");
        matrix
    }

    #[test]
    fn a_page_is_read_back_and_keeps_the_kinds_of_controllers_that_were_not_run() {
        let mut before = matrix(SIMULATED, "3.6", Outcome::Failed, "");
        before.keep(matrix(REAL, "4.1-beta1", Outcome::Absent, "no such thing (yet)"));
        let before = Matrix::read(&before.page()).expect("it is a page");
        assert_eq!(before.count(), (2 * COMMANDS.len(), COMMANDS.len()));

        let mut now = matrix(SIMULATED, "4.1", Outcome::Ok, "");
        now.keep(before);
        let page = now.page();
        let controllers: Vec<&String> = now.tables.keys().collect();
        assert_eq!(controllers, ["real 4.1-beta1", "simulated 4.1"], "what is of the kind that was run is replaced");
        assert_eq!(now.count(), (2 * COMMANDS.len(), 0));
        assert!(page.contains("- juju 3.6: no such thing (yet) (all of it).\n"), "{page}");
        assert_eq!(Matrix::read(&page).expect("it is a page"), now);
        assert_eq!(Matrix::read(&page).expect("it is a page").page(), page);
    }
}
