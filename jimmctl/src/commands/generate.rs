//! `completion` and `man`: generated from the command tree, so that they cannot differ from it.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionArgs, ManArgs};
use crate::error::{Failure, Result};

pub(super) fn completion(args: &CompletionArgs) {
    clap_complete::generate(args.shell, &mut Cli::command(), "jimmctl", &mut std::io::stdout().lock());
}

pub(super) fn man(args: &ManArgs) -> Result<()> {
    let failed =
        |e: std::io::Error| Failure::failed(format!("cannot write manual pages to {}: {e}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(failed)
}
