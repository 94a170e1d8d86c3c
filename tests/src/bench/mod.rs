//! `make bench`: what the broker costs, beside the straight way to the same controllers, in one run.
//!
//! It starts everything it needs as processes of their own, drives both ways in turns, and compares what it finds with
//! the aims. Its client sends frames that were written before, over plain websockets, so that it costs little itself.

mod adoption;
mod audit;
mod bulk;
mod client;
mod figures;
mod frozen;
mod idle;
mod idler;
mod lists;
mod logins;
mod queries;
mod report;
mod rights;
mod rpc;
mod seeds;
mod stand;
mod summaries;
pub(crate) mod usage;

use std::time::Instant;

use anyhow::{Context, Result, ensure};

pub use idler::relay;
pub use report::{Aim, Report, Row};
use stand::Stand;

/// What can be measured, in the order in which it is done: the lists need the adopted models, and the frozen
/// controller comes late because its breaker stays open for a while; many more controllers come last.
pub const MEASUREMENTS: [&str; 12] =
    ["rpc", "pipelined", "audit", "status", "login", "idle", "import", "lists", "rights", "query", "frozen", "models"];

/// What to measure, and how thoroughly.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of [`MEASUREMENTS`]; all of them when empty.
    pub only: Vec<String>,
    /// Fewer rounds and models: to see that it works, not for numbers to keep.
    pub quick: bool,
    /// Settings of the broker beyond those of its defaults.
    pub env: Vec<(String, String)>,
}

impl Options {
    /// `full`, or `quick` in a quick run.
    fn count(&self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

/// Starts everything, measures, stops everything.
pub async fn run(options: &Options) -> Result<Report> {
    for name in &options.only {
        ensure!(MEASUREMENTS.contains(&name.as_str()), "no measurement {name:?}; there are {MEASUREMENTS:?}");
    }
    let mut stand = Stand::start(options).await?;
    let mut report = Report::new(options.quick);
    for name in MEASUREMENTS.into_iter().filter(|name| options.wants(name)) {
        eprintln!("measuring {name} …");
        let began = Instant::now();
        let rows = match name {
            "rpc" => rpc::sequential(&stand, options).await,
            "pipelined" => rpc::pipelined(&stand, options).await,
            "audit" => audit::measure(&mut stand, options).await,
            "status" => bulk::measure(&stand, options).await,
            "login" => logins::measure(&stand, options).await,
            "idle" => idle::measure(&stand, options).await,
            "import" => adoption::measure(&mut stand, options).await,
            "lists" => lists::measure(&mut stand, options).await,
            "rights" => rights::measure(&stand, options).await,
            "models" => summaries::measure(&mut stand, options).await,
            "query" => queries::measure(&stand, options).await,
            _ => frozen::measure(&stand, options).await,
        };
        report.rows.extend(rows.with_context(|| stand.explain(name))?);
        eprintln!("  {:.1} s", began.elapsed().as_secs_f64());
    }
    Ok(report)
}
