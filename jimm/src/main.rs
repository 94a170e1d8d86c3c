//! `jimmsrv`: the command line, and nothing else.

use std::process::ExitCode;

use clap::Parser as _;
use jimm::cli::Cli;
use jimm::serve::serve;

fn main() -> ExitCode {
    Cli::parse().run(serve)
}
