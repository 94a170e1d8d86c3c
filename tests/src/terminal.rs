//! A terminal that a program runs on, and the pictures that it shows there.

use std::fs::File;
use std::io::Read as _;
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::process;

const ROWS: NonZero<u16> = NonZero::new(50).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(150).unwrap();

/// What a program has shown.
#[derive(Debug)]
pub struct Shown {
    /// What stood on the terminal after each time that something was written, without what is the same as before.
    pub pictures: Vec<String>,
    /// The exit code, or -1.
    pub code: i32,
}

/// Runs a program on a terminal of its own, until it ends.
///
/// # Panics
/// When it has not ended after `within`; it is killed then.
pub async fn show(mut command: Command, within: Duration) -> Result<Shown> {
    let (ours, theirs) = terminal()?;
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
    let mut child = command.spawn().context("the program starts")?;
    let pid = child.id();
    // Its ends of the terminal: while somebody has one, reading does not end.
    drop(command);
    let watching = tokio::task::spawn_blocking(move || {
        let pictures = watch(ours.into());
        child.wait().map(|status| Shown { pictures, code: status.code().unwrap_or(-1) })
    });
    let Ok(shown) = tokio::time::timeout(within, watching).await else {
        process::signal(pid, "KILL");
        panic!("it has not ended within {within:?}");
    };
    Ok(shown??)
}

/// Both ends of a new terminal.
fn terminal() -> Result<(OwnedFd, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = File::options().read(true).write(true).open(name.to_str()?)?;
    tcsetwinsize(&theirs, Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 })?;
    Ok((ours, theirs))
}

fn watch(mut ours: File) -> Vec<String> {
    let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
    let mut pictures = Vec::new();
    let mut written = [0; 4096];
    // The end of a terminal that nobody has any more is an error.
    while let Ok(read @ 1..) = ours.read(&mut written) {
        screen.process(&written[..read]);
        // Row by row: a row that is written to its end would be taken for the beginning of the next.
        let rows: Vec<String> = screen.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().to_owned()).collect();
        let picture = rows.join("\n").trim_end().to_owned();
        if pictures.last() != Some(&picture) {
            pictures.push(picture);
        }
    }
    pictures
}
