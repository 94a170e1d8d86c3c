//! `jimmctl`: the operator's command line of the broker.
//!
//! It talks to the broker's API like any Juju client and knows nothing of the broker's insides (invariant I2).
//! Data goes to stdout, everything else to stderr; exit codes are 0, 1 (failed) and 2 (wrong usage).

pub mod cli;
mod client_store;
mod commands;
mod error;
mod exchange;
mod go_yaml;
mod help;
mod input;
mod output;
mod progress;
mod session;
mod settings;
mod table;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use error::Failure;

/// Runs the command line and answers the exit code of the process.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            // clap's own texts: help and version go to stdout with 0, wrong usage to stderr with 2.
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    // Not clap's to read: what is said on the command line wins over it, and does not contradict it.
    if cli.global.controller.is_none() && cli.global.url.is_none() {
        cli.global.url = settings::Settings::from_env().url;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return report(&Failure::failed(format!("cannot start the runtime: {e}"))),
    };
    match runtime.block_on(commands::dispatch(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "ERROR {failure}");
    if let Some(hint) = failure.hint() {
        let _ = writeln!(err, "hint: {hint}");
    }
    ExitCode::from(failure.exit_code())
}
