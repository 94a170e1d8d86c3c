//! Bringing everything up, and down.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::juju_data::{self, Account};
use super::layout::{Layout, word};
use super::steps::{self, say};
use crate::broker::{self, ADMIN, BrokerPlan, SERVICE_ID, SERVICE_SECRET};
use crate::client::Door;
use crate::given;
use crate::idp::IdpOptions;
use crate::pki::Ca;
use crate::postgres::{Cluster, private_dir};
use crate::process;
use crate::simulated::SimPlan;

/// The broker's name in the client store.
const NAME: &str = "jimm";
const MODEL: &str = "shop";

/// Ports and shapes that were asked for.
#[derive(Clone, Debug, Default)]
pub struct DemoPorts {
    /// The broker's.
    pub broker: Option<u16>,
    /// Its metrics'.
    pub metrics: Option<u16>,
    /// The identity provider's.
    pub idp: Option<u16>,
    /// Postgres'.
    pub postgres: Option<u16>,
    /// The controllers'.
    pub sims: [Option<u16>; 2],
    /// The controllers' generations.
    pub shapes: [String; 2],
}

/// Starts everything, does the main job, leaves all running.
pub async fn up(layout: &Layout, ports: &DemoPorts) -> Result<()> {
    down(layout)?;
    for dir in [layout.dir().to_path_buf(), layout.at("pid"), layout.at("log")] {
        private_dir(&dir)?;
    }
    let done = tell(layout, ports).await;
    if done.is_err() {
        eprintln!(
            "\nthe demo failed; what runs is left for a look (logs in {}); `make demo-down` removes it",
            layout.at("log").display()
        );
    }
    done
}

async fn tell(layout: &Layout, ports: &DemoPorts) -> Result<()> {
    let port = |given: Option<u16>| given.unwrap_or_else(process::free_port);

    say("a private Postgres cluster");
    let cluster = Cluster::start(&layout.postgres(), ports.postgres)?;
    layout.remember("postgres", cluster.pid())?;
    let dsn = cluster.create_database("jimm").await?;
    println!("{dsn}");

    say("an identity provider for development");
    let issuer = start_idp(layout, port(ports.idp))?;
    println!("{issuer}");

    let ca = Ca::new("demo broker CA")?;
    let plan = BrokerPlan {
        port: port(ports.broker),
        metrics_port: port(ports.metrics),
        uuid: uuid::Uuid::new_v4().to_string(),
        dsn,
        tls: ca.write(&layout.at("tls"))?,
        issuer: issuer.clone(),
        client_id: IdpOptions::default().client_id,
        client_secret: IdpOptions::default().client_secret,
    };
    let door = Door { address: plan.address(), ca: ca.pem() };

    say("two simulated Juju controllers, each a process of its own");
    let mut sims = Vec::new();
    for (index, shape) in ports.shapes.iter().enumerate() {
        let name = format!("sim{}", index + 1);
        let mut sim = SimPlan::new(&name, shape, &plan.jwks_url(), &plan.tls.ca, layout.dir());
        sim.port = port(ports.sims[index]);
        sim.phase_pace_ms = 500;
        let pid = sim.start()?;
        layout.remember(&name, pid)?;
        layout.write_sim(&sim)?;
        println!("{name}: shape {shape}, wss://{}, process {pid}", sim.address());
        sims.push((sim, pid));
    }

    say("the broker, over TLS");
    let mut environment = plan.environment();
    environment.extend(demo_settings());
    layout.write_broker(&environment)?;
    let pid = start_broker(layout)?;
    println!("wss://{}, process {pid}, log {}", plan.address(), layout.at("log/jimmsrv.log").display());

    say("the admin logs in by device flow, approved without a browser");
    let approve = format!("{issuer}/approve");
    let token = steps::admin_token(&door, &approve).await?;
    let juju_data = layout.at("juju");
    let account = Account {
        controller: NAME,
        uuid: &plan.uuid,
        endpoint: &plan.address(),
        ca: &door.ca,
        user: ADMIN,
        token: &token,
    };
    juju_data::write(&juju_data, &account)?;
    let programs = process::built("jimmctl");
    let variables = variables(layout, &plan, &token, pid, &sims)?;
    layout.write_env(&variables, programs.parent().context("jimmctl is in no directory")?)?;
    println!("{ADMIN} is logged in; `. {}` lets you go on by hand", layout.at("env").display());

    main_job(layout, &door, &token, &sims).await?;

    say("all of it is still running");
    println!("  . {}        # then: jimmctl models, juju status, …", layout.at("env").display());
    println!("  make demo-down          # stops and removes it");
    Ok(())
}

async fn main_job(layout: &Layout, door: &Door, token: &str, sims: &[(SimPlan, u32)]) -> Result<()> {
    let juju_data = layout.at("juju");
    let [(source, _), (target, _)] = sims else { anyhow::bail!("two controllers are needed") };

    say("both controllers are attached");
    for (sim, _) in sims {
        let file = layout.at(&format!("{}.yaml", sim.name));
        process::write_whole(&file, &sim.attach_file()?)?;
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        steps::jimmctl(&juju_data, &["add-controller", &file.display().to_string()])?;
        let superuser = juju_data::Superuser {
            controller: &sim.name,
            uuid: &sim.uuid,
            endpoint: &sim.address(),
            ca: &sim.door()?.ca,
            user: &sim.user,
            password: &sim.password,
        };
        juju_data::write_superuser(&sim.dir.join("juju"), &superuser)?;
    }

    say("the admin uploads a cloud credential");
    let cloud = given::cloud_of(source).await?;
    let (connection, _) = door.with_token(token).await?;
    given::upload_credential(&connection, &cloud, ADMIN).await?;
    connection.close();
    println!("{cloud}/{ADMIN}/default");

    say("a model that already lives on the first controller is adopted");
    let uuid = given::make_model(source, &cloud, MODEL).await?;
    steps::jimmctl(&juju_data, &["import-model", &source.name, &uuid, "--owner", ADMIN])?;
    steps::jimmctl(&juju_data, &["models", "--format", "tabular"])?;
    juju_data::write_model(&juju_data, NAME, &format!("{ADMIN}/{MODEL}"), &uuid)?;

    if source.shape == "4.0" {
        say("it stays there: a 4.0 controller cannot give models away");
    } else {
        say("and moved to the second");
        steps::jimmctl(&juju_data, &["migrate", &target.name, &uuid])?;
    }

    say("the result");
    steps::jimmctl(&juju_data, &["controllers", "--format", "tabular"])?;
    println!();
    steps::jimmctl(&juju_data, &["models", "--format", "tabular"])
}

/// Faster than in production, so that the story is short.
fn demo_settings() -> BTreeMap<String, String> {
    [
        ("JIMM_MIGRATION_POLL_INTERVAL", "1s"),
        ("JIMM_CONTROLLER_POLL_INTERVAL", "10s"),
        ("JIMM_JOB_POLL_INTERVAL", "500ms"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn start_idp(layout: &Layout, port: u16) -> Result<String> {
    let ready = layout.at("idp.url");
    let mut command = Command::new(process::built("simidp"));
    command.args(["--port", &port.to_string(), "--interval", "1"]).arg("--ready-file").arg(&ready);
    command.env("SIMIDP_SERVICES", format!("{SERVICE_ID}:{SERVICE_SECRET}"));
    let pid = process::daemon(&mut command, &layout.at("log/simidp.log"))?;
    layout.remember("simidp", pid)?;
    process::wait_for("the identity provider answers", Duration::from_secs(30), || std::fs::read_to_string(&ready).ok())
}

/// Starts the broker (again) with the configuration of this demo; variables of the environment win over it.
pub fn start_broker(layout: &Layout) -> Result<u32> {
    let mut environment = layout.read_broker()?;
    for (name, value) in &mut environment {
        if let Some(given) = std::env::var_os(name) {
            *value = given.to_string_lossy().into_owned();
        }
    }
    let metrics = environment.get("JIMM_INTERNAL_LISTEN_ADDR").and_then(|address| address.rsplit(':').next());
    let metrics: u16 = metrics.and_then(|port| port.parse().ok()).context("the broker's metrics have no port")?;
    let first = layout.read_broker()?.get("JIMM_LISTEN_ADDR") == environment.get("JIMM_LISTEN_ADDR");
    if let Some(pid) = layout.pid("jimmsrv").filter(|pid| first && still_runs(*pid, metrics)) {
        println!("the broker is already running: process {pid}");
        return Ok(pid);
    }
    let mut command = broker::command(&environment);
    command.current_dir(layout.dir());
    let pid = process::daemon(&mut command, &layout.at("log/jimmsrv.log"))?;
    layout.remember(if first { "jimmsrv".to_owned() } else { format!("jimmsrv-{pid}") }.as_str(), pid)?;
    if first {
        layout.update_env("JIMM_PID", &pid.to_string())?;
    }
    broker::wait_ready(metrics, pid, Duration::from_secs(60))
        .with_context(|| format!("see {}", layout.at("log/jimmsrv.log").display()))?;
    Ok(pid)
}

/// Whether a broker is there to stay. One that was killed a moment ago is still seen for a while: it is waited for.
fn still_runs(pid: u32, metrics: u16) -> bool {
    let gone = || (!process::alive(pid)).then_some(());
    if process::wait_for("the former broker is gone", Duration::from_millis(300), gone).is_ok() {
        return false;
    }
    let answers = process::http_get(metrics, "/livez").is_some_and(|(status, _)| status == 200);
    answers || process::wait_for("the former broker is gone", Duration::from_secs(15), gone).is_err()
}

fn variables(
    layout: &Layout,
    plan: &BrokerPlan,
    token: &str,
    pid: u32,
    sims: &[(SimPlan, u32)],
) -> Result<BTreeMap<String, String>> {
    let path = |name: &str| layout.at(name).display().to_string();
    let start = command_of(layout, &["start-broker"])?;
    let mut variables: BTreeMap<String, String> = [
        ("JIMM_ADDR", plan.address()),
        ("JIMM_CA", path("tls/ca.pem")),
        ("JIMM_UUID", plan.uuid.clone()),
        ("JUJU_DATA", path("juju")),
        ("JIMM_SESSION_TOKEN", token.to_owned()),
        ("JIMM_CLIENT_ID", SERVICE_ID.to_owned()),
        ("JIMM_CLIENT_SECRET", SERVICE_SECRET.to_owned()),
        ("JIMM_OIDC_ISSUER", plan.issuer.clone()),
        ("JIMM_OIDC_APPROVE", format!("{}/approve", plan.issuer)),
        ("DATABASE_URL", plan.dsn.clone()),
        ("JIMM_PID", pid.to_string()),
        ("JIMM_START", start),
        ("JIMM_LOG", path("log/jimmsrv.log")),
        ("JIMM_METRICS", format!("http://127.0.0.1:{}/metrics", plan.metrics_port)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (index, (sim, pid)) in sims.iter().enumerate() {
        let n = index + 1;
        let entries = [
            ("NAME", sim.name.clone()),
            ("ADDR", sim.address()),
            ("UUID", sim.uuid.clone()),
            ("CA", sim.ca().display().to_string()),
            ("PID", pid.to_string()),
            ("USER", sim.user.clone()),
            ("PASSWORD", sim.password.clone()),
            ("CONTROL", format!("http://{}", sim.control()?)),
            ("JUJU_DATA", sim.dir.join("juju").display().to_string()),
            ("START", command_of(layout, &["start-controller", &sim.name])?),
        ];
        variables.extend(entries.map(|(name, value)| (format!("SIM_{n}_{name}"), value)));
    }
    Ok(variables)
}

/// The command line that runs one of the demo's commands for this demo.
fn command_of(layout: &Layout, command: &[&str]) -> Result<String> {
    let demo = std::env::current_exe().context("the demo's own path is unknown")?;
    let dir = layout.dir().display().to_string();
    Ok(format!("{} {} --dir {}", word(&demo.display().to_string()), command.join(" "), word(&dir)))
}

/// Starts a controller again that has ended: it knows its models still.
pub fn start_controller(layout: &Layout, name: &str) -> Result<u32> {
    let sim = layout.read_sim(name)?;
    if let Some(pid) = layout.pid(name).filter(|pid| is_ours(name, *pid)) {
        println!("controller {name} is already running: process {pid}");
        return Ok(pid);
    }
    let pid = sim.start()?;
    layout.remember(name, pid)?;
    let number = name.trim_start_matches("sim");
    layout.update_env(&format!("SIM_{number}_PID"), &pid.to_string())?;
    layout.update_env(&format!("SIM_{number}_CONTROL"), &format!("http://{}", sim.control()?))?;
    Ok(pid)
}

/// Stops what was started, by pid, the broker first, and removes the demo's files.
pub fn down(layout: &Layout) -> Result<()> {
    let mut pids = layout.pids();
    pids.retain(|(name, _)| name != "postgres");
    pids.sort_by_key(|(name, _)| !name.starts_with("jimmsrv"));
    for (name, pid) in pids {
        if is_ours(&name, pid) {
            process::stop(pid, Duration::from_secs(15));
            println!("stopped {name} (process {pid})");
        }
    }
    Cluster::remove(&layout.postgres())?;
    if layout.at("pid").is_dir() {
        std::fs::remove_dir_all(layout.dir()).with_context(|| format!("cannot remove {}", layout.dir().display()))?;
    }
    Ok(())
}

/// Pids are used again: the process must still be the program we started.
fn is_ours(name: &str, pid: u32) -> bool {
    let program = match name {
        "simidp" => "simidp",
        name if name.starts_with("jimmsrv") => "jimmsrv",
        _ => "simcontroller",
    };
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    process::alive(pid) && line.split('\0').next().is_some_and(|first| first.ends_with(program))
}
