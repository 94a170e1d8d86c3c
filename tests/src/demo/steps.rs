//! The steps of the story that are commands of `jimmctl`, and how they are told.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::broker::ADMIN;
use crate::process;

/// Says what happens next.
pub(super) fn say(text: &str) {
    println!("\n== {text}");
}

/// Runs `jimmctl` as the logged-in admin, its output to ours, so that progress is seen live.
pub(super) fn jimmctl(juju_data: &Path, args: &[&str]) -> Result<()> {
    println!("$ jimmctl {}", args.join(" "));
    let mut command = Command::new(process::built("jimmctl"));
    for name in ["JIMM_URL", "JIMM_CA", "JIMM_CLIENT_ID", "JIMM_CLIENT_SECRET", "JIMM_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    let status = command.args(args).env("JUJU_DATA", juju_data).stdin(Stdio::null()).status()?;
    ensure!(status.success(), "jimmctl {} failed ({status})", args.join(" "));
    Ok(())
}

/// Logs the admin in by device flow, approving at the provider.
pub(super) async fn admin_token(door: &crate::client::Door, approve_url: &str) -> Result<String> {
    door.device_login(|code| async move { crate::client::approve(approve_url, &code, ADMIN).await }).await
}
