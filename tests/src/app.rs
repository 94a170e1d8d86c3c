//! The whole product for one test: the built broker as a process on a fresh database, a provider in this process,
//! simulated controllers as processes. The broker may be killed and started again at any moment.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use jimm_rpc::Connection;
use tempfile::TempDir;

use crate::broker::{self, BrokerPlan, SERVICE_ID, SERVICE_SECRET};
use crate::client::Door;
use crate::idp::{Idp, IdpOptions};
use crate::pki::Ca;
use crate::postgres::TestDb;
use crate::process;
use crate::simulated::SimPlan;
use crate::terminal::{self, Shown};

/// What a test wants.
#[derive(Clone, Debug, Default)]
pub struct AppOptions {
    /// One generation (`3.6`, `4.0`) per simulated controller; they are called `sim1`, `sim2`, ….
    pub sims: Vec<String>,
    /// Settings of the broker beyond the usual ones.
    pub env: Vec<(String, String)>,
}

/// A running product.
pub struct TestApp {
    /// Its database.
    pub db: TestDb,
    /// Its identity provider.
    pub idp: Idp,
    /// Its controllers.
    pub sims: Vec<Sim>,
    /// How the broker was planned.
    pub plan: BrokerPlan,
    /// The door to the broker.
    pub door: Door,
    environment: BTreeMap<String, String>,
    broker: Mutex<Vec<Child>>,
    dir: TempDir,
}

/// A simulated controller of a test; it ends with this value.
pub struct Sim {
    /// How it was planned.
    pub plan: SimPlan,
    pid: Mutex<u32>,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code.
    pub code: i32,
}

impl TestApp {
    /// A broker with two controllers of 3.6.
    ///
    /// # Panics
    /// When it cannot be had; the message says why.
    pub async fn start() -> Self {
        Self::with(AppOptions { sims: vec!["3.6".into(), "3.6".into()], env: Vec::new() }).await
    }

    /// A broker as wanted.
    ///
    /// # Panics
    /// When it cannot be had; the message says why.
    pub async fn with(options: AppOptions) -> Self {
        Self::try_with(options).await.unwrap_or_else(|error| panic!("the product does not start: {error:#}"))
    }

    async fn try_with(options: AppOptions) -> Result<Self> {
        let db = TestDb::create().await;
        let services = vec![(SERVICE_ID.to_owned(), SERVICE_SECRET.to_owned())];
        let idp = Idp::start(IdpOptions { interval: 0, services, ..IdpOptions::default() }).await?;
        let dir = tempfile::tempdir()?;
        let ca = Ca::new("test broker CA")?;
        let plan = BrokerPlan {
            port: process::free_port(),
            metrics_port: process::free_port(),
            uuid: uuid::Uuid::new_v4().to_string(),
            dsn: db.url.clone(),
            tls: ca.write(&dir.path().join("tls"))?,
            issuer: idp.issuer().to_owned(),
            client_id: idp.options().client_id.clone(),
            client_secret: idp.options().client_secret.clone(),
        };
        let mut environment = plan.environment();
        environment.extend(quick().map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment.extend(options.env);
        let door = Door { address: plan.address(), ca: ca.pem() };
        let mut app = Self { db, idp, sims: Vec::new(), plan, door, environment, broker: Mutex::default(), dir };
        for (index, shape) in options.sims.iter().enumerate() {
            let name = format!("sim{}", index + 1);
            let plan = SimPlan::new(&name, shape, &app.plan.jwks_url(), &app.plan.tls.ca, app.dir.path());
            let starting = plan.clone();
            let pid = tokio::task::spawn_blocking(move || starting.start()).await??;
            app.sims.push(Sim { plan, pid: Mutex::new(pid) });
        }
        app.start_broker().await?;
        Ok(app)
    }

    /// Starts the broker (again) and waits until it is ready.
    pub async fn start_broker(&self) -> Result<()> {
        self.start_replica(&[]).await
    }

    /// Starts a broker on the same database with other settings, such as `JIMM_LISTEN_ADDR`.
    pub async fn start_replica(&self, settings: &[(&str, String)]) -> Result<()> {
        let mut environment = self.environment.clone();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = broker::command(&environment);
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("cannot start the broker")?;
        let pid = child.id();
        self.children().push(child);
        let metrics = environment["JIMM_INTERNAL_LISTEN_ADDR"].rsplit(':').next().unwrap_or_default().parse()?;
        let ready = tokio::task::spawn_blocking(move || broker::wait_ready(metrics, pid, Duration::from_secs(60)));
        ready.await?.with_context(|| self.broker_log())
    }

    /// Kills every broker process where it stands.
    pub fn kill_broker(&self) {
        for mut child in self.children().drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Kills the broker process that was started first where it stands.
    pub fn kill_first(&self) {
        self.kill_one(0);
    }

    /// Kills one of the broker processes where it stands; they are numbered in the order in which they were started.
    pub fn kill_one(&self, which: usize) {
        let mut child = self.children().remove(which);
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Ends every broker process gracefully and answers the exit codes.
    pub async fn stop_broker(&self) -> Vec<Option<i32>> {
        let children: Vec<Child> = self.children().drain(..).collect();
        let mut codes = Vec::new();
        for mut child in children {
            process::signal(child.id(), "TERM");
            let waited = tokio::task::spawn_blocking(move || child.wait()).await;
            codes.push(waited.ok().and_then(Result::ok).and_then(|status| status.code()));
        }
        codes
    }

    fn children(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process of the broker that was started last; 0 when there is none.
    pub fn broker_pid(&self) -> u32 {
        self.children().last().map_or(0, Child::id)
    }

    /// A directory of the test's own.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    fn log(&self) -> std::path::PathBuf {
        self.dir.path().join("jimmsrv.log")
    }

    /// What the broker logged so far.
    pub fn broker_log(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The lines of that log; each has to be a JSON object.
    ///
    /// # Panics
    /// When one is not: somebody wrote past the log.
    pub fn log_lines(&self) -> Vec<serde_json::Value> {
        let log = self.broker_log();
        // The last line may be in the writing.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no line of the log: {line}"));
        whole.lines().map(parse).collect()
    }

    /// A session token for a person, by device flow.
    pub async fn token(&self, email: &str) -> Result<String> {
        self.door
            .device_login(|code| async move {
                anyhow::ensure!(self.idp.approve(&code, email), "the provider knows no code {code}");
                Ok(())
            })
            .await
    }

    /// A connection to the broker, logged in as this person.
    pub async fn connect(&self, email: &str) -> Result<Connection> {
        let token = self.token(email).await?;
        Ok(self.door.with_token(&token).await?.0)
    }

    /// A connection to the broker, logged in as the admin service account.
    pub async fn connect_admin(&self) -> Result<Connection> {
        Ok(self.door.with_credentials(SERVICE_ID, SERVICE_SECRET).await?.0)
    }

    /// A connection to a model through the broker.
    pub async fn connect_model(&self, uuid: &str, email: &str) -> Result<Connection> {
        let token = self.token(email).await?;
        Ok(self.door.to_model(uuid, &token).await?.0)
    }

    /// Runs `jimmctl` as the admin service account.
    pub async fn jimmctl(&self, args: &[&str]) -> Said {
        self.jimmctl_told(args, "").await
    }

    /// The same with something on its standard input.
    pub async fn jimmctl_told(&self, args: &[&str], input: &str) -> Said {
        self.run_jimmctl(args, &ADMINISTRATOR, input).await
    }

    /// Runs `jimmctl` as the person of this session token.
    pub async fn jimmctl_as(&self, token: &str, args: &[&str]) -> Said {
        self.run_jimmctl(args, &[("JIMM_SESSION_TOKEN", token)], "").await
    }

    /// Runs `jimmctl` with these variables for its identity.
    pub async fn jimmctl_with(&self, identity: &[(&str, &str)], args: &[&str]) -> Said {
        self.run_jimmctl(args, identity, "").await
    }

    /// Runs `jimmctl` as the admin service account on a terminal, for so long at most.
    pub async fn jimmctl_on_terminal(&self, args: &[&str], within: Duration) -> Shown {
        let command = self.jimmctl_command(args, &ADMINISTRATOR);
        terminal::show(command, within).await.expect("a terminal")
    }

    fn jimmctl_command(&self, args: &[&str], identity: &[(&str, &str)]) -> Command {
        let mut command = Command::new(process::built("jimmctl"));
        for name in IDENTITY {
            command.env_remove(name);
        }
        command.env("JIMM_URL", self.plan.address()).env("JIMM_CA", &self.plan.tls.ca).env("HOME", self.dir.path());
        command.envs(identity.iter().copied()).args(args);
        command
    }

    async fn run_jimmctl(&self, args: &[&str], identity: &[(&str, &str)], input: &str) -> Said {
        let mut command = self.jimmctl_command(args, identity);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let run = move || {
            let mut child = command.spawn()?;
            // Who asks nothing may have ended before.
            let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
            child.wait_with_output()
        };
        let output = tokio::task::spawn_blocking(run).await.expect("it is waited for").expect("jimmctl runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
    }

    /// Attaches all simulated controllers.
    ///
    /// # Panics
    /// When one is refused.
    pub async fn attach_all(&self) {
        for sim in &self.sims {
            let file = self.dir.path().join(format!("{}.yaml", sim.plan.name));
            std::fs::write(&file, sim.plan.attach_file().expect("it runs")).expect("a file");
            let said = self.jimmctl(&["add-controller", &file.display().to_string()]).await;
            assert_eq!(said.code, 0, "add-controller: {}\n{}", said.err, self.broker_log());
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.kill_broker();
        if std::thread::panicking() {
            eprintln!("--- the broker's log\n{}", self.broker_log());
        }
    }
}

impl Sim {
    /// Its process.
    pub fn pid(&self) -> u32 {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills it where it stands.
    pub fn kill(&self) {
        process::signal(self.pid(), "KILL");
    }

    /// Starts it again.
    pub fn restart(&self) -> Result<()> {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = self.plan.start()?;
        Ok(())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.plan.dir.join("log")).unwrap_or_default();
            eprintln!("--- the log of {}\n{log}", self.plan.name);
        }
    }
}

/// Makes `jimmctl` the admin service account.
const ADMINISTRATOR: [(&str, &str); 2] = [("JIMM_CLIENT_ID", SERVICE_ID), ("JIMM_CLIENT_SECRET", SERVICE_SECRET)];
/// Variables that tell `jimmctl` who it is.
const IDENTITY: [&str; 10] = [
    "JIMM_CLIENT_ID",
    "JIMM_CLIENT_SECRET",
    "JUJU_CLIENT_ID",
    "JUJU_CLIENT_SECRET",
    "JIMM_SESSION_TOKEN",
    "JIMM_ID_TOKEN",
    "JIMM_ID_TOKEN_FILE",
    "JIMM_CA",
    "JUJU_CONTROLLER",
    "JUJU_DATA",
];

/// Settings that make waiting short.
fn quick() -> [(&'static str, &'static str); 7] {
    [
        ("JIMM_CONTROLLER_POLL_INTERVAL", "1s"),
        ("JIMM_MODEL_POLL_INTERVAL", "2s"),
        ("JIMM_MIGRATION_POLL_INTERVAL", "200ms"),
        ("JIMM_JOB_POLL_INTERVAL", "200ms"),
        ("JIMM_JOB_LEASE", "5s"),
        ("JIMM_DRAIN_TIMEOUT", "2s"),
        ("JIMM_OAUTH_CREDENTIALS_CACHE", "5m"),
    ]
}
