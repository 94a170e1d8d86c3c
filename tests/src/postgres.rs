//! A private Postgres cluster: found or made, shared by all test processes of one checkout, and databases on it.
//!
//! Knows nothing of the product's schema. The cluster lives in a temporary directory (so that the `postgres` user may
//! enter it when we are root), listens on 127.0.0.1 and a socket of its own, and is kept until `testpg stop`.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor};

use crate::process;

/// When set, the cluster to use instead of one of our own (a superuser's URL).
pub const URL_VARIABLE: &str = "JIMM_TEST_POSTGRES";

/// A running cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    dir: PathBuf,
    port: u16,
    pid: u32,
}

impl Cluster {
    /// The cluster all tests of this checkout share, started now if it is not running.
    pub fn shared() -> Result<Self> {
        Self::start(&shared_dir(), None)
    }

    /// The shared cluster's directory, whether it runs or not.
    pub fn shared_dir() -> PathBuf {
        shared_dir()
    }

    /// The cluster of this directory, made and started as needed. Several processes may call this at once.
    pub fn start(dir: &Path, port: Option<u16>) -> Result<Self> {
        let lock_path = dir.with_extension("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.with_context(|| format!("cannot open {}", lock_path.display()))?;
        lock.lock().context("cannot lock the test cluster")?;
        if let Some(running) = Self::running(dir) {
            return Ok(running);
        }
        Self::initialise(dir, port.unwrap_or_else(process::free_port))
    }

    /// The cluster of this directory if it runs.
    pub fn running(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join("data/postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let pid = lines.first()?.trim().parse().ok()?;
        let port = lines.get(3)?.trim().parse().ok()?;
        let answers = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        (process::alive(pid) && answers).then(|| Self { dir: dir.to_path_buf(), port, pid })
    }

    fn initialise(dir: &Path, port: u16) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot clear {}", dir.display()))?;
        }
        fs::DirBuilder::new().mode(0o755).recursive(true).create(dir)?;
        let owner = owner()?;
        if let Some((uid, gid)) = owner {
            std::os::unix::fs::chown(dir, Some(uid), Some(gid))?;
        }
        let data = dir.join("data");
        let mut initdb = program("initdb", owner)?;
        initdb.arg("-D").arg(&data);
        initdb.args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        run(initdb.current_dir(dir), "initdb")?;

        let log = dir.join("log");
        let mut settings = fs::read_to_string(data.join("postgresql.conf")).unwrap_or_default();
        settings.push_str(&configuration(dir, port));
        fs::write(data.join("postgresql.conf"), settings)?;
        let mut start = program("pg_ctl", owner)?;
        start.args(["start", "-w", "-t", "60", "-s", "-D"]).arg(&data).arg("-l").arg(&log);
        run(start.current_dir(dir), "pg_ctl start")?;
        Self::running(dir).with_context(|| format!("the cluster does not answer; see {}", log.display()))
    }

    /// Stops this directory's cluster, if it runs, and removes the directory.
    pub fn remove(dir: &Path) -> Result<()> {
        if let Some(running) = Self::running(dir) {
            running.stop();
        }
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        fs::remove_file(dir.with_extension("lock")).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error.into()),
        })
    }

    /// Makes a database and answers its URL.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        let mut admin = sqlx::PgConnection::connect(&self.url("postgres")).await.context("cannot reach the cluster")?;
        admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        admin.close().await?;
        Ok(self.url(name))
    }

    /// Stops the server at once; clients are cut.
    pub fn stop(&self) {
        process::signal(self.pid, "INT");
        process::stop(self.pid, Duration::from_secs(10));
    }

    /// Where the cluster lives.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

/// One fresh, empty database, dropped with this value.
#[derive(Debug)]
pub struct TestDb {
    /// Its URL, good for `Store::connect` and `JIMM_DSN`.
    pub url: String,
    name: String,
    admin_url: String,
}

impl TestDb {
    /// Makes a database on the shared cluster.
    ///
    /// # Panics
    /// When there is no Postgres to be had; the message says what to install.
    pub async fn create() -> Self {
        Self::try_create().await.unwrap_or_else(|error| panic!("no database for this test: {error:#}"))
    }

    async fn try_create() -> Result<Self> {
        let admin_url = match std::env::var_os(URL_VARIABLE) {
            Some(url) => url.to_string_lossy().into_owned(),
            None => tokio::task::spawn_blocking(Cluster::shared).await??.url("postgres"),
        };
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut admin = sqlx::PgConnection::connect(&admin_url).await.context("cannot reach the test cluster")?;
        admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        admin.close().await?;
        let mut url = url::Url::parse(&admin_url)?;
        url.set_path(&name);
        Ok(Self { url: url.to_string(), name, admin_url })
    }

    /// Runs one statement that takes no arguments, for tests that look behind the product's back.
    pub async fn execute(&self, sql: &str) -> Result<u64> {
        let mut connection = sqlx::PgConnection::connect(&self.url).await?;
        let done = connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await?;
        connection.close().await?;
        Ok(done.rows_affected())
    }

    /// The first column of the first row as text.
    pub async fn fetch(&self, sql: &str) -> Result<Option<String>> {
        let mut connection = sqlx::PgConnection::connect(&self.url).await?;
        let value = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_optional(&mut connection).await?;
        connection.close().await?;
        Ok(value)
    }
}

impl Drop for TestDb {
    /// Best effort: the cluster goes away anyway.
    fn drop(&mut self) {
        let Ok(mut psql) = program("psql", None) else { return };
        psql.args(["-q", &self.admin_url, "-c", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]);
        let _ = psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn shared_dir() -> PathBuf {
    let digest = Sha256::digest(process::workspace().as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("jimm-test-postgres-{}", hex::encode(&digest[..6])))
}

fn configuration(dir: &Path, port: u16) -> String {
    format!(
        "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nmax_connections = 400\n\
         shared_buffers = 64MB\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n\
         wal_level = minimal\nmax_wal_senders = 0\nmax_parallel_workers_per_gather = 0\ndynamic_shared_memory_type = mmap\n\
         timezone = 'UTC'\nlog_timezone = 'UTC'\nlc_messages = 'C'\n",
        dir.display()
    )
}

/// Who the server runs as: itself refuses root, so root becomes `postgres` (or `nobody`); anybody else stays.
fn owner() -> Result<Option<(u32, u32)>> {
    let me = fs::metadata("/proc/self").context("cannot tell who we are")?;
    if std::os::unix::fs::MetadataExt::uid(&me) != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let entry = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = entry("postgres").or_else(|| entry("nobody"));
    Ok(Some(found.context("no user `postgres` or `nobody` to run Postgres as")?))
}

/// A Postgres program, of the newest version installed, to be run as `owner`.
fn program(name: &str, owner: Option<(u32, u32)>) -> Result<Command> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name))))
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file());
    let Some(found) = versions.pop().map(|(_, path)| path).or(in_path) else {
        bail!("{name} not found: install PostgreSQL 14 or newer (Debian: apt-get install postgresql)");
    };
    let mut command = Command::new(found);
    command.env_remove("PGHOST").env_remove("PGPORT").env_remove("PGDATABASE").env_remove("PGUSER");
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid).env("HOME", "/nonexistent");
    }
    Ok(command)
}

fn run(command: &mut Command, what: &str) -> Result<()> {
    // Into files, not pipes: the server keeps what it inherits, and we would wait for it for ever.
    let output = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let status = command.status().with_context(|| format!("cannot run {what}"))?;
    let said = std::io::read_to_string(rewound(output)?)?;
    ensure!(status.success(), "{what} failed: {}", said.trim());
    Ok(())
}

fn rewound(mut file: File) -> Result<File> {
    std::io::Seek::rewind(&mut file)?;
    Ok(file)
}

/// Makes a directory only we may read, for keys and logs beside a cluster.
pub fn private_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    Ok(())
}
