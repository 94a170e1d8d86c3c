//! Adopting models with `ImportModel`: several at a time, for the users whose lists are measured after it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::stream::{self, TryStreamExt as _};
use jimm_proto::params::jimm::{ImportModelRequest, ImportModelResult};

use super::Options;
use super::figures::rate;
use super::report::{Aim, Row};
use super::stand::{SEES_HUNDRED, SEES_ONE, Stand, import};
use crate::broker::{ADMIN, SERVICE_ID, SERVICE_SECRET};

const AT_A_TIME: usize = 16;
const CALL: Duration = Duration::from_secs(60);

pub(super) async fn measure(stand: &mut Stand, _options: &Options) -> Result<Vec<Row>> {
    let requests = requests(stand);
    let count = u32::try_from(requests.len())?;
    let (connection, _) = stand.door.with_credentials(SERVICE_ID, SERVICE_SECRET).await?;
    let began = Instant::now();
    stream::iter(requests.into_iter().map(Ok))
        .try_for_each_concurrent(AT_A_TIME, |request: ImportModelRequest| {
            let connection = connection.clone();
            async move {
                let imported: Result<ImportModelResult, _> =
                    connection.call("JIMM", 4, "ImportModel", &request, CALL).await;
                imported.map(drop).with_context(|| request.model_tag)
            }
        })
        .await?;
    let each = rate(count, began.elapsed());
    stand.adopted = Some(count);
    let name = format!("ImportModel of {count} models, {AT_A_TIME} at a time");
    Ok(vec![Row::broker(&name, "/s", each).aim(Aim::AtLeast(300.0))])
}

/// The first model for one user, a hundred for another, the rest for the administrator; both controllers in turns.
fn requests(stand: &Stand) -> Vec<ImportModelRequest> {
    let [(first, ours), (second, theirs)] = &stand.sims[..] else { return Vec::new() };
    let turns = ours.many.iter().zip(&theirs.many).flat_map(|(a, b)| [(first, *a), (second, *b)]);
    turns
        .enumerate()
        .map(|(n, (sim, model))| {
            let owner = match n {
                0 => SEES_ONE,
                1..=100 => SEES_HUNDRED,
                _ => ADMIN,
            };
            import(&sim.name, model, owner)
        })
        .collect()
}
