//! Units that stay with the old controller when their model moves: what the broker tells of them, and that the guide's remedy
//! brings them along. Juju leaves one behind now and then, so every move of the story looks after its units.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::ledger::attempt;
use super::story::{SETTLED, Story, is_settled};
use crate::broker::ADMIN;

/// Units that are not there by then are looked after.
const SOON: Duration = Duration::from_secs(40);

impl Story<'_> {
    /// Waits until a model is well at its new home; when units stay away, what the guide says is done, and the table tells.
    pub(super) async fn arrived(&mut self, what: &str, model: &str, units: usize) -> Result<()> {
        let status = ["status", "-m", &format!("{ADMIN}/{model}"), "--format", "json"];
        let started = Instant::now();
        while started.elapsed() < SOON {
            let (out, _) = attempt(&self.admin, &status, |_, _| None).await;
            if is_settled(&out, units) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if started.elapsed() >= SOON {
            let uuid = self.uuid_of(&format!("{ADMIN}/{model}")).await?;
            self.rejoin(model, &uuid)?;
        }
        self.settled(what, model, units).await;
        Ok(())
    }

    /// A unit of a model that has just moved is made to stay with its source. `uuid` is the model's, for which the units' files were kept
    /// before it moved.
    pub(super) async fn left_behind(&mut self, model: &str, uuid: &str, unit: &str, source: &str) -> Result<()> {
        let (ctl, started) = (self.ctl.clone(), Instant::now());
        let left = self.world.rig.behind(uuid, "back").map(drop);
        self.ledger.fact(&format!("{unit} is left behind"), &ctl, started, left);
        let show = ["show-migration", &format!("{ADMIN}/{model}"), "--format", "json"];
        let told = format!("still at work for the copy on controller {source}: unit {unit}");
        let is_told = |text: &str| agents(text)["message"].as_str().is_some_and(|it| it.contains(&told));
        self.ledger.until("show-migration tells where it is", &ctl, &show, SETTLED, is_told).await;
        ensure!(self.rejoin(model, uuid)?, "no unit of {model} was left behind");
        self.settled("status of it, brought along", model, 1).await;
        let is_over = |text: &str| agents(text)["outcome"] == "ok";
        self.ledger.until("show-migration misses nobody", &ctl, &show, SETTLED, is_over).await;
        Ok(())
    }

    /// Whether there were units to be brought along.
    fn rejoin(&mut self, model: &str, uuid: &str) -> Result<bool> {
        let started = Instant::now();
        let changed = self.world.rig.behind(uuid, "rejoin")?.contains("names the machine's controllers now");
        if changed {
            self.ledger.fact(&format!("rejoin.sh, for units of {model}"), &self.ctl.clone(), started, Ok(()));
        }
        Ok(changed)
    }
}

/// What `show-migration` tells of the agents.
fn agents(shown: &str) -> Value {
    let shown: Value = serde_json::from_str(shown).unwrap_or_default();
    let all = shown["aftercare"].as_array().into_iter().flatten();
    all.into_iter().find(|care| care["kind"] == "agents").cloned().unwrap_or_default()
}
