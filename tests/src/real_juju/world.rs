//! What stands around the rig: Postgres, the identity provider and the broker on the rig's bridge.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::ledger::{Actor, Ledger};
use super::rig::{Controller, Rig};
use crate::broker::{self, BrokerPlan, SERVICE_ID, SERVICE_SECRET};
use crate::client::approve;
use crate::demo::{self, Layout};
use crate::idp::IdpOptions;
use crate::peers::READING_SERVICE;
use crate::pki::Ca;
use crate::postgres::{Cluster, private_dir};
use crate::process;

/// The broker's name in every client store of the story.
pub(super) const NAME: &str = "jimm";

/// Everything that runs; `down` stops it.
pub(super) struct World {
    pub(super) rig: Rig,
    pub(super) controllers: [Controller; 2],
    pub(super) layout: Layout,
    pub(super) address: String,
    metrics_port: u16,
    pub(super) ca: PathBuf,
    issuer: String,
}

/// What is answered to a code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer<'a> {
    /// This person agrees at the provider.
    As(&'a str),
    /// Somebody refuses there.
    Refuse,
    /// The command is killed.
    BreakOff,
    /// There must be none.
    Never,
}

/// What came of a command that may have asked for codes.
pub(super) struct Talk {
    succeeded: bool,
    said: String,
    codes: usize,
}

impl Talk {
    /// It has succeeded, with so many codes.
    pub(super) fn works(&self, codes: usize) -> Result<()> {
        let Self { succeeded, said, codes: asked } = self;
        anyhow::ensure!(*succeeded && *asked == codes, "succeeded: {succeeded}, codes: {asked}\n{said}");
        Ok(())
    }

    /// It has failed, with so many codes and this in what it said, as one error.
    pub(super) fn fails(&self, codes: usize, with: &str) -> Result<()> {
        let Self { succeeded, said, codes: asked } = self;
        let errors = said.lines().filter(|line| line.starts_with("ERROR")).count();
        let is_so = !succeeded && *asked == codes && said.contains(with) && errors <= 1;
        anyhow::ensure!(is_so, "succeeded: {succeeded}, codes: {asked}, no {with:?}?\n{said}");
        Ok(())
    }
}

impl World {
    /// Starts it: first the broker, whose keys the controllers fetch while they start.
    pub(super) async fn up(rig: Rig, layout: Layout) -> Result<Self> {
        demo::down(&layout)?;
        for dir in [layout.dir().to_path_buf(), layout.at("pid")] {
            private_dir(&dir)?;
        }
        rig.wipe()?;
        let host = rig.network()?;
        let cluster = Cluster::start(&layout.postgres(), None)?;
        let issuer = start_idp(&layout)?;
        let tls = Ca::new("real juju broker CA")?.write_for(&layout.at("tls"), &[&host])?;
        let plan = BrokerPlan {
            port: process::free_port(),
            metrics_port: process::free_port(),
            uuid: uuid::Uuid::new_v4().to_string(),
            dsn: cluster.create_database("jimm").await?,
            tls: tls.clone(),
            issuer: issuer.clone(),
            client_id: IdpOptions::default().client_id,
            client_secret: IdpOptions::default().client_secret,
        };
        let address = format!("{host}:{}", plan.port);
        let mut environment = plan.environment();
        for name in ["JIMM_DNS_NAME", "JIMM_LISTEN_ADDR"] {
            environment.insert(name.to_owned(), address.clone());
        }
        environment.insert("JIMM_MIGRATION_POLL_INTERVAL".to_owned(), "1s".to_owned());
        environment.insert("JIMM_LOG_LEVEL".to_owned(), "debug".to_owned());
        layout.write_broker(&environment)?;
        start_broker(&layout, plan.metrics_port)?;
        let jwks = format!("https://{address}/.well-known/jwks.json");
        let controllers = rig.up(&jwks, &tls.ca)?;
        Ok(Self { rig, controllers, layout, address, metrics_port: plan.metrics_port, ca: tls.ca, issuer })
    }

    /// What a run before has left.
    pub(super) fn standing(rig: Rig, layout: Layout) -> Result<Self> {
        let environment = layout.read_broker().context("nothing is left running: run with --keep first")?;
        let of = |name: &str| environment.get(name).cloned().with_context(|| format!("the broker has no {name}"));
        let address = of("JIMM_LISTEN_ADDR")?;
        let metrics = of("JIMM_INTERNAL_LISTEN_ADDR")?;
        let metrics_port = metrics.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).context("no port")?;
        let issuer = std::fs::read_to_string(layout.at("idp.url"))?;
        let (controllers, ca) = (rig.controllers()?, layout.at("tls/ca.pem"));
        Ok(Self { rig, controllers, layout, address, metrics_port, ca, issuer })
    }

    /// Someone with a client of their own, not logged in.
    pub(super) fn person(&self, who: &str, program: &str, name: &str) -> Result<Actor> {
        let store = self.layout.at(&format!("{who}-{program}"));
        private_dir(&store)?;
        Ok(self.actor(name, self.rig.program(program), &store))
    }

    /// `jimmctl` on the client store of somebody.
    pub(super) fn jimmctl(with: &Actor) -> Actor {
        Actor { name: "jimmctl".to_owned(), program: process::built("jimmctl"), env: with.env.clone() }
    }

    /// The admin of the controllers themselves, beside the broker.
    pub(super) fn local_admin(&self) -> Actor {
        self.actor("direct", self.rig.program("juju"), &self.rig.client_store())
    }

    fn actor(&self, name: &str, program: PathBuf, store: &Path) -> Actor {
        let env = [
            ("JUJU_DATA", store.display().to_string()),
            ("SSL_CERT_FILE", self.ca.display().to_string()),
            ("HOME", self.layout.dir().display().to_string()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Actor { name: name.to_owned(), program, env }
    }

    /// `juju login`, approved at the provider as soon as the client shows its code.
    pub(super) async fn login(&self, ledger: &mut Ledger, by: &Actor, email: &str) {
        let started = Instant::now();
        let result = tokio::time::timeout(Duration::from_mins(1), self.try_login(by, email)).await;
        let result = result.unwrap_or_else(|_| Err(anyhow::anyhow!("not within a minute")));
        ledger.fact(&format!("login by device code ({email})"), by, started, result);
    }

    async fn try_login(&self, by: &Actor, email: &str) -> Result<()> {
        let talk = self.talk(by, &["login", &self.address, "-c", NAME], Answer::As(email)).await?;
        talk.works(1)?;
        anyhow::ensure!(talk.said.contains(&format!("Welcome, {email}")), "no welcome: {}", talk.said);
        Ok(())
    }

    /// Runs a command that may ask for codes, and gives this answer to each.
    pub(super) async fn talk(&self, by: &Actor, args: &[&str], answer: Answer<'_>) -> Result<Talk> {
        let talk = tokio::time::timeout(Duration::from_mins(1), self.try_talk(by, args, answer)).await;
        talk.unwrap_or_else(|_| Err(anyhow::anyhow!("{args:?} has not ended within a minute")))
    }

    async fn try_talk(&self, by: &Actor, args: &[&str], answer: Answer<'_>) -> Result<Talk> {
        let mut child = by.command(args).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let (mut said, mut codes) = (String::new(), 0);
        while let Some(line) = lines.next_line().await? {
            said.push_str(&line);
            said.push('\n');
            let Some((_, rest)) = line.split_once("enter code ") else { continue };
            codes += 1;
            let code = rest.split_whitespace().next().context("no code")?;
            let url = self.approve_url();
            match answer {
                Answer::As(email) => approve(&url, code, email).await?,
                Answer::Refuse => approve(&format!("{url}?deny=true"), code, "").await?,
                Answer::BreakOff => child.start_kill()?,
                Answer::Never => anyhow::bail!("it asks for a code: {said}"),
            }
        }
        let output = child.wait_with_output().await?;
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        Ok(Talk { succeeded: output.status.success(), said, codes })
    }

    /// Where people agree at the provider.
    pub(super) fn approve_url(&self) -> String {
        format!("{}/approve", self.issuer)
    }

    /// The broker's own settings.
    pub(super) fn setting(&self, name: &str) -> Result<String> {
        self.layout.read_broker()?.remove(name).with_context(|| format!("the broker has no {name}"))
    }

    /// Kills the broker where it stands and starts it again.
    pub(super) fn restart_broker(&self) -> Result<()> {
        let pid = self.layout.pid("jimmsrv").context("no broker runs")?;
        process::signal(pid, "KILL");
        process::wait_for("the broker is gone", Duration::from_secs(10), || (!process::alive(pid)).then_some(()))?;
        start_broker(&self.layout, self.metrics_port)
    }

    /// What to type to use what is left running.
    pub(super) fn say_how_to_go_on(&self, by: &Actor) {
        let env: Vec<_> =
            by.env.iter().filter(|(name, _)| name != "HOME").map(|(name, value)| format!("{name}={value}")).collect();
        println!("all of it is still running: {} {}", env.join(" "), by.program.display());
        println!("beside the broker: JUJU_DATA={} {}", self.rig.client_store().display(), by.program.display());
    }

    /// Stops everything, the broker first; its log stays.
    pub(super) fn down(&self) -> Result<()> {
        for name in ["jimmsrv", "simidp"] {
            if let Some(pid) = self.layout.pid(name) {
                process::stop(pid, Duration::from_secs(15));
            }
        }
        self.rig.wipe()?;
        Cluster::remove(&self.layout.postgres())
    }
}

fn start_broker(layout: &Layout, metrics_port: u16) -> Result<()> {
    let log = layout.at("jimmsrv.log");
    let pid = process::daemon(&mut broker::command(&layout.read_broker()?), &log)?;
    layout.remember("jimmsrv", pid)?;
    broker::wait_ready(metrics_port, pid, Duration::from_mins(1)).with_context(|| format!("see {}", log.display()))
}

fn start_idp(layout: &Layout) -> Result<String> {
    let ready = layout.at("idp.url");
    let mut command = Command::new(process::built("simidp"));
    for service in [SERVICE_ID, READING_SERVICE] {
        command.arg("--service").arg(format!("{service}:{SERVICE_SECRET}"));
    }
    command.args(["--interval", "1"]).arg("--ready-file").arg(&ready);
    let pid = process::daemon(&mut command, &layout.at("simidp.log"))?;
    layout.remember("simidp", pid)?;
    process::wait_for("the identity provider answers", Duration::from_secs(30), || std::fs::read_to_string(&ready).ok())
}
