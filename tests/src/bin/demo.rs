//! Runs the demo: `make demo` and `make demo-down` call it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use jimm_tests::demo::{self, DemoPorts, Layout};

/// The product's main job on this machine.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything, adopt a model, move it, leave all running.
    Up(Up),
    /// Stop and remove everything.
    Down(Place),
    /// Start the broker again with the demo's configuration.
    StartBroker(Place),
    /// Start a controller again that has ended.
    StartController {
        /// Its name: sim1 or sim2.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args, Debug)]
struct Place {
    /// The demo's directory [default: target/demo].
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Place {
    fn layout(&self) -> Layout {
        let default = || jimm_tests::process::workspace().join("target/demo");
        let dir = self.dir.clone().unwrap_or_else(default);
        Layout::new(dir.components().collect())
    }
}

#[derive(clap::Args, Debug)]
struct Up {
    #[command(flatten)]
    place: Place,
    /// Generation of the first controller: 3.6, 4.0 or 4.1.
    #[arg(long, env = "SIM1_SHAPE", default_value = "3.6")]
    sim1_shape: String,
    /// Generation of the second controller: 3.6, 4.0 or 4.1.
    #[arg(long, env = "SIM2_SHAPE", default_value = "3.6")]
    sim2_shape: String,
    /// The broker's port [default: a free one].
    #[arg(long, env = "JIMM_PORT")]
    port: Option<u16>,
    /// The port of the broker's metrics [default: a free one].
    #[arg(long, env = "JIMM_METRICS_PORT")]
    metrics_port: Option<u16>,
    /// The identity provider's port [default: a free one].
    #[arg(long, env = "IDP_PORT")]
    idp_port: Option<u16>,
    /// The Postgres port [default: a free one].
    #[arg(long, env = "POSTGRES_PORT")]
    postgres_port: Option<u16>,
    /// The first controller's port [default: a free one].
    #[arg(long, env = "SIM1_PORT")]
    sim1_port: Option<u16>,
    /// The second controller's port [default: a free one].
    #[arg(long, env = "SIM2_PORT")]
    sim2_port: Option<u16>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("ERROR {e:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    match Args::parse().command {
        Command::Up(up) => {
            let ports = DemoPorts {
                broker: up.port,
                metrics: up.metrics_port,
                idp: up.idp_port,
                postgres: up.postgres_port,
                sims: [up.sim1_port, up.sim2_port],
                shapes: [up.sim1_shape, up.sim2_shape],
            };
            demo::up(&up.place.layout(), &ports).await
        }
        Command::Down(place) => demo::down(&place.layout()),
        Command::StartBroker(place) => demo::start_broker(&place.layout()).map(|pid| println!("process {pid}")),
        Command::StartController { name, place } => {
            demo::start_controller(&place.layout(), &name).map(|pid| println!("process {pid}"))
        }
    }
}
