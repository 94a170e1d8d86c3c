//! Lets every client that is on this machine do its day's work through the broker: `make test-peers` calls it.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use jimm_tests::peers::{Cell, Client, Matrix, PAGE, SHAPES, SIMULATED, Simulated, Tools};

/// Prints client, controller, command and result, and writes the page of compatibility when every client was there; what it
/// tells of real controllers stays.
#[derive(Debug, Parser)]
struct Args {
    /// Only clients whose name has this in it; the page is not written.
    #[arg(long)]
    client: Option<String>,
    /// Only simulated controllers of this shape; the page is not written.
    #[arg(long)]
    shape: Option<String>,
    /// Where the frames are kept that the libraries send.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let tools = tokio::task::spawn_blocking(Tools::find).await??;
    for missing in &tools.missing {
        println!("SKIPPED: {missing}");
    }
    let wanted = |client: &Client| args.client.as_ref().is_none_or(|part| client.to_string().contains(part));
    let mut matrix = Matrix::default();
    for shape in SHAPES.into_iter().filter(|shape| args.shape.as_deref().is_none_or(|only| only == *shape)) {
        for client in Client::all(&tools).iter().filter(|client| wanted(client)) {
            // Each finds the broker as nobody has used it.
            let day = Simulated::begin(shape).await?;
            let cells = day.spend(client, &tools, args.record.as_deref()).await?;
            Cell::tell(client, shape, &cells);
            if Cell::any_failed(&cells) {
                let log = std::env::temp_dir().join("testpeers-jimmsrv.log");
                std::fs::write(&log, day.broker_log())?;
                println!("    the broker's log is {}", log.display());
            }
            matrix.add(client, SIMULATED, shape, &cells)?;
        }
    }
    let (count, failed) = matrix.count();
    println!("{count} commands, {failed} failed");
    ensure!(failed == 0 && count > 0, "{failed} of {count} commands failed");
    if tools.missing.is_empty() && args.client.is_none() && args.shape.is_none() {
        matrix.publish()?;
    } else {
        println!("{PAGE} is not written: not everything was tried");
    }
    Ok(())
}
