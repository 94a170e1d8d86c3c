//! The load generator: `make bench` runs it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
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
    /// Print the table as Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Write the table into this page, between its marks.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Write the JSON to this file too.
    #[arg(long)]
    output: Option<PathBuf>,
    /// A setting of the broker, NAME=VALUE; may be repeated.
    #[arg(long, value_parser = setting)]
    env: Vec<(String, String)>,
    /// Be a relay that does nothing, from a port to another: `FROM:TO`.
    #[arg(long, hide = true, value_parser = ports)]
    relay: Option<(u16, u16)>,
}

fn ports(text: &str) -> Result<(u16, u16)> {
    let (from, to) = text.split_once(':').context("not of the form FROM:TO")?;
    Ok((from.parse()?, to.parse()?))
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

// One thread: the client must leave the processors to those that are measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let Some((from, to)) = args.relay {
        return bench::relay(from, to);
    }
    let options = Options { only: args.only, quick: args.quick, env: args.env };
    let report = Box::pin(bench::run(&options)).await?;
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(path) = &args.output {
        std::fs::write(path, &json)?;
    }
    if let Some(path) = &args.write {
        let page =
            report.written_into(&std::fs::read_to_string(path)?).context("no marks for the table in the page")?;
        std::fs::write(path, page)?;
    }
    let shown = match (args.json, args.markdown) {
        (true, _) => json,
        (_, true) => report.markdown(),
        _ => report.table(),
    };
    println!("{shown}");
    Ok(())
}
