//! Mistakes in the configuration, told so that they can be put right without looking anything up.

use std::fmt;

use super::variables::{self, Status, Variable};

/// One mistake.
#[derive(Debug)]
pub struct Problem {
    /// The variable's name.
    pub variable: String,
    /// What is wrong, to be read after the name.
    pub what: String,
    /// What is expected and an example, where that helps.
    pub hint: String,
    /// The file the value came from, if not the environment.
    pub file: Option<String>,
}

impl Problem {
    pub(super) fn new(variable: &str, what: impl Into<String>) -> Self {
        let hint = variables::find(variable).map(hint).unwrap_or_default();
        Self { variable: variable.to_owned(), what: what.into(), hint, file: None }
    }

    pub(super) fn bare(variable: &str, what: impl Into<String>) -> Self {
        Self { variable: variable.to_owned(), what: what.into(), hint: String::new(), file: None }
    }
}

fn hint(variable: &Variable) -> String {
    if variable.status != Status::Used {
        return String::new();
    }
    format!("expected {}; example: {}={}", variable.kind.expected(), variable.name, variable.example)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.what)?;
        if let Some(file) = &self.file {
            write!(f, " (in {file})")?;
        }
        if !self.hint.is_empty() {
            write!(f, "\n    {}", self.hint)?;
        }
        Ok(())
    }
}

/// Something that works but is probably not meant.
#[derive(Debug)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All mistakes at once.
#[derive(Debug)]
pub struct ConfigErrors {
    /// The mistakes, in the order of the reference page.
    pub problems: Vec<Problem>,
    /// What else was noticed.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "{count} {} in the configuration:", if count == 1 { "mistake" } else { "mistakes" })?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// The name of a known variable that looks most like `name`, if any looks like it at all.
pub fn nearest(name: &str) -> Option<&'static str> {
    variables::all()
        .filter(|variable| variable.status == Status::Used)
        .map(|variable| (distance(name, variable.name), variable.name))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 4)
        .map(|(_, name)| name)
}

/// Number of letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
