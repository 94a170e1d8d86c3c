//! The process between the broker and the `juju` client. Its standard input is a tether: when that ends, because the broker
//! wants so or is dead, the client and all that it started are stopped, and the folder with the secrets is removed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use clap::Args;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::folder::LOCK;

/// How long those who are killed may take to be gone.
const KILLED: Duration = Duration::from_secs(5);

/// What the warden is told.
#[derive(Args, Debug)]
pub struct WardenArgs {
    /// The folder to remove when the tether is cut.
    #[arg(long)]
    folder: PathBuf,
    /// Seconds that the client has to clean up after itself before it is killed.
    #[arg(long)]
    grace: u64,
    /// The client and its arguments.
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

/// Runs the client; ends as it does.
pub fn main(args: &WardenArgs) -> ExitCode {
    match keep(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("the client cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn keep(args: &WardenArgs) -> std::io::Result<u8> {
    // As long as it is held, nobody sweeps the folder away.
    let lock = File::open(args.folder.join(LOCK))?;
    lock.lock_shared()?;
    let (program, words) = args.words.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(words).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (copied, all_copied) = channel();
    copy(child.stdout.take(), std::io::stdout(), copied.clone());
    copy(child.stderr.take(), std::io::stderr(), copied);
    let group = Pid::from_child(&child);
    let (over, ended) = channel();
    let is_cut = Arc::new(AtomicBool::new(false));
    let (folder, grace, cut) = (args.folder.clone(), Duration::from_secs(args.grace), Arc::clone(&is_cut));
    let tether = std::thread::spawn(move || {
        let mut byte = [0];
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
        cut.store(true, Ordering::SeqCst);
        stop(group, grace, &ended);
        let _ = std::fs::remove_dir_all(folder);
    });
    // Not reaped yet, so that its number is still that of its group.
    while waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        .is_err_and(|e| e.raw_os_error() == 4)
    {}
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    let _ = over.send(());
    if is_cut.load(Ordering::SeqCst) {
        let _ = tether.join();
    }
    // Until both have hung up, or somebody who left the group holds on to them: what a client says while it cleans up
    // is its last word.
    let _ = all_copied.recv_timeout(KILLED);
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Passes on what the client says. When nobody listens any more the client must not learn of it: it would die of that
/// instead of cleaning up.
fn copy(from: Option<impl Read + Send + 'static>, mut to: impl Write + Send + 'static, done: Sender<()>) {
    let Some(mut from) = from else { return };
    std::thread::spawn(move || {
        let (mut some, mut listens) = ([0; 4096], true);
        while let Ok(count @ 1..) = from.read(&mut some) {
            listens = listens && to.write_all(&some[..count]).and_then(|()| to.flush()).is_ok();
        }
        drop(done);
    });
}

/// Asks the client to clean up, and kills it when it does not end.
fn stop(group: Pid, grace: Duration, ended: &Receiver<()>) {
    let _ = kill_process_group(group, Signal::INT);
    if ended.recv_timeout(grace).is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = ended.recv_timeout(KILLED);
    }
}
