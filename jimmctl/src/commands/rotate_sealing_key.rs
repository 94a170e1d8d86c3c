//! `rotate-sealing-key`: begin, follow to the end, tell the counts.
//!
//! The broker goes on by itself: this command only watches. Given again it joins the rotation that is in work.

use std::time::Duration;

use jimm_proto::params::jimm_sealing::{RotateSealingKeyRequest, SealingRotation, SealingStatus};
use jimm_proto::time::GoTime;
use serde::Serialize;
use serde_json::json;

use crate::cli::GlobalArgs;
use crate::cli::sealing::RotateSealingKeyArgs;
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

/// How often the broker is asked for progress.
const POLL: Duration = Duration::from_millis(300);

#[derive(Serialize)]
struct StatusYaml<'a> {
    current: &'a str,
    secrets: Vec<SecretsYaml<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<RotationYaml<'a>>,
}

#[derive(Serialize)]
struct SecretsYaml<'a> {
    sealedwith: &'a str,
    count: i64,
}

#[derive(Serialize)]
struct RotationYaml<'a> {
    state: &'a str,
    to: &'a str,
    rewrapped: i64,
    alreadycurrent: i64,
    changedmeanwhile: i64,
    lost: i64,
    error: &'a str,
    requestedby: &'a str,
    started: GoTime,
    finished: Option<GoTime>,
}

pub(super) async fn run(global: &GlobalArgs, args: &RotateSealingKeyArgs) -> Result<()> {
    let answer = rotate(global, args).await;
    let status = args.output.or_nothing(answer)?;
    args.output.print(&status, &yaml(&status), || table(&status))?;
    match &status.rotation {
        Some(rotation) if !args.status && rotation.state == "failed" => Err(Failure::failed(rotation.error.clone())),
        _ => Ok(()),
    }
}

async fn rotate(global: &GlobalArgs, args: &RotateSealingKeyArgs) -> Result<SealingStatus> {
    let session = Session::open(global).await?;
    let nothing = json!({});
    if args.status {
        return session.call("SealingStatus", &nothing).await;
    }
    let request = RotateSealingKeyRequest { to: args.to.clone().unwrap_or_default() };
    let mut status: SealingStatus = session.call("RotateSealingKey", &request).await?;
    while !args.no_wait && in_work(&status) {
        tokio::time::sleep(POLL).await;
        let asked = session.call("SealingStatus", &nothing).await;
        let hint = "the broker goes on with it; \"jimmctl rotate-sealing-key --status\" shows how";
        status = asked.map_err(|failure: Failure| failure.with_hint(hint))?;
    }
    Ok(status)
}

fn in_work(status: &SealingStatus) -> bool {
    status.rotation.as_ref().is_some_and(|rotation| matches!(rotation.state.as_str(), "pending" | "running"))
}

fn yaml(status: &SealingStatus) -> StatusYaml<'_> {
    StatusYaml {
        current: &status.current,
        secrets: status.secrets.iter().map(|s| SecretsYaml { sealedwith: &s.sealed_with, count: s.count }).collect(),
        rotation: status.rotation.as_ref().map(|r| RotationYaml {
            state: &r.state,
            to: &r.to,
            rewrapped: r.rewrapped,
            alreadycurrent: r.already_current,
            changedmeanwhile: r.changed_meanwhile,
            lost: r.lost,
            error: &r.error,
            requestedby: &r.requested_by,
            started: r.started,
            finished: r.finished,
        }),
    }
}

fn table(status: &SealingStatus) -> String {
    let mut table = Table::new(&["Sealed with", "Secrets", "Current"]);
    for sealed in &status.secrets {
        let current = if sealed.sealed_with == status.current { "yes" } else { "" };
        table.row([&sealed.sealed_with, &sealed.count.to_string(), current]);
    }
    let mut text = table.render();
    if let Some(rotation) = &status.rotation {
        text.push_str(&line(rotation));
    }
    text
}

fn line(rotation: &SealingRotation) -> String {
    let SealingRotation { state, to, rewrapped, already_current, changed_meanwhile, lost, error, .. } = rotation;
    let why = if error.is_empty() { String::new() } else { format!(": {error}") };
    format!(
        "\nrotation to {to} {state}: {rewrapped} sealed anew, {already_current} were, {changed_meanwhile} changed \
         meanwhile, {lost} lost{why}\n"
    )
}
