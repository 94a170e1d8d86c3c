//! Runs the broker between real Juju clients and controllers: `make test-juju` calls it after the rig has been built.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use jimm_tests::demo::Layout;
use jimm_tests::{process, real_juju};

/// Tells the whole story and prints a table of its commands.
#[derive(Debug, Parser)]
struct Args {
    /// Where the rig keeps its programs and data [default: real-juju in the user's cache].
    #[arg(long, env = "RJ_HOME")]
    rig_home: Option<PathBuf>,
    /// Where this run keeps its files and logs [default: target/real-juju].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Leave everything running for a look; the next run removes it.
    #[arg(long)]
    keep: bool,
    /// Only this part of the story; may be repeated. Each builds on `attach` and `cloud`, some on more.
    #[arg(long = "part", value_parser = real_juju::PARTS)]
    parts: Vec<String>,
    /// Go on with what a run with --keep left, and leave it running.
    #[arg(long)]
    standing: bool,
    /// Only tell, by the exit status, whether the rig has been built.
    #[arg(long)]
    is_built: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let cache = || match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => std::env::home_dir().map(|home| home.join(".cache")),
    };
    let home = args.rig_home.or_else(|| Some(cache()?.join("real-juju"))).context("no home directory: set RJ_HOME")?;
    let rig = real_juju::Rig::new(home);
    if args.is_built {
        std::process::exit(i32::from(!rig.is_built()));
    }
    // Scripts run elsewhere are told of it.
    let dir = std::path::absolute(args.dir.unwrap_or_else(|| process::workspace().join("target/real-juju")))?;
    let telling = real_juju::Telling { keep: args.keep, standing: args.standing, parts: args.parts };
    real_juju::run(rig, Layout::new(dir), telling).await
}
