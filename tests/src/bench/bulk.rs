//! Long answers: a status of about 300 KB.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::Options;
use super::client::request;
use super::figures::megabytes;
use super::report::{Aim, Row};
use super::rpc::{Pair, cost};
use super::stand::Stand;

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let mut pair = Pair::open(stand, &Stand::path(stand.sims[0].1.large)).await?;
    let each = options.count(40, 10);
    let rounds = options.count(8, 2);
    let status = request(2, "Client", 8, "FullStatus", &json!({"patterns": []}));
    let mut times = [Duration::ZERO; 2];
    let mut bytes = [0usize; 2];
    for round in 0..=rounds {
        for (at, wire) in [&mut pair.direct, &mut pair.broker].into_iter().enumerate() {
            let began = Instant::now();
            for _ in 0..each {
                let answer = wire.ask(&status).await?;
                if round > 0 {
                    bytes[at] += answer.len();
                }
            }
            if round > 0 {
                times[at] += began.elapsed();
            }
        }
    }
    let count = options.count(400, 40);
    let mut passed = 0;
    let (own, _) = cost(stand, count, async {
        for _ in 0..count {
            passed += pair.broker.ask(&status).await?.len();
        }
        Ok(())
    })
    .await?;
    let per_gb = own * f64::from(count) / 1e6 / (megabytes(passed) / 1000.0);
    let speed = |at: usize| megabytes(bytes[at]) / times[at].as_secs_f64();
    let size = megabytes(passed) * 1000.0 / f64::from(count);
    Ok(vec![
        Row::both(&format!("status of {size:.0} KB"), "MB/s", speed(0), speed(1)).aim(Aim::RatioAtLeast(0.85)),
        Row::broker("status, broker CPU", "s/GB", per_gb).aim(Aim::AtMost(2.5)),
    ])
}
