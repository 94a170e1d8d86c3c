//! `completion`, `man` and `reference`: generated from the command tree, so that they cannot differ from it.

use std::io::Write;

use clap::CommandFactory;

use super::reference;
use crate::cli::{Cli, CompletionArgs, ManArgs};
use crate::error::{Failure, Result};

pub(super) fn completion(args: &CompletionArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jimmctl", &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}

/// The page docs/reference/jimmctl.md.
pub(super) fn reference() -> Result<()> {
    Ok(std::io::stdout().lock().write_all(reference::page().as_bytes())?)
}

pub(super) fn man(args: &ManArgs) -> Result<()> {
    let failed =
        |e: std::io::Error| Failure::failed(format!("cannot write manual pages to {}: {e}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(failed)
}
