//! Connect and log in: TLS, websocket, `Login`, as each run of a client does.

use std::time::Instant;

use anyhow::Result;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::Options;
use super::client::Way;
use super::figures::{Samples, rate};
use super::report::{Aim, Row};
use super::stand::Stand;

const AT_A_TIME: u32 = 8;

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let model = Stand::path(stand.sims[0].1.small);
    let mut rows = Vec::new();
    for (name, path, most) in [("controller", "/api", 1.6), ("model", model.as_str(), 2.5)] {
        let ways = [stand.straight(0)?, stand.broker()?];
        let (p50, rates) = one_kind(&ways, path, options).await?;
        rows.push(Row::both(&format!("connect+login, {name}, p50"), "ms", p50[0], p50[1]).aim(Aim::AtMost(most)));
        rows.push(Row::both(&format!("connect+login, {name}, {AT_A_TIME} at a time"), "/s", rates[0], rates[1]));
    }
    Ok(rows)
}

async fn one_kind(ways: &[Way; 2], path: &str, options: &Options) -> Result<([f64; 2], [f64; 2])> {
    let mut samples = [Samples::default(), Samples::default()];
    for round in 0..=options.count(20, 4) {
        for (way, samples) in ways.iter().zip(&mut samples) {
            for _ in 0..20 {
                let began = Instant::now();
                let wire = way.enter(path).await?;
                if round > 0 {
                    samples.push(began.elapsed());
                }
                wire.close().await;
            }
        }
    }
    let mut rates = [0.0; 2];
    for (way, slot) in ways.iter().zip(&mut rates) {
        *slot = many(way, path, options.count(1000, 100)).await?;
    }
    Ok((samples.map(|samples| samples.p50()), rates))
}

/// Logins per second, several at a time.
async fn many(way: &Way, path: &str, count: u32) -> Result<f64> {
    let began = Instant::now();
    let login = || async {
        way.enter(path).await?.close().await;
        anyhow::Ok(())
    };
    let mut running: FuturesUnordered<_> = (0..AT_A_TIME).map(|_| login()).collect();
    let mut begun = AT_A_TIME;
    while let Some(done) = running.next().await {
        done?;
        if begun < count {
            running.push(login());
            begun += 1;
        }
    }
    Ok(rate(begun, began.elapsed()))
}
