//! Lets every client that is on this machine do its day's work through the broker: `make test-peers` calls it.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use jimm_tests::peers::{Client, Day, Matrix, Outcome, PAGE, SHAPES, Tools};
use jimm_tests::process;

/// Prints client, controller, command and result, and writes the page of compatibility when every client was there.
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
            let day = Day::begin(shape).await?;
            let cells = day.spend(client, &tools, args.record.as_deref()).await?;
            for cell in &cells {
                println!(
                    "{:<8} {client:<26} {shape:<5} {}",
                    format!("{:?}", cell.outcome).to_lowercase(),
                    cell.command
                );
                if cell.outcome == Outcome::Failed {
                    println!("    {}", cell.detail);
                }
            }
            if cells.iter().any(|cell| cell.outcome == Outcome::Failed) {
                let log = std::env::temp_dir().join("testpeers-jimmsrv.log");
                std::fs::write(&log, day.broker_log())?;
                println!("    the broker's log is {}", log.display());
            }
            matrix.add(client, shape, &cells)?;
        }
    }
    let (count, failed) = matrix.count();
    println!("{count} commands, {failed} failed");
    ensure!(failed == 0 && count > 0, "{failed} of {count} commands failed");
    if tools.missing.is_empty() && args.client.is_none() && args.shape.is_none() {
        let page = process::workspace().join(PAGE);
        process::write_whole(&page, &matrix.page()).with_context(|| format!("cannot write {}", page.display()))?;
        println!("written: {PAGE}");
    } else {
        println!("{PAGE} is not written: not everything was tried");
    }
    Ok(())
}
