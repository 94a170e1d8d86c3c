//! One of two controllers stands still (`SIGSTOP`): calls to the other must not notice, calls to it must fail, clearly
//! and soon.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Options;
use super::client::{Way, Wire, is_error, request, shortened};
use super::figures::{Samples, millis};
use super::report::{Aim, Row};
use super::rpc::small;
use super::stand::Stand;
use crate::process::Frozen;

/// A call that the frozen controller keeps waiting is given up after this time.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let way = stand.broker()?;
    let (alive, dead) = (stand.sims[0].1.small, stand.sims[1].1.small);
    let mut relayed = way.enter(&Stand::path(alive)).await?;
    let mut asked = way.enter("/api").await?;
    let mut open = way.enter(&Stand::path(dead)).await?;
    open.ask(&small(2)).await?;
    asked.ask(&info(dead)).await?;
    let before = (times(&mut relayed, &small(2), options).await?, times(&mut asked, &info(alive), options).await?);
    let frozen = Frozen::new(stand.sim_pid(1));
    // They run while others wait for the frozen one.
    let (hung, after) = tokio::join!(hangs(&mut open, &way, dead), async {
        let small = times(&mut relayed, &small(2), options).await?;
        anyhow::Ok((small, times(&mut asked, &info(alive), options).await?))
    });
    let (after, hung) = (after?, hung?);
    drop(frozen);
    let mut rows = vec![
        Row::both("one frozen: small RPC to the other, p50 before/after", "ms", before.0.p50(), after.0.p50())
            .aim(Aim::RatioAtMost(1.2)),
        Row::both("one frozen: ModelInfo of the other, p50 before/after", "ms", before.1.p50(), after.1.p50())
            .aim(Aim::RatioAtMost(1.2)),
        Row::both("one frozen: small RPC to the other, p99 before/after", "ms", before.0.p99(), after.0.p99()),
    ];
    for (name, took) in hung {
        let row = Row::broker(&format!("one frozen: {name} fails after"), "s", millis(took) / 1000.0);
        rows.push(row.aim(Aim::AtMost(5.0)));
    }
    Ok(rows)
}

fn info(model: uuid::Uuid) -> Utf8Bytes {
    let params = json!({"entities": [{"tag": format!("model-{model}")}]});
    request(2, "ModelManager", 9, "ModelInfo", &params)
}

async fn times(wire: &mut Wire, frame: &Utf8Bytes, options: &Options) -> Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..options.count(3000, 300) {
        samples.push(wire.time(frame).await?);
    }
    Ok(samples)
}

/// How long each kind of call to the frozen controller takes until it fails.
async fn hangs(open: &mut Wire, way: &Way, model: uuid::Uuid) -> Result<Vec<(&'static str, Duration)>> {
    let mut took = vec![("a call on an open model connection", fails(open, &small(3)).await.context("open")?)];
    let began = Instant::now();
    let refused = tokio::time::timeout(PATIENCE, way.enter(&Stand::path(model))).await.context("a new login waits")?;
    ensure!(refused.is_err(), "a login to the frozen controller succeeds");
    eprintln!("  a new model connection: {:#}", refused.err().context("refused")?);
    took.push(("a new model connection", began.elapsed()));
    let mut wire = way.enter("/api").await?;
    let defaults =
        request(2, "ModelManager", 9, "DumpModelsDB", &json!({"entities": [{"tag": format!("model-{model}")}]}));
    took.push(("DumpModelsDB", fails(&mut wire, &defaults).await?));
    Ok(took)
}

/// How long it takes until the request is answered with an error.
async fn fails(wire: &mut Wire, frame: &Utf8Bytes) -> Result<Duration> {
    let began = Instant::now();
    wire.send(frame).await?;
    let answer = tokio::time::timeout(PATIENCE, wire.receive()).await.context("no answer within 90 s")??;
    ensure!(is_error(&answer), "the frozen controller has answered: {}", shortened(&answer));
    eprintln!("  {}", shortened(&answer).trim());
    Ok(began.elapsed())
}
