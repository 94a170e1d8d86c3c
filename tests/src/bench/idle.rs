//! Resident memory of the broker for each model connection that nobody uses.

use std::time::Duration;

use anyhow::Result;

use super::Options;
use super::report::{Aim, Row};
use super::stand::Stand;
use super::usage::resident_kib;

/// The broker may give memory back that it needed for the logins.
const SETTLE: Duration = Duration::from_secs(3);

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let path = Stand::path(stand.sims[0].1.small);
    let way = stand.broker()?;
    let count = options.count(1000, 200);
    let mut wires = Vec::new();
    // What is needed once, whoever comes.
    way.enter(&path).await?.close().await;
    tokio::time::sleep(SETTLE).await;
    let before = resident_kib(stand.broker_pid())?;
    for _ in 0..count {
        wires.push(way.enter(&path).await?);
    }
    tokio::time::sleep(SETTLE).await;
    let after = resident_kib(stand.broker_pid())?;
    for wire in wires {
        wire.close().await;
    }
    let each = f64::from(after.saturating_sub(before)) / f64::from(count);
    let name = format!("idle model connection ({count} of them)");
    Ok(vec![
        Row::broker(&name, "KiB each", each).aim(Aim::AtMost(30.0)),
        Row::broker("broker before them", "MiB", f64::from(before) / 1024.0),
    ])
}
