//! What the audit log costs those who wait for answers: two brokers before the same controllers, one notes reads and one
//! does not.

use std::time::Duration;

use anyhow::Result;

use super::Options;
use super::client::Wire;
use super::figures::{Samples, rate};
use super::report::{Aim, Row};
use super::rpc::{burst, small};
use super::stand::Stand;

const ROUNDS: u32 = 10;

/// Requests one after the other, and many at a time, on both in turn.
pub(super) async fn measure(stand: &mut Stand, options: &Options) -> Result<Vec<Row>> {
    let path = Stand::path(stand.sims[0].1.small);
    let on = stand.broker()?.enter(&path).await?;
    let off = stand.another_broker(&[("JIMM_AUDIT_READS", "false")]).await?.enter(&path).await?;
    let mut wires: [Wire; 2] = [off, on];
    let (each, many) = (options.count(2000, 200), options.count(10_000, 1000));
    let mut samples = [Samples::default(), Samples::default()];
    let mut times = [Duration::ZERO; 2];
    for round in 0..=ROUNDS {
        for (n, wire) in wires.iter_mut().enumerate() {
            for id in 0..each {
                let took = wire.time(&small(u64::from(id) + 2)).await?;
                // The first round warms up.
                if round > 0 {
                    samples[n].push(took);
                }
            }
            let took = burst(wire, many).await?;
            if round > 0 {
                times[n] += took;
            }
        }
    }
    let [off, on] = &mut samples;
    let [off_rate, on_rate] = times.map(|time| rate(many * ROUNDS, time));
    Ok(vec![
        Row::both("audit log off and on: small RPC, p99", "ms", off.p99(), on.p99()).aim(Aim::RatioAtMost(1.05)),
        Row::both("audit log off and on: 32 RPCs at a time", "/s", off_rate, on_rate).aim(Aim::RatioAtLeast(0.95)),
    ])
}
