//! The server's command line: serve, check the configuration, tell the version.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use secrecy::ExposeSecret as _;

use crate::config::{self, Loaded, Sources};
use crate::{bootstrap, events, query, rights_page, secrets};

/// The broker: to every Juju client one controller, behind it many.
#[derive(Debug, Parser)]
#[command(name = "jimmsrv", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve clients (what happens without a command).
    Serve(ConfigFile),
    /// Read the configuration without starting, and explain every mistake.
    CheckConfig(ConfigFile),
    /// Make a new sealing key, wrapped where the configuration names a program for that, and write it to stdout.
    NewSealingKey(ConfigFile),
    /// Write the reference page of the configuration.
    ConfigReference,
    /// Write the reference page of the rights.
    RightsReference,
    /// Write the reference page of the events.
    EventsReference,
    /// Run a program of a user's apart from the broker, which starts this itself.
    #[command(name = query::COMMAND, hide = true)]
    QueryWorker,
    /// Run the juju client for the broker, which starts this itself.
    #[command(name = bootstrap::COMMAND, hide = true)]
    JujuWarden(bootstrap::WardenArgs),
    /// Tell the version.
    Version,
}

#[derive(Args, Clone, Debug, Default)]
struct ConfigFile {
    /// A TOML file with settings, in place of the one JIMM_CONFIG names.
    #[arg(long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Cli {
    /// Runs the command; `serve` gets the configuration and runs until the broker is told to stop.
    pub fn run(self, serve: impl FnOnce(config::Config) -> ExitCode) -> ExitCode {
        match self.command.unwrap_or(Command::Serve(ConfigFile::default())) {
            Command::Serve(file) => match read(&file) {
                Ok(loaded) => serve(loaded.config),
                Err(code) => code,
            },
            Command::CheckConfig(file) => read(&file).map_or_else(|code| code, |_| say("the configuration is good")),
            Command::NewSealingKey(file) => new_sealing_key(&file),
            Command::ConfigReference => {
                print(&config::reference::page());
                ExitCode::SUCCESS
            }
            Command::RightsReference => {
                print(&rights_page::page());
                ExitCode::SUCCESS
            }
            Command::EventsReference => {
                print(&events::page());
                ExitCode::SUCCESS
            }
            Command::QueryWorker => query::main(),
            Command::JujuWarden(args) => bootstrap::main(&args),
            Command::Version => say(env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The configuration, or the exit code after its mistakes were told on stderr.
fn read(file: &ConfigFile) -> Result<Loaded, ExitCode> {
    let loaded = config::load(&Sources::of_process(file.file.clone()));
    let warnings = match &loaded {
        Ok(loaded) => &loaded.warnings,
        Err(errors) => &errors.warnings,
    };
    for warning in warnings {
        complain(&format!("warning: {warning}"));
    }
    loaded.map_err(|errors| {
        complain(&format!("error: {errors}"));
        ExitCode::from(2)
    })
}

fn new_sealing_key(file: &ConfigFile) -> ExitCode {
    let (wrap, unwrap) = match config::sealing_commands(&Sources::of_process(file.file.clone())) {
        Ok(commands) => commands,
        Err(errors) => {
            complain(&format!("error: {errors}"));
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let made = match runtime {
        Ok(runtime) => runtime.block_on(secrets::new_key(wrap.as_ref(), unwrap.as_ref())),
        Err(error) => Err(crate::error::Error::internal(error)),
    };
    match made {
        Ok(line) => say(line.expose_secret()),
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> ExitCode {
    print(&format!("{text}\n"));
    ExitCode::SUCCESS
}

/// Writes to stdout; a reader that went away is no mistake of ours.
fn print(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
