//! Drains controllers again and again while replicas of the broker are killed: `make chaos` runs it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use jimm_tests::drain::{self, Options};

/// Drain a controller through two replicas that are killed meanwhile, and see that every model came along once.
#[derive(Debug, Parser)]
struct Args {
    /// Models to drain.
    #[arg(long, default_value_t = 1000)]
    models: u32,
    /// Moves at a time.
    #[arg(long, default_value_t = 20)]
    parallel: u32,
    /// Milliseconds that each phase of a move takes at the controllers.
    #[arg(long, default_value_t = 300)]
    pace_ms: u64,
    /// Seconds between the killing of one replica and the next; 0 kills none.
    #[arg(long, default_value_t = 30)]
    kill_every: u64,
    /// Models that go first.
    #[arg(long, default_value_t = 2)]
    canaries: u32,
    /// How often, each time with the next seed.
    #[arg(long, default_value_t = 1)]
    rounds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Minutes that one drain may take.
    #[arg(long, default_value_t = 20)]
    deadline: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    for seed in args.seed..args.seed + args.rounds {
        let options = Options {
            models: args.models,
            parallel: args.parallel,
            pace: Duration::from_millis(args.pace_ms),
            kill_every: (args.kill_every > 0).then(|| Duration::from_secs(args.kill_every)),
            canaries: args.canaries,
            seed,
            deadline: Duration::from_mins(args.deadline),
        };
        let outcome = Box::pin(drain::run(&options)).await.with_context(|| format!("seed {seed}"))?;
        println!("{}", serde_json::to_string(&outcome)?);
    }
    eprintln!(
        "{} drains of {} models: nothing lost, doubled, moved twice or with other rights",
        args.rounds, args.models
    );
    Ok(())
}
