//! The load generator: `make bench` runs it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use jimm_tests::bench::{self, MEASUREMENTS, Options};

/// What the broker costs, beside the straight way to the same controllers.
#[derive(Debug, Parser)]
struct Args {
    /// Measure only these, comma-separated.
    #[arg(long, value_delimiter = ',', value_parser = MEASUREMENTS)]
    only: Vec<String>,
    /// Fewer rounds and models: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Print JSON in place of the table.
    #[arg(long)]
    json: bool,
    /// Write the JSON to this file too.
    #[arg(long)]
    output: Option<PathBuf>,
    /// A setting of the broker, NAME=VALUE; may be repeated.
    #[arg(long, value_parser = setting)]
    env: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

// One thread: the client must leave the processors to those that are measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let options = Options { only: args.only, quick: args.quick, env: args.env };
    let report = Box::pin(bench::run(&options)).await?;
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(path) = &args.output {
        std::fs::write(path, &json)?;
    }
    println!("{}", if args.json { json } else { report.table() });
    Ok(())
}
