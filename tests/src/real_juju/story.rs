//! The story: what people do with a broker, from the first login to the last model, with real clients and controllers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::ledger::{Actor, Ledger};
use super::rig::Rig;
use super::world::{Answer, NAME, World};
use crate::broker::ADMIN;
use crate::demo::Layout;
use crate::process;

const ALICE: &str = "alice@example.com";
/// Machines start, agents report.
pub(super) const SETTLED: Duration = Duration::from_mins(3);

/// The parts of the story, in their order.
pub const PARTS: [&str; 15] = [
    "attach",
    "cloud",
    "work",
    "share",
    "older",
    "identities",
    "import",
    "move",
    "across",
    "end",
    "stop",
    "drain",
    "incoming",
    "adopt",
    "peers",
];

/// What is told, and what is left.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// Everything is left running for a look; the next run removes it.
    pub keep: bool,
    /// What a run before has left running is used, and left again.
    pub standing: bool,
    /// Only these parts; all when there are none.
    pub parts: Vec<String>,
}

/// Tells the story once; the table is printed, and an error says how many commands failed.
pub async fn run(rig: Rig, layout: Layout, telling: Telling) -> Result<()> {
    let world = if telling.standing {
        World::standing(rig, layout)?
    } else {
        World::up(rig.clone(), layout).await.inspect_err(|_| drop(rig.wipe()))?
    };
    let mut story = Story::begin(&world)?;
    let told = story.tell(&telling.parts).await;
    let (table, failed) = story.ledger.table();
    println!("\n{table}");
    if failed > 0 || told.is_err() {
        println!("the helper that starts machines said last:\n{}", world.rig.last_words());
    }
    if telling.keep || telling.standing {
        world.say_how_to_go_on(&story.admin);
    } else {
        world.down()?;
    }
    told?;
    ensure!(failed == 0, "{failed} commands failed; the broker's log is {}", world.layout.at("jimmsrv.log").display());
    Ok(())
}

pub(super) struct Story<'a> {
    pub(super) world: &'a World,
    pub(super) ledger: Ledger,
    pub(super) admin: Actor,
    pub(super) older: Actor,
    pub(super) ctl: Actor,
    pub(super) direct: Actor,
}

impl<'a> Story<'a> {
    fn begin(world: &'a World) -> Result<Self> {
        let admin = world.person("admin", "juju", "juju 4.1")?;
        let ctl = World::jimmctl(&admin);
        let older = world.person("admin", "juju36", "juju 3.6")?;
        Ok(Self { world, ledger: Ledger::default(), admin, older, ctl, direct: world.local_admin() })
    }

    async fn tell(&mut self, parts: &[String]) -> Result<()> {
        println!("controllers {} and {}", self.world.controllers[0].version, self.world.controllers[1].version);
        for part in PARTS.iter().filter(|part| parts.is_empty() || parts.iter().any(|wanted| wanted == *part)) {
            let started = Instant::now();
            match *part {
                "attach" => self.attach().await?,
                "cloud" => self.cloud().await?,
                "work" => self.work().await?,
                "share" => self.share().await?,
                "older" => self.older_client().await,
                "identities" => self.identities().await?,
                "import" => self.import().await?,
                "move" => self.move_models().await?,
                "across" => self.across().await?,
                "end" => self.end().await,
                "stop" => self.stop().await?,
                "drain" => self.drain().await?,
                "incoming" => self.incoming().await?,
                "adopt" => self.adopt().await?,
                _ => self.peers().await?,
            }
            println!("part {part:?} took {:.1} s", started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Both controllers behind the broker.
    async fn attach(&mut self) -> Result<()> {
        self.world.login(&mut self.ledger, &self.admin, ADMIN).await;
        self.ledger.run("whoami", &self.admin, &["whoami"], &[ADMIN, NAME]).await;
        let local = World::jimmctl(&self.direct);
        for controller in &self.world.controllers {
            let name = controller.name.as_str();
            let file = self.world.layout.at(&format!("{name}.yaml")).display().to_string();
            let what = format!("controller-info {name}");
            self.ledger.run(&what, &local, &["controller-info", name, &file, "--local"], &[]).await;
            let what = format!("add-controller {name}");
            self.ledger.run(&what, &self.ctl, &["add-controller", &file], &[&controller.controller_uuid]).await;
        }
        self.ledger
            .run(
                "list-controllers",
                &self.ctl,
                &["list-controllers", "--format", "tabular"],
                &["c1", "c2", "available"],
            )
            .await;
        self.ledger.run("show-controller", &self.admin, &["show-controller", NAME], &[ADMIN, "superuser"]).await;
        Ok(())
    }

    async fn cloud(&mut self) -> Result<()> {
        self.ledger.run("clouds", &self.admin, &["clouds", "--controller", NAME], &["bare"]).await;
        self.credential(&self.admin.clone()).await
    }

    pub(super) async fn credential(&mut self, by: &Actor) -> Result<()> {
        let file = self.world.layout.at("credential.yaml");
        process::write_whole(
            &file,
            // One without attributes cannot follow two models to one controller, so that moves need some.
            "credentials:\n  bare:\n    default: {auth-type: empty}\n    other: {auth-type: empty}\n    third: {auth-type: empty}\n    \
             fourth: {auth-type: empty}\n    fifth: {auth-type: empty}\n",
        )?;
        let file = file.display().to_string();
        let add = ["add-credential", "bare", "-f", &file, "--controller", NAME];
        self.ledger.run("add-credential", by, &add, &[]).await;
        self.ledger.run("credentials", by, &["credentials", "--controller", NAME], &["bare", "default"]).await;
        Ok(())
    }

    /// A day of work on a model that the broker made.
    async fn work(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        // Credentials of this cloud have no attributes, and such a one cannot follow two models to one controller.
        let add = ["add-model", "empty", "bare", "--credential", "other", "--no-switch"];
        self.ledger.run("add-model empty", &admin, &add, &[]).await;
        self.ledger.run("add-model shop", &admin, &["add-model", "shop"], &[]).await;
        self.ledger.run("models", &admin, &["models"], &["shop", "empty"]).await;
        self.ledger.must_be_clean()?;
        self.ledger.run("show-model", &admin, &["show-model", "shop"], &[ADMIN, "bare"]).await;

        let charm = self.world.layout.at("rig.charm");
        self.world.rig.charm(&charm)?;
        let charm = charm.display().to_string();
        for app in ["web", "back"] {
            let what = format!("deploy {app} (local charm)");
            self.ledger.run(&what, &admin, &["deploy", &charm, app, "--base", "ubuntu@24.04"], &[]).await;
        }
        self.settled("status: units active", "shop", 2).await;
        self.ledger.run("config (set)", &admin, &["config", "web", "title=tidy"], &[]).await;
        self.ledger.run("config (get)", &admin, &["config", "web", "title"], &["tidy"]).await;
        self.ledger.run("model-config", &admin, &["model-config", "update-status-hook-interval=10m"], &[]).await;
        self.ledger.run("integrate", &admin, &["integrate", "back:back", "web:web"], &[]).await;
        self.ledger.run("run (action)", &admin, &["run", "web/0", "ping"], &["pong"]).await;
        self.ledger.run("offer", &admin, &["offer", "web:web", "front"], &["front"]).await;
        self.ledger.run("offers", &admin, &["offers"], &["front"]).await;
        self.ledger.run("find-offers", &admin, &["find-offers", &format!("{NAME}:")], &["front"]).await;
        self.ledger
            .run(
                "debug-log",
                &admin,
                &["debug-log", "--replay", "--no-tail", "--include", "unit-web-0"],
                &["unit-web-0:"],
            )
            .await;
        Ok(())
    }

    /// Alice may read the model, and no more.
    async fn share(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        let alice = self.world.person("alice", "juju", "juju 4.1")?;
        self.world.login(&mut self.ledger, &alice, ALICE).await;
        let model = format!("{ADMIN}/shop");
        self.ledger.refused("status, not shared (refused)", &alice, &["status", "-m", &model], &[]).await;
        self.ledger.run("grant read", &admin, &["grant", ALICE, "read", "shop"], &[]).await;
        self.ledger.run("models (the reader's)", &alice, &["models"], &["shop"]).await;
        self.ledger.run("status (the reader's)", &alice, &["status", "-m", &model], &["web", "active"]).await;
        let write = ["config", "-m", &model, "web", "title=hers"];
        self.ledger.refused("config by a reader (refused)", &alice, &write, &["permission denied"]).await;
        self.ledger.run("revoke", &admin, &["revoke", ALICE, "read", "shop"], &[]).await;
        self.ledger.refused("status, revoked (refused)", &alice, &["status", "-m", &model], &[]).await;
        Ok(())
    }

    /// The client of the generation before does the same with the same models.
    async fn older_client(&mut self) {
        let older = self.older.clone();
        self.world.login(&mut self.ledger, &older, ADMIN).await;
        self.ledger.run("models", &older, &["models"], &["shop", "empty"]).await;
        let model = format!("{ADMIN}/shop");
        self.ledger.run("status", &older, &["status", "-m", &model], &["web", "active"]).await;
        self.ledger.run("config (get)", &older, &["config", "-m", &model, "web", "title"], &["tidy"]).await;
        self.ledger.run("show-model", &older, &["show-model", &model], &["bare"]).await;
        let log = ["debug-log", "-m", &model, "--replay", "--no-tail", "--include", "unit-web-0"];
        self.ledger.run("debug-log", &older, &log, &["unit-web-0:"]).await;
        self.ledger.run("add-model", &older, &["add-model", "second", "--no-switch"], &[]).await;
        let destroy = ["destroy-model", "second", "--no-prompt", "--force", "--no-wait"];
        self.ledger.run("destroy-model", &older, &destroy, &[]).await;
    }

    /// Alice, who logs in badly and well, with both clients, and is in groups.
    async fn identities(&mut self) -> Result<()> {
        let older = self.world.person("alice", "juju36", "juju 3.6")?;
        self.world.login(&mut self.ledger, &older, ALICE).await;
        self.logins(&older).await?;
        // What was ended and disabled meanwhile was hers with every client.
        let alice = self.world.person("alice", "juju", "juju 4.1")?;
        self.goes("models, ended", &alice, &["models"], Answer::As(ALICE), |talk| talk.works(1)).await;
        self.logins(&alice).await?;
        self.by_groups(&alice).await;
        Ok(())
    }

    /// A model that lived on a controller before there was a broker.
    async fn import(&mut self) -> Result<()> {
        let (direct, admin, ctl) = (self.direct.clone(), self.admin.clone(), self.ctl.clone());
        self.ledger
            .run("add-model old (beside the broker)", &direct, &["add-model", "-c", "c1", "old", "--no-switch"], &[])
            .await;
        let charm = self.world.layout.at("rig.charm").display().to_string();
        let deploy = ["deploy", "-m", "c1:old", &charm, "relic", "--base", "ubuntu@24.04"];
        self.ledger.run("deploy (beside the broker)", &direct, &deploy, &[]).await;
        let shown = self
            .ledger
            .run("show-model (beside the broker)", &direct, &["show-model", "c1:old", "--format", "json"], &[])
            .await;
        let shown: Value = serde_json::from_str(&shown).context("show-model tells no JSON")?;
        let uuid = shown["old"]["model-uuid"].as_str().context("show-model tells no UUID")?.to_owned();
        self.ledger.run("import-model", &ctl, &["import-model", "c1", &uuid, "--owner", ADMIN], &[]).await;
        self.ledger.run("models (adopted)", &admin, &["models"], &["old"]).await;
        self.settled("status of the adopted model", "old", 1).await;
        Ok(())
    }

    /// An empty model, one with running charms and the adopted one, each to the other controller.
    async fn move_models(&mut self) -> Result<()> {
        let (admin, ctl) = (self.admin.clone(), self.ctl.clone());
        for (name, units, killed) in [("empty", 0, false), ("shop", 2, false), ("old", 1, true)] {
            let model = format!("{ADMIN}/{name}");
            let target = if self.home_of(&model).await? == "c1" { "c2" } else { "c1" };
            let what = format!("migrate --dry-run {name}");
            self.ledger.run(&what, &ctl, &["migrate", "--dry-run", target, &model], &[]).await;
            let uuid = self.uuid_of(&model).await?;
            if killed {
                self.world.rig.behind(&uuid, "keep")?;
                self.ledger
                    .run(&format!("migrate {name} --no-wait"), &ctl, &["migrate", target, &model, "--no-wait"], &[])
                    .await;
                let started = Instant::now();
                let again = self.world.restart_broker();
                self.ledger.fact("the broker is killed and started again", &ctl, started, again);
                let on_target = |text: &str| text.contains(&format!("\"controller-name\":\"{target}\""));
                let show = ["show-model", &model, "--format", "json"];
                self.ledger.until(&format!("the move of {name} ends by itself"), &ctl, &show, SETTLED, on_target).await;
            } else {
                self.ledger.run(&format!("migrate {name}"), &ctl, &["migrate", target, &model], &[]).await;
            }
            let started = Instant::now();
            let home = self.home_of(&model).await?;
            let there = if home == target { Ok(()) } else { Err(anyhow::anyhow!("it is on {home}, not {target}")) };
            self.ledger.fact(&format!("{name} is recorded on the target"), &ctl, started, there);
            if killed {
                let source = if target == "c1" { "c2" } else { "c1" };
                self.left_behind(name, &uuid, "relic/0", source).await?;
            } else if units > 0 {
                self.arrived(&format!("status of {name} at its new home"), name, units).await?;
            } else {
                self.ledger
                    .run(&format!("status of {name} at its new home"), &admin, &["status", "-m", &model], &[name])
                    .await;
            }
        }
        // A 4.1 controller keeps what it gave away: there is no way back to it.
        let former = if self.home_of(&format!("{ADMIN}/old")).await? == "c1" { "c2" } else { "c1" };
        let back = ["migrate", former, &format!("{ADMIN}/old")];
        self.ledger.refused("migrate old back (refused)", &ctl, &back, &["keeps its copy", "cannot come back"]).await;
        self.ledger
            .run("config came along", &admin, &["config", "-m", &format!("{ADMIN}/shop"), "web", "title"], &["tidy"])
            .await;
        self.ledger
            .run("the action runs there", &admin, &["run", "-m", &format!("{ADMIN}/shop"), "web/0", "ping"], &["pong"])
            .await;
        self.ledger.run("the offer came along", &admin, &["offers", "-m", &format!("{ADMIN}/shop")], &["front"]).await;
        self.ledger.run("models (all, once)", &admin, &["models"], &["shop", "empty", "old"]).await;
        self.ledger
            .run(
                "status by juju 3.6",
                &self.older.clone(),
                &["status", "-m", &format!("{ADMIN}/shop")],
                &["web", "active"],
            )
            .await;
        Ok(())
    }

    async fn end(&mut self) {
        let admin = self.admin.clone();
        for name in ["empty", "old"] {
            let destroy = ["destroy-model", &format!("{ADMIN}/{name}"), "--no-prompt", "--destroy-storage"];
            self.ledger.run(&format!("destroy-model {name}"), &admin, &destroy, &[]).await;
        }
        self.ledger
            .run("remove-offer", &admin, &["remove-offer", &format!("{ADMIN}/shop.front"), "--force", "-y"], &[])
            .await;
        let destroy = ["destroy-model", &format!("{ADMIN}/shop"), "--no-prompt", "--force", "--no-wait"];
        self.ledger.run("destroy-model shop", &admin, &destroy, &[]).await;
        let gone = |text: &str| !["empty", "old", "shop"].iter().any(|name| text.contains(name));
        self.ledger.until("models (none is left)", &admin, &["models"], SETTLED, gone).await;
    }

    pub(super) async fn settled(&mut self, what: &str, model: &str, units: usize) {
        let model = format!("{ADMIN}/{model}");
        let status = ["status", "-m", &model, "--format", "json"];
        self.ledger.until(what, &self.admin.clone(), &status, SETTLED, |text| is_settled(text, units)).await;
    }

    pub(super) async fn uuid_of(&self, model: &str) -> Result<String> {
        self.recorded(model, "uuid").await
    }

    pub(super) async fn home_of(&self, model: &str) -> Result<String> {
        self.recorded(model, "controller-name").await
    }

    /// What the broker's record says of a model.
    async fn recorded(&self, model: &str, what: &str) -> Result<String> {
        let output = self.ctl.command(&["show-model", model, "--format", "json"]).output().await?;
        let row: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("show-model {model}: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(row[what].as_str().with_context(|| format!("show-model tells no {what}"))?.to_owned())
    }
}

/// Whether so many units are active and idle, and their machines run as the controller's own look at the cloud tells: it
/// refuses to move a model before that, and the agents may be up minutes earlier.
pub(super) fn is_settled(status: &str, units: usize) -> bool {
    let status: Value = serde_json::from_str(status).unwrap_or_default();
    let is = |of: &Value, what: &str, word: &str| of[what]["current"] == word;
    let each = |of: &Value| of.as_object().map(|of| of.values().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let of_apps: Vec<Value> = each(&status["applications"]).iter().flat_map(|app| each(&app["units"])).collect();
    let idle = |unit: &Value| is(unit, "workload-status", "active") && is(unit, "juju-status", "idle");
    let runs = |machine: &Value| is(machine, "machine-status", "running") && is(machine, "juju-status", "started");
    of_apps.len() >= units && of_apps.iter().all(idle) && each(&status["machines"]).iter().all(runs)
}
