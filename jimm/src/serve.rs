//! What `jimmsrv serve` does: the runtime, the log, the signals around one [`App`].

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use crate::app::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::error::Result;
use crate::lifecycle::{Lifecycle, Signals};
use crate::telemetry;

/// Serves until told to stop.
pub fn serve(settings: Config) -> ExitCode {
    telemetry::init_log(&settings.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let served = runtime.block_on(run(settings));
    runtime.shutdown_background();
    telemetry::flush_log();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run(settings: Config) -> Result<()> {
    let signals = Signals::new().map_err(crate::error::Error::internal)?;
    let lifecycle = Lifecycle::new();
    lifecycle.background.spawn(lifecycle.clone().heed_signals(signals));
    let starting = Box::pin(App::start_with(settings, Arc::new(SystemClock), lifecycle.clone()));
    let Some(app) = lifecycle.draining.run_until_cancelled(starting).await else { return Ok(()) };
    app?.finished().await;
    Ok(())
}

/// Tells why the broker cannot run, with the causes.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
