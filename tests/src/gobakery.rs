//! The Go macaroon bakery as a process: first party, client and third party that others wrote. Built by `make test` where
//! there is Go, else the tests that need it say that they are skipped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The process; it ends with this value.
#[derive(Debug)]
pub struct GoBakery(Arc<Mutex<Pipes>>);

#[derive(Debug)]
struct Pipes {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The program, if it has been built.
pub fn program() -> Option<PathBuf> {
    let script = process::workspace().join("tests/bakery/build.sh");
    let output = Command::new("bash").arg(script).arg("--path").output().ok()?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    path.is_file().then_some(path)
}

impl GoBakery {
    /// Starts it; `None`, said aloud, where none has been built.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: the Go bakery has not been built; `make test` builds it where there is Go");
            return None;
        };
        Some(Self::launch(&program).unwrap_or_else(|error| panic!("the Go bakery does not start: {error:#}")))
    }

    fn launch(program: &PathBuf) -> Result<Self> {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = child.stdin.take().context("its input")?;
        let answers = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self(Arc::new(Mutex::new(Pipes { child, ask, answers }))))
    }

    /// Asks it one thing; it keeps deadlines itself.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn ask(&self, request: Value) -> Value {
        let pipes = Arc::clone(&self.0);
        let asking = tokio::task::spawn_blocking(move || {
            let mut pipes = pipes.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(pipes.ask, "{request}")?;
            let mut line = String::new();
            pipes.answers.read_line(&mut line)?;
            serde_json::from_str(&line).with_context(|| format!("its answer {line:?}"))
        });
        let answer: Result<Value> = asking.await.expect("it is waited for");
        answer.unwrap_or_else(|error| panic!("the Go bakery does not answer: {error:#}"))
    }
}

impl Drop for GoBakery {
    fn drop(&mut self) {
        let mut pipes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = pipes.child.kill();
        let _ = pipes.child.wait();
    }
}
