//! How an answer is printed: a table for people, YAML and JSON for programs, and where: stdout or `-o FILE`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Failure, Result};
use crate::go_yaml;

/// The formats of `--format`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Tabular,
    /// The reference's YAML: field names in lower case without hyphens.
    Yaml,
    /// One line with the wire's names.
    Json,
}

/// Options that every command with an answer has.
#[derive(Clone, Debug, clap::Args)]
pub struct OutputArgs {
    /// Format of the answer [default: tabular on a terminal, else yaml]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the answer to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl OutputArgs {
    /// The format to use.
    pub(crate) fn format(&self) -> Format {
        match self.format {
            Some(format) => format,
            None if self.is_to_terminal() => Format::Tabular,
            None => Format::Yaml,
        }
    }

    /// Whether somebody reads the answer as it is printed.
    pub(crate) fn is_to_terminal(&self) -> bool {
        self.output.is_none() && std::io::stdout().is_terminal()
    }

    /// Prints an answer: `wire` as JSON, `yaml` as YAML, `table` for people.
    pub(crate) fn print<W: Serialize, Y: Serialize>(
        &self,
        wire: &W,
        yaml: &Y,
        table: impl Fn() -> String,
    ) -> Result<()> {
        let text = match self.format() {
            Format::Tabular => table(),
            Format::Yaml => go_yaml::to_string(
                &serde_norway::to_value(yaml)
                    .map_err(|e| Failure::failed(format!("cannot write the answer as YAML: {e}")))?,
            ),
            Format::Json => serde_json::to_string(wire)? + "\n",
        };
        self.write(&text)
    }

    /// Passes an answer on. A command that has none prints an empty object, as the reference does, so that what reads
    /// its output still finds YAML or JSON.
    pub(crate) fn or_nothing<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() && self.format() != Format::Tabular {
            let _ = self.write("{}\n");
        }
        answer
    }

    fn write(&self, text: &str) -> Result<()> {
        match &self.output {
            Some(path) => std::fs::write(path, text)
                .map_err(|e| Failure::failed(format!("cannot write the answer to {}: {e}", path.display()))),
            None => match std::io::stdout().lock().write_all(text.as_bytes()) {
                // The reader of a pipe may leave early; that is its right.
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
                _ => Ok(()),
            },
        }
    }
}
