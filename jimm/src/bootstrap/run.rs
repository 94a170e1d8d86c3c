//! One run of the client, line by line. When this value is dropped, the warden stops the client.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::COMMAND;
use super::folder::Folder;

/// Ourselves, even when the file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";
/// Of a line that does not end so much is read at a time.
const LONGEST: u64 = 64 << 10;
/// What of the broker's own environment the client gets.
const PASSED: &[&str] = &[
    "PATH",
    "TMPDIR",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

type Lines = BufReader<Box<dyn AsyncRead + Send + Unpin>>;

/// A client at work.
pub struct Running {
    child: Child,
    tether: Option<ChildStdin>,
    /// What it says on its standard output and on its standard error, until it has said all.
    streams: [Option<Lines>; 2],
    held: [Vec<u8>; 2],
    grace: Duration,
}

/// What comes of waiting.
#[derive(Debug, PartialEq)]
pub enum Ended {
    /// It ended well.
    Well,
    /// It did not.
    Badly(String),
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("child", &self.child).finish_non_exhaustive()
    }
}

/// The environment of a client: what it keeps lies in the folder.
pub(super) fn environment(home: &Path) -> Vec<(String, String)> {
    let home = home.display().to_string();
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| PASSED.contains(&name.as_str()))
        .collect();
    for name in ["HOME", "JUJU_DATA", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        environment.push((name.to_owned(), home.clone()));
    }
    environment
}

impl Running {
    /// Starts a client with these arguments in the folder, below a warden that gives it so long to clean up when stopped.
    pub fn start(program: &str, args: &[String], folder: &mut Folder, grace: Duration) -> io::Result<Self> {
        let mut command = Command::new(OURSELVES);
        command.arg(COMMAND).arg("--folder").arg(folder.path()).arg("--grace").arg(grace.as_secs().to_string());
        command.arg("--").arg(program).args(args).current_dir("/");
        command.env_clear().envs(environment(folder.path()));
        // A signal to the broker's group is none to the warden: it has to outlive the broker.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        folder.entrust();
        let lines = |stream: Option<Box<dyn AsyncRead + Send + Unpin>>| stream.map(BufReader::new);
        let out = child.stdout.take().map(|it| Box::new(it) as Box<dyn AsyncRead + Send + Unpin>);
        let err = child.stderr.take().map(|it| Box::new(it) as Box<dyn AsyncRead + Send + Unpin>);
        let tether = child.stdin.take();
        Ok(Self { child, tether, streams: [lines(out), lines(err)], held: Default::default(), grace })
    }

    /// The next line, or nothing when it has said all. May be left at any moment without losing anything.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            let [out, err] = &mut self.streams;
            let [held_out, held_err] = &mut self.held;
            let (which, more) = tokio::select! {
                more = read(out, held_out), if out.is_some() => (0, more),
                more = read(err, held_err), if err.is_some() => (1, more),
                else => return None,
            };
            if !more {
                self.streams[which] = None;
            }
            let line = std::mem::take(&mut self.held[which]);
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    /// Has the client stopped; what it still says can be read.
    pub fn stop(&mut self) {
        self.tether = None;
    }

    /// Waits until it has ended, which it does soon once it has said all; the folder is ours again then.
    pub async fn ended(&mut self, folder: &mut Folder) -> Ended {
        let ended = match tokio::time::timeout(self.grace + Duration::from_secs(20), self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ended::Well,
            Ok(Ok(status)) => Ended::Badly(status.to_string()),
            Ok(Err(error)) => Ended::Badly(error.to_string()),
            Err(_) => return Ended::Badly("it does not end".to_owned()),
        };
        folder.take_back();
        ended
    }
}

/// Reads until the end of a line; `false` when the stream has ended. What was read so far is held.
async fn read(stream: &mut Option<Lines>, held: &mut Vec<u8>) -> bool {
    let Some(stream) = stream else { return false };
    let room = LONGEST.saturating_sub(held.len() as u64).max(1);
    match stream.take(room).read_until(b'\n', held).await {
        Ok(0) | Err(_) => false,
        Ok(_) => true,
    }
}
