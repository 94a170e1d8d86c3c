//! What has to be true when a controller was drained: every model at the target once and at no other place in the broker's
//! records, moved once, with the rights that it had.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fleet::Fleet;

/// What the controllers did and when the broker noted it, in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// From the first request of a move to the last activation.
    pub span: f64,
    /// The sum over all models of the time from the request to the activation.
    pub controllers_own: f64,
    /// From the activation of a model at the target to the broker's record of it there: in the middle and at most.
    pub noted: (f64, f64),
}

/// What a simulated controller tells of moves.
#[derive(Deserialize)]
struct Moves {
    started: BTreeMap<String, Vec<DateTime<Utc>>>,
    activated: BTreeMap<String, Vec<DateTime<Utc>>>,
    models: Vec<String>,
}

/// What the broker has of a model.
#[derive(Deserialize)]
struct Row {
    home: String,
    mode: String,
    /// Its controllers by the tuples.
    hosts: Option<String>,
    /// When its last move ended well.
    moved: Option<DateTime<Utc>>,
}

pub(super) async fn all(fleet: &Fleet, before: &BTreeMap<String, String>) -> Result<Checked> {
    let source: Moves = serde_json::from_value(fleet.moves(0)?)?;
    let target: Moves = serde_json::from_value(fleet.moves(1)?)?;
    let rows = rows(fleet).await?;
    let after = fleet.rights().await?;
    ensure!(rows.len() == fleet.models.len(), "{} models are recorded, {} were", rows.len(), fleet.models.len());
    let home = &fleet.app.sims[1].plan.uuid;
    let (mut own, mut noted) = (0.0, Vec::new());
    let (mut first, mut last) = (DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC);
    for uuid in &fleet.models {
        let row = rows.get(uuid).with_context(|| format!("model {uuid} is lost"))?;
        ensure!(row.home == *home, "model {uuid} is recorded at {}", row.home);
        ensure!(row.mode.is_empty(), "model {uuid} is still {:?}", row.mode);
        ensure!(row.hosts.as_deref() == Some(home), "the controllers of model {uuid} are {:?}", row.hosts);
        ensure!(before.get(uuid) == after.get(uuid), "rights of model {uuid} changed to {:?}", after.get(uuid));
        let started = source.started.get(uuid).map_or(&[][..], Vec::as_slice);
        let activated = target.activated.get(uuid).map_or(&[][..], Vec::as_slice);
        let ([started], [activated]) = (started, activated) else {
            anyhow::bail!("model {uuid} was started {} and activated {} times", started.len(), activated.len());
        };
        ensure!(target.models.contains(uuid), "model {uuid} is not at the target");
        let moved = row.moved.with_context(|| format!("no move of model {uuid} is recorded"))?;
        own += seconds(*started, *activated);
        noted.push(seconds(*activated, moved));
        (first, last) = (first.min(*started), last.max(*activated));
    }
    noted.sort_by(f64::total_cmp);
    let (middle, most) = (noted[noted.len() / 2], noted[noted.len() - 1]);
    Ok(Checked { span: seconds(first, last), controllers_own: own, noted: (middle, most) })
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

async fn rows(fleet: &Fleet) -> Result<BTreeMap<String, Row>> {
    let sql = "SELECT coalesce(json_object_agg(m.uuid, json_build_object(
                          'home', m.controller_uuid, 'mode', m.mode,
                          'hosts', (SELECT string_agg(subject_id, ' ') FROM relation_tuples
                                    WHERE object_kind = 'model' AND object_id = m.uuid::text AND relation = 'controller'),
                          'moved', (SELECT max(finished_at) FROM jobs
                                    WHERE kind = 'migrate-model' AND state = 'successful' AND key = m.uuid::text))), '{}')::text
               FROM models m";
    Ok(serde_json::from_str(&fleet.app.db.fetch(sql).await?.context("a row")?)?)
}
