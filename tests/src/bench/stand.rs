//! The stand: Postgres, an identity provider, two controllers and the broker, the last three as processes of their own.
//! What it started it stops, by pid, when it is dropped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jimm_proto::params::jimm::{ImportModelRequest, ImportModelResult};
use tempfile::TempDir;
use uuid::Uuid;

use super::Options;
use super::client::Way;
use super::seeds::{self, Seeded};
use super::usage;
use crate::broker::{self, ADMIN, BrokerPlan, SERVICE_ID, SERVICE_SECRET};
use crate::client::{Door, approve};
use crate::given;
use crate::idp::{Idp, IdpOptions};
use crate::pki::Ca;
use crate::postgres::Cluster;
use crate::process;
use crate::simulated::SimPlan;

/// Sees one of the many models.
pub(super) const SEES_ONE: &str = "one@example.com";
/// Sees a hundred of them.
pub(super) const SEES_HUNDRED: &str = "hundred@example.com";
/// Sees one, and a hundred, of the models on many controllers.
pub(super) const SEES_FEW: &str = "few@example.com";
pub(super) const SEES_SOME: &str = "some@example.com";
/// Sees a thousand of them, for queries.
pub(super) const SEES_THOUSAND: &str = "thousand@example.com";
const CALL: Duration = Duration::from_secs(60);

/// Everything that runs.
pub(super) struct Stand {
    /// The controllers, with what they have.
    pub(super) sims: Vec<(SimPlan, Seeded)>,
    /// The door to the broker.
    pub(super) door: Door,
    /// Session tokens by user.
    tokens: BTreeMap<&'static str, String>,
    /// How many of the many models were adopted.
    pub(super) adopted: Option<u32>,
    /// How the broker was planned.
    pub(super) plan: BrokerPlan,
    environment: BTreeMap<String, String>,
    pids: Pids,
    /// The databases.
    pub(super) cluster: Cluster,
    _idp: Idp,
    /// For files.
    pub(super) dir: TempDir,
}

/// Processes to stop, and the cluster's directory to remove.
struct Pids {
    broker: u32,
    another: u32,
    sims: Vec<u32>,
    postgres: PathBuf,
}

impl Drop for Pids {
    fn drop(&mut self) {
        for pid in self.sims.iter().chain([&self.broker, &self.another]).filter(|pid| **pid != 0) {
            process::signal(*pid, "CONT");
            process::stop(*pid, Duration::from_secs(3));
        }
        if let Err(error) = Cluster::remove(&self.postgres) {
            eprintln!("{error:#}");
        }
    }
}

impl Stand {
    pub(super) async fn start(options: &Options) -> Result<Self> {
        eprintln!("starting Postgres, an identity provider, two controllers and the broker …");
        let dir = tempfile::tempdir()?;
        let postgres = std::env::temp_dir().join(format!("jimm-bench-postgres-{}", std::process::id()));
        let mut pids = Pids { broker: 0, another: 0, sims: Vec::new(), postgres: postgres.clone() };
        let cluster = Cluster::start(&postgres, None)?;
        let services = vec![(SERVICE_ID.to_owned(), SERVICE_SECRET.to_owned())];
        let idp = Idp::start(IdpOptions { interval: 0, services, ..IdpOptions::default() }).await?;
        let ca = Ca::new("bench broker CA")?;
        let plan = BrokerPlan {
            port: process::free_port(),
            metrics_port: process::free_port(),
            uuid: Uuid::new_v4().to_string(),
            dsn: cluster.create_database("jimm").await?,
            tls: ca.write(&dir.path().join("tls"))?,
            issuer: idp.issuer().to_owned(),
            client_id: idp.options().client_id.clone(),
            client_secret: idp.options().client_secret.clone(),
        };
        let door = Door { address: plan.address(), ca: ca.pem() };
        let mut sims = Vec::new();
        for name in ["sim1", "sim2"] {
            let sim = SimPlan::new(name, "3.6", &plan.jwks_url(), &plan.tls.ca, dir.path());
            let seeded = seeds::write(&sim, options.count(5000, 250))?;
            let starting = sim.clone();
            pids.sims.push(tokio::task::spawn_blocking(move || starting.start()).await??);
            sims.push((sim, seeded));
        }
        let mut environment = plan.environment();
        environment.extend(options.env.iter().cloned());
        let mut command = broker::command(&environment);
        command.current_dir(dir.path());
        pids.broker = process::daemon(&mut command, &dir.path().join("jimmsrv.log"))?;
        let (metrics, pid) = (plan.metrics_port, pids.broker);
        let ready = tokio::task::spawn_blocking(move || broker::wait_ready(metrics, pid, Duration::from_secs(60)));
        let stand = Self {
            sims,
            door,
            tokens: BTreeMap::new(),
            adopted: None,
            plan,
            environment,
            pids,
            cluster,
            _idp: idp,
            dir,
        };
        ready.await?.with_context(|| stand.explain("the start"))?;
        stand.furnish().await
    }

    /// Attaches the controllers, logs everybody in, adopts the models that each measurement needs.
    async fn furnish(mut self) -> Result<Self> {
        for (sim, _) in &self.sims {
            self.attach(sim).await?;
        }
        let cloud = given::cloud_of(&self.sims[0].0).await?;
        for user in [ADMIN, SEES_ONE, SEES_HUNDRED, SEES_THOUSAND, SEES_FEW, SEES_SOME] {
            let url = format!("{}/approve", self.plan.issuer);
            let token = self.door.device_login(|code| async move { approve(&url, &code, user).await }).await?;
            let (connection, _) = self.door.with_token(&token).await?;
            given::upload_credential(&connection, &cloud, user).await?;
            self.tokens.insert(user, token);
        }
        let (connection, _) = self.door.with_token(&self.tokens[ADMIN]).await?;
        for (sim, seeded) in &self.sims {
            for model in [seeded.small, seeded.large] {
                let request = import(&sim.name, model, ADMIN);
                let _: ImportModelResult = connection.call("JIMM", 4, "ImportModel", &request, CALL).await?;
            }
        }
        Ok(self)
    }

    async fn attach(&self, sim: &SimPlan) -> Result<()> {
        let file = self.dir.path().join(format!("{}.yaml", sim.name));
        std::fs::write(&file, sim.attach_file()?)?;
        let mut command = std::process::Command::new(process::built("jimmctl"));
        command.args(["add-controller"]).arg(&file).env("JIMM_URL", self.plan.address());
        command.env("JIMM_CA", &self.plan.tls.ca).env("HOME", self.dir.path());
        command.env("JIMM_CLIENT_ID", SERVICE_ID).env("JIMM_CLIENT_SECRET", SERVICE_SECRET);
        let said = tokio::task::spawn_blocking(move || command.output()).await??;
        ensure!(said.status.success(), "add-controller: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }

    /// Starts more controllers, of both generations in turns and with so many models each, and attaches them; with their
    /// processes.
    pub(super) async fn more_controllers(&mut self, count: u32, models: u32) -> Result<Vec<(SimPlan, Seeded, u32)>> {
        let mut more = Vec::new();
        for n in 0..count {
            let shape = if n % 2 == 0 { "3.6" } else { "4.0" };
            let sim =
                SimPlan::new(&format!("more{n}"), shape, &self.plan.jwks_url(), &self.plan.tls.ca, self.dir.path());
            let seeded = seeds::write(&sim, models)?;
            let starting = sim.clone();
            let pid = tokio::task::spawn_blocking(move || starting.start()).await??;
            self.pids.sims.push(pid);
            self.attach(&sim).await?;
            more.push((sim, seeded, pid));
        }
        Ok(more)
    }

    /// Through the broker, as its administrator.
    pub(super) fn broker(&self) -> Result<Way> {
        self.broker_as(ADMIN)
    }

    /// Through the broker, as somebody.
    pub(super) fn broker_as(&self, user: &str) -> Result<Way> {
        let Some(token) = self.tokens.get(user) else { bail!("nobody is {user}") };
        Way::through_broker(self.plan.port, &self.door.ca, token)
    }

    /// Through another broker on the same database, with other settings.
    pub(super) async fn another_broker(&mut self, settings: &[(&str, &str)]) -> Result<Way> {
        let (port, metrics) = (process::free_port(), process::free_port());
        let mut environment = self.environment.clone();
        environment.insert("JIMM_LISTEN_ADDR".to_owned(), format!("127.0.0.1:{port}"));
        environment.insert("JIMM_INTERNAL_LISTEN_ADDR".to_owned(), format!("127.0.0.1:{metrics}"));
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut command = broker::command(&environment);
        command.current_dir(self.dir.path());
        let pid = process::daemon(&mut command, &self.dir.path().join("another.log"))?;
        self.pids.another = pid;
        tokio::task::spawn_blocking(move || broker::wait_ready(metrics, pid, Duration::from_secs(60))).await??;
        let Some(token) = self.tokens.get(ADMIN) else { bail!("nobody is {ADMIN}") };
        Way::through_broker(port, &self.door.ca, token)
    }

    /// Straight to a controller.
    pub(super) fn straight(&self, which: usize) -> Result<Way> {
        self.straight_at(which, self.sims[which].0.port)
    }

    /// To a controller through a relay at that port.
    pub(super) fn straight_at(&self, which: usize, port: u16) -> Result<Way> {
        let sim = &self.sims[which].0;
        Way::straight(port, &sim.door()?.ca, &sim.user, &sim.password)
    }

    /// The path of a model.
    pub(super) fn path(model: Uuid) -> String {
        format!("/model/{model}/api")
    }

    /// The broker's process.
    pub(super) fn broker_pid(&self) -> u32 {
        self.pids.broker
    }

    /// A controller's process.
    pub(super) fn sim_pid(&self, which: usize) -> u32 {
        self.pids.sims[which]
    }

    /// What broker and database have used until now.
    pub(super) fn used(&self) -> Result<(Duration, Duration)> {
        Ok((usage::cpu(self.pids.broker)?, usage::cpu_of_family(self.cluster.pid())?))
    }

    /// What was going on when something failed.
    pub(super) fn explain(&self, what: &str) -> String {
        let log = std::fs::read_to_string(self.dir.path().join("jimmsrv.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!("{what} failed; the end of the broker's log:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"))
    }
}

/// The parameters of an import.
pub(super) fn import(controller: &str, model: Uuid, owner: &str) -> ImportModelRequest {
    ImportModelRequest {
        controller: controller.to_owned(),
        model_tag: format!("model-{model}"),
        owner: format!("user-{owner}"),
    }
}
