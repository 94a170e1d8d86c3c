//! The simulated identity provider as a program.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jimm_tests::idp::{Idp, IdpOptions};
use tokio::signal::unix::{SignalKind, signal};

/// A simulated OpenID Connect provider on 127.0.0.1, for development: anybody is who they say they are.
#[derive(Debug, Parser)]
struct Args {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The broker's client id.
    #[arg(long, default_value = "jimm-device")]
    client_id: String,
    /// The broker's client secret.
    #[arg(long, env = "SIMIDP_CLIENT_SECRET", hide_env_values = true, default_value = "broker-secret")]
    client_secret: String,
    /// A service account, ID:SECRET; may be given several times.
    #[arg(long = "service", env = "SIMIDP_SERVICES", hide_env_values = true, value_delimiter = ' ')]
    services: Vec<String>,
    /// Seconds between two questions of a waiting device.
    #[arg(long, default_value_t = 1)]
    interval: u64,
    /// Seconds a device's code is good.
    #[arg(long, default_value_t = 600)]
    code_life: u64,
    /// File to write the issuer's URL to when it answers.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let service = |pair: &String| pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()));
    let services = args.services.iter().map(service).collect::<Option<Vec<_>>>();
    let idp = Idp::start(IdpOptions {
        port: args.port,
        client_id: args.client_id,
        client_secret: args.client_secret,
        services: services.context("a service account is written ID:SECRET")?,
        interval: args.interval,
        code_life: Duration::from_secs(args.code_life),
    })
    .await?;
    println!("issuer: {}\napprove: {}?user_code=CODE&email=EMAIL", idp.issuer(), idp.approve_url());
    if let Some(path) = &args.ready_file {
        jimm_tests::process::write_whole(path, idp.issuer())?;
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    idp.stop();
    Ok(())
}
