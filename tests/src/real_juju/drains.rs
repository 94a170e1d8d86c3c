//! Moves that are looked at first, that somebody stops, and many at once: plans, with their proofs, and what is left after.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::story::{SETTLED, Story};
use crate::broker::ADMIN;

/// The model whose move does not get through.
const HELD: &str = "held";
/// The model with a running unit that moves.
const BUSY: &str = "busy";

impl Story<'_> {
    /// A move that cannot begin, and one that somebody wants stopped while the machines do not get through to the target: a
    /// target of 4.1 cannot be told to forget the model without losing it, so the move ends by itself.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let (ctl, direct) = (self.ctl.clone(), self.direct.clone());
        let model = format!("{ADMIN}/{HELD}");
        let add = ["add-model", HELD, "bare", "--credential", "third", "--target-controller", "c1", "--no-switch"];
        self.ledger.run("add-model --target-controller c1", &ctl, &add, &[]).await;
        self.deploy(HELD, "mill").await?;
        let check = ["check-migration", &model, "c2"];
        self.ledger.refused("check-migration names what is not ready", &ctl, &check, &["agents-ready", "mill"]).await;
        self.ledger.refused("check-migration to where it is", &ctl, &[check[0], &model, "c1"], &["c1"]).await;
        self.settled("status: the unit is active", HELD, 1).await;
        self.ledger.run("check-migration: go", &ctl, &check, &["ok: true", "1 machines, 1 units"]).await;
        self.ledger.must_be_clean()?;

        let uuid = self.uuid_of(&model).await?;
        let target = self.world.controllers[1].clone();
        self.world.rig.cut_off(&uuid, &target, true)?;
        self.ledger.run("migrate --no-wait", &ctl, &["migrate", "c2", &model, "--no-wait"], &[]).await;
        let show = ["show-migration", &model, "--format", "json"];
        let moving = |text: &str| text.contains("\"phase\":\"moving\"");
        self.ledger.until("show-migration: it moves", &ctl, &show, SETTLED, moving).await;
        let says = ["too late to stop it", "cannot be told to forget the model"];
        self.ledger.run("abort-migration says what is true", &ctl, &["abort-migration", &model], &says).await;
        self.ledger.refused("watch-migration ends with a no", &ctl, &["watch-migration", &model], &[]).await;
        self.ledger.run("show-migration tells who wanted it", &ctl, &show, &["\"code\":\"cancelled\""]).await;
        self.world.rig.cut_off(&uuid, &target, false)?;
        self.settled("status: it is in use where it was", HELD, 1).await;
        let there = ["show-model", &format!("c2:{uuid}")];
        self.ledger.refused("the target has nothing of it", &direct, &there, &["not found"]).await;
        let destroy = ["destroy-model", &model, "--no-prompt", "--force", "--no-wait"];
        self.ledger.run("destroy-model held", &self.admin.clone(), &destroy, &[]).await;
        Ok(())
    }

    /// Everything that is on a controller goes to the other: a plan, its proof, and what doctor says afterwards.
    pub(super) async fn drain(&mut self) -> Result<()> {
        let ctl = self.ctl.clone();
        for (name, credential) in [(BUSY, "fourth"), ("small", "fifth")] {
            let add =
                ["add-model", name, "bare", "--credential", credential, "--target-controller", "c1", "--no-switch"];
            self.ledger.run(&format!("add-model {name}"), &ctl, &add, &[]).await;
        }
        self.deploy(BUSY, "mill").await?;
        self.settled("status: the unit is active", BUSY, 1).await;
        let plan = self.world.layout.at("drain.yaml").display().to_string();
        let names = [format!("{ADMIN}/small"), format!("{ADMIN}/{BUSY}")];
        self.ledger.run("plan-drain", &ctl, &["plan-drain", "c1", "-o", &plan], &[]).await;
        let text = std::fs::read_to_string(&plan).unwrap_or_default();
        let started = Instant::now();
        let in_it = || {
            ensure!(names.iter().all(|name| text.contains(name)), "the plan lacks a model: {text}");
            Ok(())
        };
        self.ledger.fact("the plan has both models", &ctl, started, in_it());
        self.ledger.run("apply-plan --check", &ctl, &["apply-plan", &plan, "--check"], &[]).await;
        let proof = ["empty: true", "remains:", "state: done"];
        self.ledger.run("apply-plan, with its proof", &ctl, &["apply-plan", &plan], &proof).await;
        for name in &names {
            let started = Instant::now();
            let home = self.home_of(name).await?;
            let there = if home == "c2" { Ok(()) } else { Err(anyhow::anyhow!("it is on {home}")) };
            self.ledger.fact(&format!("{name} is recorded on the target"), &ctl, started, there);
        }
        self.arrived("status at its new home", BUSY, 1).await?;
        let show = ["show-migration", &names[1], "--format", "json"];
        self.ledger
            .run("show-migration", &ctl, &show, &["\"phase\":\"moving\"", "\"phase\":\"done\"", "has begun"])
            .await;
        self.ledger.run("migrations --all", &ctl, &["migrations", "--all", "--on", "c1"], &["small", BUSY]).await;
        self.ledger.refused("doctor tells of the copies", &ctl, &["doctor"], &["left-on-source"]).await;
        self.ledger.run("uncordon", &ctl, &["uncordon", "c1"], &[]).await;
        Ok(())
    }

    async fn deploy(&mut self, model: &str, application: &str) -> Result<()> {
        let charm = self.world.layout.at("rig.charm");
        self.world.rig.charm(&charm)?;
        let (charm, model) = (charm.display().to_string(), format!("{ADMIN}/{model}"));
        let deploy = ["deploy", "-m", &model, &charm, application, "--base", "ubuntu@24.04"];
        self.ledger.run(&format!("deploy {application}"), &self.admin.clone(), &deploy, &[]).await;
        Ok(())
    }
}
