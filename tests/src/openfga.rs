//! A real OpenFGA server as a process on loopback, for one test: built by `make test` where there is Go, else the tests
//! that need it say that they are skipped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::pki::PkiFiles;
use crate::process;

/// When set, the program to run in place of the one that the tests build.
pub const VARIABLE: &str = "JIMM_TEST_OPENFGA";
/// The key that the servers ask for.
pub const KEY: &str = "openfga-pre-shared-key";

/// Where a server keeps its tuples.
#[derive(Clone, Debug, Default)]
pub enum Keeps {
    /// In memory: gone when it ends.
    #[default]
    Nothing,
    /// In a file: there again after a restart.
    File,
    /// In this Postgres database.
    Postgres(String),
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct OpenFgaServer {
    /// Its port for gRPC on 127.0.0.1.
    pub port: u16,
    program: PathBuf,
    keeps: Keeps,
    tls: Option<PkiFiles>,
    dir: TempDir,
    child: Mutex<Option<Child>>,
}

/// The program, if it has been built.
pub fn program() -> Option<PathBuf> {
    let given = std::env::var_os(VARIABLE).map(PathBuf::from);
    let path = given.or_else(|| {
        let script = process::workspace().join("tests/openfga/build.sh");
        let output = Command::new("bash").arg(script).arg("--path").output().ok()?;
        Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    });
    path.filter(|path| path.is_file())
}

impl OpenFgaServer {
    /// A server that forgets; `None`, said aloud, where none has been built.
    pub async fn start() -> Option<Self> {
        Self::with(Keeps::Nothing, None).await
    }

    /// A server as wanted; `None`, said aloud, where none has been built.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(keeps: Keeps, tls: Option<PkiFiles>) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: no OpenFGA server has been built; `make test` builds one where there is Go");
            return None;
        };
        let start = move || Self::launch(program, keeps, tls);
        let started = tokio::task::spawn_blocking(start).await.expect("it is waited for");
        Some(started.unwrap_or_else(|error| panic!("OpenFGA does not start: {error:#}")))
    }

    fn launch(program: PathBuf, keeps: Keeps, tls: Option<PkiFiles>) -> Result<Self> {
        let port = process::free_port();
        let this = Self { port, program, keeps, tls, dir: tempfile::tempdir()?, child: Mutex::default() };
        if !matches!(this.keeps, Keeps::Nothing) {
            let output = this.command("migrate").output()?;
            ensure!(output.status.success(), "migrate: {}", String::from_utf8_lossy(&output.stderr));
        }
        this.restart()?;
        Ok(this)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OPENFGA_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.dir.path()).arg(what).stdin(Stdio::null());
        let file = format!("file:{}", self.dir.path().join("tuples.db").display());
        match &self.keeps {
            Keeps::Nothing => command.args(["--datastore-engine", "memory"]),
            Keeps::File => command.args(["--datastore-engine", "sqlite", "--datastore-uri", &file]),
            Keeps::Postgres(url) => {
                let url = if url.contains('?') { url.clone() } else { format!("{url}?sslmode=disable") };
                command.args(["--datastore-engine", "postgres", "--datastore-uri", &url])
            }
        };
        command
    }

    /// Starts it, again after it was killed, on the same port.
    pub fn restart(&self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command("run");
        command.arg("--grpc-addr").arg(format!("127.0.0.1:{}", self.port));
        command.args(["--http-enabled=false", "--playground-enabled=false", "--metrics-enabled=false"]);
        command.args(["--authn-method", "preshared", "--authn-preshared-keys", KEY, "--log-level", "warn"]);
        if let Some(tls) = &self.tls {
            command.arg("--grpc-tls-enabled").arg("--grpc-tls-cert").arg(&tls.cert);
            command.arg("--grpc-tls-key").arg(&tls.key);
        }
        let mut child = command.stdout(log.try_clone()?).stderr(log).spawn().context("cannot start OpenFGA")?;
        let port = self.port;
        process::wait_for("OpenFGA listens", Duration::from_secs(60), || {
            let ended = child.try_wait().ok().flatten().is_some();
            (ended || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(())
        })?;
        let ended = child.try_wait()?.is_some();
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        ensure!(!ended, "it has ended at once: {}", std::fs::read_to_string(self.log()).unwrap_or_default());
        Ok(())
    }

    /// Kills it where it stands.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Child::id)
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What a broker has to be told to ask it.
    pub fn environment(&self) -> Vec<(String, String)> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut env = vec![
            ("OPENFGA_HOST".to_owned(), "localhost".to_owned()),
            ("OPENFGA_SCHEME".to_owned(), scheme.to_owned()),
            ("OPENFGA_PORT".to_owned(), self.port.to_string()),
            ("OPENFGA_TOKEN".to_owned(), KEY.to_owned()),
        ];
        let ca: Option<&Path> = self.tls.as_ref().map(|tls| tls.ca.as_path());
        env.extend(ca.map(|ca| ("OPENFGA_CA_CERT_PATH".to_owned(), ca.display().to_string())));
        env
    }
}

impl Drop for OpenFgaServer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the log of OpenFGA\n{}", std::fs::read_to_string(self.log()).unwrap_or_default());
        }
    }
}
