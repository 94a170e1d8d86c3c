//! Offers across controllers, with real ones: a model on the first offers, a person's model on the second consumes, and the
//! broker says who may. The controllers ask it without credentials and then speak to each other.

use std::time::Duration;

use anyhow::{Context, Result};

use super::ledger::Actor;
use super::story::Story;
use super::world::NAME;
use crate::broker::ADMIN;

const BOB: &str = "bob@example.com";
/// Machines start, agents report, controllers speak to each other.
const SETTLED: Duration = Duration::from_mins(3);

impl Story<'_> {
    /// Two models that lived on their controllers already, each with an application.
    pub(super) async fn across(&mut self) -> Result<()> {
        let (admin, ctl) = (self.admin.clone(), self.ctl.clone());
        let bob = self.world.person("bob", "juju", "juju 4.1")?;
        self.world.login(&mut self.ledger, &bob, BOB).await;
        self.credential(&bob).await?;
        for (controller, model, application, owner) in [("c1", "market", "stall", ADMIN), ("c2", "home", "buyer", BOB)]
        {
            let uuid = self.beside(controller, model, application).await?;
            let import = ["import-model", controller, &uuid, "--owner", owner];
            self.ledger.run(&format!("import-model {model}"), &ctl, &import, &[]).await;
        }
        let (market, home) = (format!("{ADMIN}/market"), format!("{BOB}/home"));
        for (by, model) in [(&admin, &market), (&bob, &home)] {
            self.ledger.run("switch", by, &["switch", &format!("{NAME}:{model}")], &[]).await;
        }
        self.ledger.run("offer across", &admin, &["offer", "stall:web", "sweets"], &["sweets"]).await;
        let url = format!("{NAME}:{market}.sweets");
        let found = ["find-offers", &format!("{NAME}:{market}")];
        self.ledger.run("find-offers (another's model)", &bob, &found, &["sweets"]).await;
        let consume = ["consume", "-m", &home, &url];
        self.ledger.refused("consume, not granted (refused)", &bob, &consume, &[]).await;
        let grant = ["grant", BOB, "consume", &url];
        self.ledger.run("grant consume", &admin, &grant, &[]).await;
        self.ledger.run("consume", &bob, &consume, &["sweets"]).await;
        let integrate = ["integrate", "-m", &home, "buyer:back", "sweets:web"];
        self.ledger.run("integrate across controllers", &bob, &integrate, &[]).await;
        let joined = |text: &str| text.contains("joined");
        let offers = ["offers", "-m", &market, "sweets"];
        self.ledger.until("the offer has a connection", &admin, &offers, SETTLED, joined).await;
        let status = ["status", "-m", &home, "--relations"];
        let related = |text: &str| text.contains("sweets") && text.contains("buyer:back") && !text.contains("error");
        self.ledger.until("the relation is there", &bob, &status, SETTLED, related).await;
        let dry = ["migrate", "--dry-run", "c2", &market];
        // The controller's own check refuses when machines have just started, and when it takes the consumer's units for units
        // with other agents; at some moments it agrees (measured, 4.1-beta2).
        let names = [home.as_str(), "both will be on one controller"];
        self.ledger.tells("migrate --dry-run names the consumer", &ctl, &dry, &names).await;

        self.ledger.run("remove-saas", &bob, &["remove-saas", "-m", &home, "sweets"], &[]).await;
        let remove = ["remove-offer", &url, "--force", "-y"];
        self.ledger.run("remove-offer (in use)", &admin, &remove, &[]).await;
        self.ledger.run("switch back", &admin, &["switch", &format!("{NAME}:{ADMIN}/shop")], &[]).await;
        for (by, model) in [(&admin, &market), (&bob, &home)] {
            let destroy = ["destroy-model", model, "--no-prompt", "--force", "--no-wait"];
            self.ledger.run(&format!("destroy-model {model}"), by, &destroy, &[]).await;
        }
        Ok(())
    }

    /// A model on a controller with an application, made by its own admin; its UUID.
    pub(super) async fn beside(&mut self, controller: &str, model: &str, application: &str) -> Result<String> {
        let direct: Actor = self.direct.clone();
        let called = format!("{controller}:{model}");
        let add = ["add-model", "-c", controller, model, "--no-switch"];
        self.ledger.run(&format!("add-model {model} (beside the broker)"), &direct, &add, &[]).await;
        let charm = self.world.layout.at("rig.charm");
        self.world.rig.charm(&charm)?;
        let charm = charm.display().to_string();
        let deploy = ["deploy", "-m", &called, &charm, application, "--base", "ubuntu@24.04"];
        self.ledger.run(&format!("deploy {application} (beside the broker)"), &direct, &deploy, &[]).await;
        let show = ["show-model", &called, "--format", "json"];
        let shown = self.ledger.run(&format!("show-model {model} (beside the broker)"), &direct, &show, &[]).await;
        let shown: serde_json::Value = serde_json::from_str(&shown).context("show-model tells no JSON")?;
        Ok(shown[model]["model-uuid"].as_str().context("show-model tells no UUID")?.to_owned())
    }
}
