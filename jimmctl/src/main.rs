//! The operator's command line of the broker.

use std::process::ExitCode;

fn main() -> ExitCode {
    jimmctl::run(std::env::args_os())
}
