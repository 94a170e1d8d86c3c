//! Small requests on a model connection: one after the other, and many at a time; and what they cost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Options;
use super::client::{Wire, is_error, request, shortened};
use super::figures::{Samples, rate};
use super::idler::Idler;
use super::report::{Aim, Row};
use super::stand::Stand;

const ROUNDS: u32 = 10;
/// Requests that wait for their answers at a time.
const WINDOW: u32 = 32;
/// The audit log is written within this time after the last request.
const SETTLE: Duration = Duration::from_millis(1500);

/// A small call that is logged and audited like any other; a ping is not.
pub(super) fn small(id: u64) -> Utf8Bytes {
    request(id, "Block", 2, "List", &json!({}))
}

/// Both ways to the same model.
pub(super) struct Pair {
    pub(super) direct: Wire,
    pub(super) broker: Wire,
}

impl Pair {
    pub(super) async fn open(stand: &Stand, path: &str) -> Result<Self> {
        let direct = stand.straight(0)?.enter(path).await?;
        Ok(Self { direct, broker: stand.broker()?.enter(path).await? })
    }
}

/// The ways to the same model: straight, through a relay that does nothing, and through the broker.
async fn three_ways(stand: &Stand, idler: &Idler) -> Result<[Wire; 3]> {
    let path = Stand::path(stand.sims[0].1.small);
    let Pair { direct, broker } = Pair::open(stand, &path).await?;
    Ok([direct, stand.straight_at(0, idler.port)?.enter(&path).await?, broker])
}

/// One after the other.
pub(super) async fn sequential(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let idler = Idler::start(stand.sims[0].0.port)?;
    let mut wires = three_ways(stand, &idler).await?;
    let mut samples: [Samples; 3] = Default::default();
    let each = options.count(1000, 100);
    for round in 0..=ROUNDS {
        for (wire, samples) in wires.iter_mut().zip(&mut samples) {
            for n in 0..each {
                let took = wire.time(&small(u64::from(n) + 2)).await?;
                // The first round warms up.
                if round > 0 {
                    samples.push(took);
                }
            }
        }
    }
    let [direct, idle, own] = samples;
    let [_, through_idler, through_broker] = &mut wires;
    let count = options.count(40_000, 4000);
    let frame = small(2);
    let before = idler.used()?;
    for _ in 0..count {
        through_idler.ask(&frame).await?;
    }
    let idler_cpu = idler.used()?.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(count);
    let cost = cost(stand, count, async {
        for _ in 0..count {
            through_broker.ask(&frame).await?;
        }
        Ok(())
    });
    let (cpu, database) = cost.await?;
    Ok(vec![
        Row::both("small RPC, p50", "ms", direct.p50(), own.p50()).aim(Aim::RatioAtMost(2.1)),
        Row::both("small RPC, p99", "ms", direct.p99(), own.p99()),
        Row::both("small RPC, a relay that does nothing, p50", "ms", direct.p50(), idle.p50()),
        Row::both("small RPC, a relay that does nothing/broker, p50", "ms", idle.p50(), own.p50()),
        Row::broker("small RPC, broker CPU", "µs each", cpu).aim(Aim::AtMost(25.0)),
        Row::both("small RPC, a relay that does nothing/broker, CPU", "µs each", idler_cpu, cpu),
        Row::broker("small RPC, Postgres CPU", "µs each", database).aim(Aim::AtMost(2.0)),
    ])
}

/// Many at a time on one connection.
pub(super) async fn pipelined(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let idler = Idler::start(stand.sims[0].0.port)?;
    let mut wires = three_ways(stand, &idler).await?;
    let each = options.count(10_000, 1000);
    let mut times = [Duration::ZERO; 3];
    let rounds = options.count(6, 2);
    for round in 0..=rounds {
        for (wire, time) in wires.iter_mut().zip(&mut times) {
            let took = burst(wire, each).await?;
            if round > 0 {
                *time += took;
            }
        }
    }
    let count = each * 4;
    let [_, _, through_broker] = &mut wires;
    let (own, database) = cost(stand, count, async { burst(through_broker, count).await.map(drop) }).await?;
    let [direct, idle, broker] = times.map(|time| rate(each * rounds, time));
    Ok(vec![
        Row::both("pipelined RPC (32 at a time)", "/s", direct, broker).aim(Aim::RatioAtLeast(0.7)),
        Row::both("pipelined RPC, a relay that does nothing", "/s", direct, idle),
        Row::broker("pipelined RPC, broker CPU", "µs each", own).aim(Aim::AtMost(25.0)),
        Row::broker("pipelined RPC, Postgres CPU", "µs each", database).aim(Aim::AtMost(2.0)),
    ])
}

/// Sends so many requests, never more than a window of them ahead of the answers.
pub(super) async fn burst(wire: &mut Wire, count: u32) -> Result<Duration> {
    let began = Instant::now();
    let (mut sent, mut answered) = (0, 0);
    while answered < count {
        // Half a window at a time, as a client that has had its answers goes on.
        if sent < count && sent - answered <= WINDOW / 2 {
            let more = (WINDOW - (sent - answered)).min(count - sent);
            for n in 0..more {
                wire.feed(&small(u64::from(sent + n) + 2)).await?;
            }
            wire.flush().await?;
            sent += more;
        }
        let answer = wire.receive().await?;
        ensure!(!is_error(&answer), "refused: {}", shortened(&answer));
        answered += 1;
    }
    Ok(began.elapsed())
}

/// Processor time of broker and database for each of `count` requests, in microseconds, the writing of the audit log
/// included.
pub(super) async fn cost(stand: &Stand, count: u32, work: impl Future<Output = Result<()>>) -> Result<(f64, f64)> {
    tokio::time::sleep(SETTLE).await;
    let before = stand.used()?;
    work.await?;
    tokio::time::sleep(SETTLE).await;
    let after = stand.used()?;
    let each = |after: Duration, before| after.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(count);
    Ok((each(after.0, before.0), each(after.1, before.1)))
}
