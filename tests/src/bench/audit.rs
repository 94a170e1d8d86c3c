//! What the audit log costs those who wait for answers: two brokers before the same controllers, one notes reads and one
//! does not.

use anyhow::Result;

use super::Options;
use super::client::Wire;
use super::figures::Samples;
use super::report::{Aim, Row};
use super::rpc::{burst, small};
use super::stand::Stand;

/// Short rounds, so that both have the same share of what else goes on.
const ROUNDS: u32 = 40;

/// Requests one after the other, and many at a time, on both in turn.
pub(super) async fn measure(stand: &mut Stand, options: &Options) -> Result<Vec<Row>> {
    let path = Stand::path(stand.sims[0].1.small);
    let on = stand.broker()?.enter(&path).await?;
    let off = stand.another_broker(&[("JIMM_AUDIT_READS", "false")]).await?.enter(&path).await?;
    let mut wires: [Wire; 2] = [off, on];
    let (each, many) = (options.count(500, 50), options.count(5000, 500));
    let mut alone = [Samples::default(), Samples::default()];
    let mut together = [Samples::default(), Samples::default()];
    for round in 0..=ROUNDS {
        // Who comes second in one round comes first in the next.
        let turns = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for n in turns {
            for id in 0..each {
                let took = wires[n].time(&small(u64::from(id) + 2)).await?;
                // The first round warms up.
                if round > 0 {
                    alone[n].push(took);
                }
            }
            let took = burst(&mut wires[n], many).await?;
            if round > 0 {
                together[n].push(took);
            }
        }
    }
    let [off, on] = &mut alone;
    let [off_rate, on_rate] = together.map(|bursts| f64::from(many) * 1000.0 / bursts.p50());
    Ok(vec![
        Row::both("audit log off and on: small RPC, p99", "ms", off.p99(), on.p99()).aim(Aim::RatioAtMost(1.05)),
        Row::both("audit log off and on: 32 RPCs at a time", "/s", off_rate, on_rate).aim(Aim::RatioAtLeast(0.95)),
    ])
}
