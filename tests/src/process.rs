//! Small helpers around child processes: free ports, signals, waiting for a condition with a deadline.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::Rng as _;

/// Claims to ports that are kept at a time.
const CLAIMS: usize = 200;

/// A TCP port of 127.0.0.1 on which nobody listens, and which no other process of ours is given as long as this one lives:
/// whoever is to listen there starts later. It is below those that the kernel gives to outgoing connections: a server that
/// is stopped and started again finds it still free.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    static OURS: Mutex<VecDeque<File>> = Mutex::new(VecDeque::new());
    let mut rng = rand::rng();
    let (port, claim) = (0..1000)
        .map(|_| rng.random_range(15_000..32_000))
        .filter_map(|port| Some((port, claim(port).ok()?)))
        .find(|(port, _)| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("no free port of 127.0.0.1 below 32000");
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    ours.push_back(claim);
    // Somebody listens on the oldest by now, and open files are few.
    while ours.len() > CLAIMS {
        ours.pop_front();
    }
    port
}

/// A claim to a port, which lasts as long as the file is open; an error when another process has it.
fn claim(port: u16) -> Result<File> {
    let user = std::fs::metadata("/proc/self")?.uid();
    let dir = std::env::temp_dir().join(format!("jimm-test-ports-{user}"));
    std::fs::create_dir_all(&dir)?;
    let file = File::options().create(true).append(true).open(dir.join(port.to_string()))?;
    file.try_lock()?;
    Ok(file)
}

/// The repository's root, as it was when this crate was compiled.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Where what tests have fetched from registries is kept, outside the tree.
///
/// # Panics
/// When there is no home directory.
pub fn cache() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    cache.expect("a home directory").join("jimm-tests")
}

/// Where a program of this workspace was built: beside (or one above) the running one.
///
/// # Panics
/// When it has not been built; `cargo build --workspace` (or `make test`) builds it.
pub fn built(program: &str) -> PathBuf {
    let me = std::env::current_exe().expect("the running program has a path");
    let near = me.ancestors().skip(1).take(2).map(|dir| dir.join(program)).find(|path| path.is_file());
    near.unwrap_or_else(|| panic!("{program} has not been built: run `cargo build --workspace --bins` first"))
}

/// Sends a signal (`TERM`, `KILL`, `INT`, `STOP`, `CONT`, `0`) to a process; true when it was there.
pub fn signal(pid: u32, name: &str) -> bool {
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &pid.to_string()]);
    kill.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A process that stands still (`SIGSTOP`) while this lives.
pub struct Frozen(u32);

impl Frozen {
    /// Stops it.
    pub fn new(pid: u32) -> Self {
        signal(pid, "STOP");
        Self(pid)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.0, "CONT");
    }
}

/// Whether a process is there and not a zombie. One whose first thread has ended holds its ports until the others have.
pub fn alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let zombie = stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'));
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    !zombie || threads() > 1
}

/// Asks a process to end, then makes it, and returns when it is gone.
pub fn stop(pid: u32, patience: Duration) {
    signal(pid, "TERM");
    let deadline = Instant::now() + patience;
    while alive(pid) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    if alive(pid) {
        signal(pid, "KILL");
        while alive(pid) && Instant::now() < deadline + Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Asks `probe` again and again until it has a value.
///
/// # Panics
/// When the deadline passes first.
pub async fn eventually<T, F, Fut>(what: &str, deadline: Duration, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    let mut pause = Duration::from_millis(10);
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < end, "{what}: not within {deadline:?}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

/// Writes a file so that readers see all of it or nothing.
pub fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, path)
}

/// Starts a program that outlives us, in a session of its own, with its output appended to a log file.
pub fn daemon(command: &mut Command, log: &Path) -> Result<u32> {
    let out = std::fs::File::options().create(true).append(true).open(log);
    let out = out.with_context(|| format!("cannot open {}", log.display()))?;
    let program = command.get_program().to_owned();
    let mut session = Command::new("setsid");
    session.arg(&program).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => session.env(name, value),
            None => session.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        session.current_dir(dir);
    }
    session.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    // `setsid` becomes the program: it leads no process group yet, so it need not fork.
    let child = session.spawn().with_context(|| format!("cannot start {}", Path::new(&program).display()))?;
    Ok(child.id())
}

/// Waits, without a runtime, until `probe` has a value.
pub fn wait_for<T>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = probe() {
            return Ok(value);
        }
        anyhow::ensure!(Instant::now() < end, "{what}: not within {deadline:?}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Status and body of a plain HTTP GET on 127.0.0.1, without any client library.
pub fn http_get(port: u16, path: &str) -> Option<(u16, String)> {
    http("GET", port, path)
}

/// The same for another method, without a body.
pub fn http(method: &str, port: u16, path: &str) -> Option<(u16, String)> {
    use std::io::{Read as _, Write as _};
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
