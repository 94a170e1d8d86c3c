//! The question whether it is meant, before something is taken away.

use std::io::{BufRead, Write};

use crate::error::{Failure, Result};

/// Asks on standard error and reads one line of standard input; anything but `y` or `yes` is a no.
pub(super) fn confirm(question: &str, nothing_done: &str) -> Result<()> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} (y/N): ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    if answer.is_empty() {
        // Nobody pressed the return key.
        writeln!(stderr)?;
    }
    Err(Failure::failed(format!("not agreed: {nothing_done}")).with_hint("-y answers the question beforehand"))
}
