//! `jimmctl`: the operator's command line of the broker.
//!
//! It talks to the broker's API like any Juju client and knows nothing of the broker's insides (invariant I2).
//! Data goes to stdout, everything else to stderr; exit codes are 0, 1 (failed) and 2 (wrong usage).

mod audit_check;
pub mod cli;
mod client_store;
mod commands;
mod error;
mod exchange;
mod go_yaml;
mod help;
mod input;
mod name;
mod output;
mod plain;
mod progress;
mod session;
mod settings;
mod table;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use error::Failure;

use name::Name;

/// Runs the command line and answers the exit code of the process.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let name = Name::of(args.first().map(OsString::as_os_str));
    if let Some(description) = name.description(args.get(1..).unwrap_or_default()) {
        let _ = writeln!(std::io::stdout(), "{description}");
        return ExitCode::SUCCESS;
    }
    // Whatever it was called: what clap tells has one name in it, which is then that of whoever called it.
    let words = std::iter::once(OsString::from("jimmctl")).chain(args.into_iter().skip(1));
    let mut cli = match cli::Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(e) => return explain(name, &e),
    };
    // Not clap's to read: what is said on the command line wins over it, and does not contradict it.
    if cli.global.controller.is_none() && cli.global.url.is_none() {
        let settings = settings::Settings::from_env();
        cli.global.url = settings.url;
        if cli.global.url.is_none() {
            cli.global.controller = settings.juju_controller;
        }
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return report(name, &Failure::failed(format!("cannot start the runtime: {e}"))),
    };
    match runtime.block_on(commands::dispatch(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(name, &failure),
    }
}

/// clap's own texts: help and version go to stdout with 0, wrong usage to stderr with 2.
fn explain(name: Name, e: &clap::Error) -> ExitCode {
    if name == Name::Jimmctl {
        let _ = e.print();
    } else {
        let text = name.in_text(&e.render().to_string());
        let _ = if e.use_stderr() { write!(std::io::stderr(), "{text}") } else { write!(std::io::stdout(), "{text}") };
    }
    ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2))
}

fn report(name: Name, failure: &Failure) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "ERROR {failure}");
    if let Some(hint) = failure.hint() {
        let _ = writeln!(err, "hint: {}", name.in_text(hint));
    }
    ExitCode::from(failure.exit_code())
}
