//! The simulated controller as a program. Its switches are turned over plain HTTP on a loopback port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use jimm_tests::sim::{Controller, Options, Shape};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A simulated Juju controller.
#[derive(Parser)]
struct Args {
    /// Its name.
    #[arg(long, default_value = "sim")]
    name: String,
    /// Which Juju it behaves like: 3.6, 4.0 or 4.1
    #[arg(long, default_value = "3.6")]
    shape: Shape,
    /// Its UUID; remembered or new when not given.
    #[arg(long)]
    uuid: Option<Uuid>,
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where its switches are; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Its superuser.
    #[arg(long, default_value = "admin")]
    user: String,
    /// The superuser's password.
    #[arg(long, env = "SIMCONTROLLER_PASSWORD", hide_env_values = true)]
    password: String,
    /// The key set of the broker, ending in /.well-known/jwks.json
    #[arg(long)]
    login_token_refresh_url: Option<String>,
    /// File with the CA of the server that publishes the key set.
    #[arg(long)]
    jwks_ca: Option<PathBuf>,
    /// Seconds before the key set may be fetched again.
    #[arg(long, default_value_t = 900)]
    jwks_refresh: u64,
    /// The cloud it manages.
    #[arg(long, default_value = "demo")]
    cloud: String,
    /// That cloud's region.
    #[arg(long, default_value = "here")]
    region: String,
    /// What it runs; the shape's usual when not given.
    #[arg(long)]
    agent_version: Option<String>,
    /// Milliseconds that each phase of a migration takes.
    #[arg(long, env = "SIMCONTROLLER_PHASE_PACE_MS", default_value_t = 100)]
    phase_pace_ms: u64,
    /// Milliseconds that a migration waits for agents.
    #[arg(long, env = "SIMCONTROLLER_AGENT_WAIT_MS", default_value_t = 5000)]
    agent_wait_ms: u64,
    /// Where it keeps its CA and its memory; nowhere when not given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Lose what changes with the process, in place of writing it down at each change.
    #[arg(long)]
    forgetful: bool,
    /// File to write once it answers: where and who it is, as JSON, without the password.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let args = Args::parse();
    let jwks_ca =
        args.jwks_ca.as_ref().map(std::fs::read_to_string).transpose().context("cannot read the CA of the key set")?;
    let options = Options {
        name: args.name,
        shape: args.shape,
        uuid: args.uuid,
        listen: args.listen,
        user: args.user,
        password: args.password,
        login_token_refresh_url: args.login_token_refresh_url,
        jwks_ca,
        jwks_refresh: Duration::from_secs(args.jwks_refresh),
        cloud: args.cloud,
        region: args.region,
        agent_version: args.agent_version,
        phase_pace: Duration::from_millis(args.phase_pace_ms),
        agent_wait: Duration::from_millis(args.agent_wait_ms),
        dir: args.dir,
        forgetful: args.forgetful,
    };
    let controller = Arc::new(Controller::start(options).await?);
    let control = tokio::net::TcpListener::bind(args.control).await?;
    let ready = json!({
        "name": controller.name(), "uuid": controller.uuid(), "addr": controller.address().to_string(),
        "control": control.local_addr()?.to_string(), "pid": std::process::id(),
    });
    if let Some(path) = &args.ready_file {
        let next = path.with_extension("next");
        std::fs::write(&next, ready.to_string())?;
        std::fs::rename(&next, path)?;
    }
    let routes = Router::new()
        .route("/models", get(models).post(add_model))
        .route("/fail/{switch}/{state}", post(fail))
        .route("/hold/{phase}", post(hold))
        .route("/release", post(release))
        .route("/calls", get(calls))
        .route("/moves", get(moves))
        .with_state(Arc::clone(&controller));
    tokio::select! {
        served = axum::serve(control, routes) => served?,
        () = terminated() => {}
    }
    controller.stop().await;
    Ok(())
}

async fn terminated() {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let term = async {
        match term.as_mut() {
            Some(term) => drop(term.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! { () = term => {}, _ = tokio::signal::ctrl_c() => {} }
}

#[derive(Deserialize)]
struct NewModel {
    name: String,
    owner: String,
    #[serde(default)]
    applications: Vec<String>,
}

async fn models(State(controller): State<Arc<Controller>>) -> Json<Value> {
    Json(json!(controller.world().models))
}

async fn add_model(State(controller): State<Arc<Controller>>, Json(new): Json<NewModel>) -> Json<Value> {
    let applications: Vec<&str> = new.applications.iter().map(String::as_str).collect();
    Json(json!({"uuid": controller.add_model(&new.name, &new.owner, &applications)}))
}

async fn fail(
    State(controller): State<Arc<Controller>>,
    Path((switch, state)): Path<(String, String)>,
) -> (StatusCode, String) {
    told(controller.failures().set(&switch, state == "on"))
}

fn told(turned: Result<(), String>) -> (StatusCode, String) {
    match turned {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(text) => (StatusCode::BAD_REQUEST, text),
    }
}

async fn hold(State(controller): State<Arc<Controller>>, Path(phase): Path<String>) -> (StatusCode, String) {
    told(controller.failures().hold(&phase))
}

async fn release(State(controller): State<Arc<Controller>>) -> (StatusCode, String) {
    told(controller.failures().hold(""))
}

async fn moves(State(controller): State<Arc<Controller>>) -> Json<Value> {
    let world = controller.world();
    Json(
        json!({"started": world.started, "activated": world.activated, "models": world.models.keys().collect::<Vec<_>>()}),
    )
}

async fn calls(State(controller): State<Arc<Controller>>) -> Json<Vec<String>> {
    Json(controller.calls())
}
