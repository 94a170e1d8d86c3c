//! Calls that the broker answers itself: one model's information, and lists for users who see few models and many.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::client::{Wire, request};
use super::figures::Samples;
use super::report::{Aim, Row};
use super::stand::{SEES_HUNDRED, SEES_ONE, Stand};
use super::{Options, adoption};
use crate::broker::ADMIN;

pub(super) async fn measure(stand: &mut Stand, options: &Options) -> Result<Vec<Row>> {
    if stand.adopted.is_none() {
        eprintln!("  the lists need models: adopting them first");
        adoption::measure(stand, options).await?;
    }
    let adopted = stand.adopted.context("models were adopted")?;
    let mut rows = vec![model_info(stand, options).await?];
    // The administrator sees those besides that every run has: two on each controller.
    let all = adopted + 4;
    for (user, sees, list_aim) in [(SEES_ONE, 1, Some(5.0)), (SEES_HUNDRED, 100, None), (ADMIN, all, Some(100.0))] {
        let mut wire = stand.broker_as(user)?.enter("/api").await?;
        let rounds = if sees > 1000 { options.count(15, 3) } else { options.count(100, 10) };
        for (method, aim) in [("ListModels", list_aim), ("ListModelSummaries", None)] {
            let params = json!({"user-tag": format!("user-{user}"), "all": false});
            let frame = request(2, "ModelManager", 9, method, &params);
            let p50 = list(&mut wire, &frame, sees, rounds).await.with_context(|| format!("{method} as {user}"))?;
            let row = Row::broker(&format!("{method}, {sees} of {all} visible, p50"), "ms", p50);
            rows.push(match aim {
                Some(most) => row.aim(Aim::AtMost(most)),
                None => row,
            });
        }
        wire.close().await;
    }
    Ok(rows)
}

async fn list(
    wire: &mut Wire,
    frame: &tokio_tungstenite::tungstenite::Utf8Bytes,
    sees: u32,
    rounds: u32,
) -> Result<f64> {
    let mut samples = Samples::default();
    let answer = wire.ask(frame).await?;
    let shown = answer.matches("\"life\"").count().max(answer.matches("\"last-connection\"").count());
    ensure!(shown == usize::try_from(sees)?, "{shown} models are listed, {sees} should be");
    for _ in 0..rounds {
        samples.push(wire.time(frame).await?);
    }
    Ok(samples.p50())
}

async fn model_info(stand: &Stand, options: &Options) -> Result<Row> {
    let params = json!({"entities": [{"tag": format!("model-{}", stand.sims[0].1.small)}]});
    let frame = request(2, "ModelManager", 9, "ModelInfo", &params);
    let mut wires = [stand.straight(0)?.enter("/api").await?, stand.broker()?.enter("/api").await?];
    let mut samples = [Samples::default(), Samples::default()];
    for round in 0..=options.count(10, 3) {
        for (wire, samples) in wires.iter_mut().zip(&mut samples) {
            for _ in 0..options.count(100, 20) {
                let took = wire.time(&frame).await?;
                if round > 0 {
                    samples.push(took);
                }
            }
        }
    }
    let [direct, broker] = samples.map(|samples| samples.p50());
    Ok(Row::both("ModelInfo, p50", "ms", direct, broker).aim(Aim::AtMost(0.5)))
}
