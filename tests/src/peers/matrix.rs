//! Client × controller × command with what became of it, and the page that tells it.
//!
//! The page is written by `make test-peers` and read back by the tests of the documents: what is read has to be written
//! again letter by letter, so that nobody types it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{COMMANDS, Client};

/// Where the page is.
pub const PAGE: &str = "docs/reference/compatibility.md";

const HEAD: &str = "# Compatibility

<!-- Written by `make test-peers` (tests/src/peers) from what the clients did: never typed. -->

Clients that others wrote do a day's work through the broker, unmodified, with certificates verified: the library or program
itself, and nothing of ours in its place. What each command had to bring about is in the scripts of `tests/peers`.

**ok**: it did what it should. **refused**: it had to be refused, and was, with the text that clients look for. **–**: this client
or this generation of controllers has no such thing; the notes tell which. **FAILED** would be a defect.
";

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

/// A client's column: its name and version.
type Column = (String, String);

/// The whole of it.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Matrix {
    /// By the controller.
    tables: BTreeMap<String, BTreeMap<Column, BTreeMap<String, Outcome>>>,
    /// What is not there, by client and reason: commands on controllers.
    notes: BTreeMap<(String, String), Vec<String>>,
}

impl Matrix {
    /// Adds a day.
    pub fn add(&mut self, client: &Client, shape: &str, cells: &[Cell]) -> Result<()> {
        let controller = format!("simulated {shape}");
        let column = (client.to_string(), client.version()?);
        let outcomes = cells.iter().map(|cell| (cell.command.clone(), cell.outcome)).collect();
        self.tables.entry(controller.clone()).or_default().insert(column, outcomes);
        for cell in cells.iter().filter(|cell| cell.outcome == Outcome::Absent) {
            let commands = self.notes.entry((client.to_string(), cell.detail.clone())).or_default();
            if !commands.contains(&cell.command) {
                commands.push(cell.command.clone());
            }
        }
        Ok(())
    }

    /// How many commands there are, and how many of them failed.
    pub fn count(&self) -> (usize, usize) {
        let outcomes = || self.tables.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
        (outcomes().count(), outcomes().filter(|outcome| **outcome == Outcome::Failed).count())
    }

    /// The page, in Markdown.
    pub fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for (controller, columns) in &self.tables {
            let _ = writeln!(page, "\n## Controller: {controller}\n");
            let names: Vec<String> = columns.keys().map(|(name, version)| heading(name, version)).collect();
            let _ = writeln!(page, "| Command | {} |", names.join(" | "));
            let _ = writeln!(page, "| --- |{}", " --- |".repeat(columns.len()));
            for command in COMMANDS {
                let words: Vec<&str> = columns
                    .values()
                    .map(|outcomes| outcomes.get(command).copied().unwrap_or(Outcome::Failed).word())
                    .collect();
                let _ = writeln!(page, "| {command} | {} |", words.join(" | "));
            }
        }
        if !self.notes.is_empty() {
            page.push_str("\n## Notes\n\n");
            for ((client, reason), commands) in &self.notes {
                let _ = writeln!(page, "- {client}: {reason} ({}).", commands.join("; "));
            }
        }
        page
    }

    /// Reads a page back.
    pub fn read(page: &str) -> Result<Self> {
        let mut matrix = Self::default();
        let mut lines = page.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(controller) = line.strip_prefix("## Controller: ") {
                let head = lines.find(|line| line.starts_with("| Command |")).context("no table")?;
                lines.next();
                let columns: Vec<Column> = fields(head).skip(1).map(column).collect();
                let table = matrix.tables.entry(controller.to_owned()).or_default();
                for column in &columns {
                    table.insert(column.clone(), BTreeMap::new());
                }
                while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                    let mut row = fields(row);
                    let command = row.next().context("no command")?;
                    let words: Vec<&str> = row.collect();
                    ensure!(words.len() == columns.len(), "{command}: {} columns", words.len());
                    for (column, word) in columns.iter().zip(words) {
                        let outcome = Outcome::of(word).with_context(|| format!("no outcome {word:?}"))?;
                        table.entry(column.clone()).or_default().insert(command.to_owned(), outcome);
                    }
                }
            } else if let Some(note) = line.strip_prefix("- ") {
                let (client, rest) = note.split_once(": ").context("no client")?;
                let (reason, commands) = rest.rsplit_once(" (").context("no commands")?;
                let commands = commands.trim_end_matches(").").split("; ").map(str::to_owned).collect();
                matrix.notes.insert((client.to_owned(), reason.to_owned()), commands);
            }
        }
        Ok(matrix)
    }

    /// The clients of it with their versions.
    pub fn clients(&self) -> impl Iterator<Item = &Column> {
        self.tables.values().flat_map(BTreeMap::keys)
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
