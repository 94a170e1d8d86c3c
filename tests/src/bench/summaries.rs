//! `juju models` with many controllers, of which one stands still and one is slow: it must cost neither time nor anybody
//! else's.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::stream::{self, TryStreamExt as _};
use jimm_proto::params::jimm::{ImportModelRequest, ImportModelResult};
use serde_json::json;

use super::Options;
use super::client::{Wire, request};
use super::figures::Samples;
use super::report::{Aim, Row};
use super::stand::{SEES_FEW, SEES_SOME, Stand, import};
use crate::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};
use crate::process::Frozen;

/// Controllers besides the two of every measurement.
const CONTROLLERS: u32 = 18;
const AT_A_TIME: usize = 16;
const CALL: Duration = Duration::from_secs(60);
/// How long the broker may take to look at all of them once.
const LOOKED: Duration = Duration::from_secs(60);

pub(super) async fn measure(stand: &mut Stand, options: &Options) -> Result<Vec<Row>> {
    let each = options.count(556, 20);
    let hosts = stand.more_controllers(CONTROLLERS, each).await?;
    let mut models: Vec<(String, uuid::Uuid)> = Vec::new();
    for n in 0..usize::try_from(each)? {
        models.extend(hosts.iter().map(|(sim, seeded, _)| (sim.name.clone(), seeded.many[n])));
    }
    // Those that are in trouble later have models of everybody's.
    let requests = models.into_iter().enumerate().map(|(n, (host, model))| {
        let owner = match n {
            0 => SEES_FEW,
            1..=100 => SEES_SOME,
            _ => ADMIN,
        };
        Ok(import(&host, model, owner))
    });
    let (connection, _) = stand.door.with_credentials(SERVICE_ID, SERVICE_SECRET).await?;
    stream::iter(requests)
        .try_for_each_concurrent(AT_A_TIME, |request: ImportModelRequest| {
            let connection = connection.clone();
            async move {
                let imported: Result<ImportModelResult, _> =
                    connection.call("JIMM", 4, "ImportModel", &request, CALL).await;
                imported.map(drop).with_context(|| request.model_tag)
            }
        })
        .await?;
    let mut wires = Vec::new();
    for user in [SEES_FEW, SEES_SOME, ADMIN] {
        wires.push((user, stand.broker_as(user)?.enter("/api").await?));
    }
    let all = shown(&mut wires[2].1, ADMIN).await?;
    let deadline = Instant::now() + LOOKED;
    while wires[2].1.ask(&frame(ADMIN)).await?.matches("\"agent-version\":\"").count() < all {
        ensure!(Instant::now() < deadline, "not every controller was looked at within {LOOKED:?}");
    }
    let before = times(&mut wires, all, options).await?;
    let frozen = Frozen::new(hosts[0].2);
    hosts[1].0.turn("fail/slow/on")?;
    let after = times(&mut wires, all, options).await?;
    drop(frozen);
    hosts[1].0.turn("fail/slow/off")?;
    let mut rows = Vec::new();
    for (n, (before, after)) in before.iter().zip(&after).enumerate() {
        let sees = [1, 100, all][n];
        let name = format!(
            "juju models, {sees} of {all} visible, {} controllers, one frozen and one slow after",
            CONTROLLERS + 2
        );
        let p99 = Row::both(&format!("{name}, p99"), "ms", before.p99(), after.p99());
        rows.push(if sees <= 100 { p99.aim(Aim::AtMost(200.0)) } else { p99 });
        rows.push(Row::both(&format!("{name}, p50"), "ms", before.p50(), after.p50()).aim(Aim::RatioAtMost(1.2)));
    }
    for (_, wire) in wires {
        wire.close().await;
    }
    Ok(rows)
}

fn frame(user: &str) -> tokio_tungstenite::tungstenite::Utf8Bytes {
    let params = json!({"user-tag": format!("user-{user}"), "all": false});
    request(2, "ModelManager", 9, "ListModelSummaries", &params)
}

async fn shown(wire: &mut Wire, user: &str) -> Result<usize> {
    Ok(wire.ask(&frame(user)).await?.matches("\"life\"").count())
}

async fn times(wires: &mut [(&str, Wire)], all: usize, options: &Options) -> Result<Vec<Samples>> {
    let mut samples = vec![Samples::default(); wires.len()];
    for (n, (user, wire)) in wires.iter_mut().enumerate() {
        let (sees, rounds) =
            [(1, options.count(2000, 100)), (100, options.count(1000, 50)), (all, options.count(40, 5))][n];
        let told = shown(wire, user).await?;
        ensure!(told == sees, "{told} models are listed, {sees} should be");
        for _ in 0..rounds {
            samples[n].push(wire.time(&frame(user)).await?);
        }
    }
    Ok(samples)
}
