//! A query over many models, beside the time that the slower of their controllers takes alone for the same questions: a
//! login to each of its models and the status, as many at a time as the broker asks.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jimm_proto::params::jimm::ImportModelResult;
use jimm_rpc::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Options;
use super::client::{Way, request};
use super::figures::{Samples, millis};
use super::report::{Aim, Row};
use super::stand::{SEES_THOUSAND, Stand, import};
use crate::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};

/// What the broker asks of a controller at a time unless it is told otherwise.
const AT_A_TIME: usize = 16;
/// A status takes a controller at least so long here: that of the switch `slow-status`.
const THOUGHT: &str = "100 ms";
const CALL: Duration = Duration::from_secs(120);
const ROUNDS: u32 = 5;

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let each = usize::try_from(options.count(500, 50))?;
    let (admin, _) = stand.door.with_credentials(SERVICE_ID, SERVICE_SECRET).await?;
    for (sim, seeded) in &stand.sims {
        let models = &seeded.many[..each];
        if stand.adopted.is_none() {
            adopt(&admin, &sim.name, models).await?;
        }
        let tuple = |model: &Uuid| json!({"object": format!("user-{SEES_THOUSAND}"), "relation": "reader", "target_object": format!("model-{model}")});
        let tuples: Vec<Value> = models.iter().map(tuple).collect();
        let _: Value = admin.call("JIMM", 4, "AddRelation", &json!({"tuples": tuples}), CALL).await?;
        sim.turn("fail/slow-status/on")?;
    }
    let found = rounds(stand, options, each).await;
    for (sim, _) in &stand.sims {
        sim.turn("fail/slow-status/off")?;
    }
    let (direct, broker) = found?;
    let name = format!("query over {} models, {THOUGHT} a status, beside the slower controller alone", 2 * each);
    Ok(vec![Row::both(&name, "ms", direct, broker).aim(Aim::RatioAtMost(1.3))])
}

/// Both ways in turns: the median of the slower controller's time, and of the query's.
async fn rounds(stand: &Stand, options: &Options, each: usize) -> Result<(f64, f64)> {
    let mut wire = stand.broker_as(SEES_THOUSAND)?.enter("/api").await?;
    let query = request(2, "JIMM", 4, "CrossModelQuery", &json!({"type": "jq", "query": ".model.name"}));
    let (mut direct, mut broker) = (Samples::default(), Samples::default());
    for round in 0..=options.count(ROUNDS, 1) {
        let mut slowest = Duration::ZERO;
        for (which, (_, seeded)) in stand.sims.iter().enumerate() {
            slowest = slowest.max(straight(&stand.straight(which)?, &seeded.many[..each]).await?);
        }
        let began = Instant::now();
        let answer = wire.ask(&query).await?;
        let took = began.elapsed();
        let found: Value = serde_json::from_str(&answer)?;
        let results = found["response"]["results"].as_object().context("results")?.len();
        ensure!(results == 2 * each, "{results} of {} models answered: {}", 2 * each, found["response"]["errors"]);
        if round > 0 {
            eprintln!("  the slower controller {:.0} ms, the query {:.0} ms", millis(slowest), millis(took));
            direct.push(slowest);
            broker.push(took);
        }
    }
    wire.close().await;
    Ok((direct.p50(), broker.p50()))
}

/// How long a controller takes for the status of all these models.
async fn straight(way: &Way, models: &[Uuid]) -> Result<Duration> {
    let status = request(2, "Client", 8, "FullStatus", &json!({"patterns": null, "include-storage": true}));
    let began = Instant::now();
    stream::iter(models.iter().map(Ok))
        .try_for_each_concurrent(AT_A_TIME, |model: &Uuid| {
            let (path, status) = (Stand::path(*model), &status);
            async move {
                let mut wire = way.enter(&path).await?;
                wire.ask(status).await?;
                wire.close().await;
                anyhow::Ok(())
            }
        })
        .await?;
    Ok(began.elapsed())
}

async fn adopt(admin: &Connection, controller: &str, models: &[Uuid]) -> Result<()> {
    stream::iter(models)
        .map(Ok)
        .try_for_each_concurrent(AT_A_TIME, |model| async move {
            let request = import(controller, *model, ADMIN);
            let _: ImportModelResult = admin.call("JIMM", 4, "ImportModel", &request, CALL).await?;
            anyhow::Ok(())
        })
        .await
}
