//! Models of a controller that has never heard of the broker: one is moved in, one does not get through, and what is left
//! there is adopted.

use std::time::Instant;

use anyhow::Result;

use super::ledger::Actor;
use super::story::{SETTLED, Story, is_settled};
use super::world::{NAME, World};
use crate::broker::ADMIN;
use crate::process;

const CAROL: &str = "carol@example.com";

impl Story<'_> {
    /// Two models there: with `guest` all goes well, the machines of `shy` do not reach its new controller.
    pub(super) async fn incoming(&mut self) -> Result<()> {
        let ctl = self.beside_a_stranger().await?;
        let direct = self.direct.clone();
        let mut uuids = Vec::new();
        for model in ["guest", "shy"] {
            uuids.push(self.beside("c3", model, "desk").await?);
        }
        self.ledger.run("add-user (beside the broker)", &direct, &["add-user", "-c", "c3", "carol"], &[]).await;
        let grant = ["grant", "-c", "c3", "carol", "read", "guest"];
        self.ledger.run("grant (beside the broker)", &direct, &grant, &[]).await;
        let offer = ["offer", "-c", "c3", "admin/guest.desk:web", "door"];
        self.ledger.run("offer (beside the broker)", &direct, &offer, &[]).await;
        for model in ["guest", "shy"] {
            let status = ["status", "-m", &format!("c3:{model}"), "--format", "json"];
            self.ledger
                .until("status (beside the broker)", &direct, &status, SETTLED, |text| is_settled(text, 1))
                .await;
        }
        self.ledger.must_be_clean()?;

        // The source does not know the authority of the broker's certificate, so it has to be told.
        let ca = self.world.ca.display().to_string();
        let draft = ["migrate-in", "guest", "--from", "c3", "--draft-mapping"];
        self.ledger.run("migrate-in --draft-mapping", &ctl, &draft, &["admin:", "carol:", "offer \"door\""]).await;
        let half = self.users("half.yaml", &format!("admin: {ADMIN}\n"))?;
        let whole = self.users("users.yaml", &format!("admin: {ADMIN}\ncarol: {CAROL}\n"))?;
        let into = |file| {
            [
                "migrate-in",
                "guest",
                "--from",
                "c3",
                "--backing-controller",
                "c2",
                "--user-mapping",
                file,
                "-c",
                NAME,
                "--ca-cert",
                &ca,
            ]
        };
        let names = ["missing the following users", "carol"];
        self.ledger.refused("migrate-in, a user is missing (refused)", &ctl, &into(&half), &names).await;
        self.ledger.run("migrate-in", &ctl, &into(&whole), &[]).await;
        self.is_at(&ctl, "guest", "c2").await?;
        self.arrived("status of it at its new home", "guest", 1).await?;
        let model = format!("{ADMIN}/guest");
        self.ledger.run("its users", &self.admin.clone(), &["show-model", &model], &[ADMIN, CAROL, "read"]).await;
        self.ledger.run("its offer", &self.admin.clone(), &["offers", "-m", &model], &["door"]).await;
        let run = ["run", "-m", &model, "desk/0", "ping"];
        self.ledger.run("the action runs there", &self.admin.clone(), &run, &["pong"]).await;
        let carol = self.world.person("carol", "juju", "juju 4.1")?;
        self.world.login(&mut self.ledger, &carol, CAROL).await;
        self.ledger.run("models (who could read it)", &carol, &["models"], &["guest"]).await;

        let target = self.world.controllers[1].clone();
        self.world.rig.cut_off(&uuids[1], &target, true)?;
        let into = [
            "migrate-in",
            "shy",
            "--from",
            "c3",
            "--backing-controller",
            "c2",
            "--user-mapping",
            &whole,
            "-c",
            NAME,
            "--ca-cert",
            &ca,
        ];
        self.ledger
            .refused("migrate-in, agents do not get through", &ctl, &into, &["aborted: controller c3 gave up"])
            .await;
        self.world.rig.cut_off(&uuids[1], &target, false)?;
        let status = ["status", "-m", "c3:shy", "--format", "json"];
        self.ledger.until("it is in use where it was", &direct, &status, SETTLED, |text| is_settled(text, 1)).await;
        let gone = |text: &str| text.contains("guest") && !text.contains("shy");
        self.ledger.until("and nothing of it is here", &self.admin.clone(), &["models"], SETTLED, gone).await;
        Ok(())
    }

    /// A controller that takes no tokens of the broker: an empty model there has to move.
    pub(super) async fn adopt(&mut self) -> Result<()> {
        let ctl = self.beside_a_stranger().await?;
        let direct = self.direct.clone();
        let add = ["add-model", "-c", "c3", "inn", "--no-switch"];
        self.ledger.run("add-model inn (beside the broker)", &direct, &add, &[]).await;
        let users = self.users("users.yaml", &format!("admin: {ADMIN}\ncarol: {CAROL}\n"))?;
        let look = ["adopt", "c3", "inn", "--user-mapping", &users, "--local", "-c", NAME];
        self.ledger.run("adopt looks", &ctl, &look, &["inn", "way: move"]).await;
        let ca = self.world.ca.display().to_string();
        let apply = [&look[..], &["--backing-controller", "c1", "--ca-cert", &ca, "--apply"]].concat();
        self.ledger.run("adopt --apply", &ctl, &apply, &["inn"]).await;
        self.is_at(&ctl, "inn", "c1").await
    }

    /// `jimmctl` with a client store that knows the broker and the controllers, a third among them.
    async fn beside_a_stranger(&mut self) -> Result<Actor> {
        let started = Instant::now();
        let stranger = self.world.rig.stranger().map(drop);
        let direct = self.direct.clone();
        self.ledger.fact("a controller that has never heard of the broker", &direct, started, stranger);
        self.world.login(&mut self.ledger, &direct, ADMIN).await;
        Ok(World::jimmctl(&direct))
    }

    async fn is_at(&mut self, ctl: &Actor, model: &str, controller: &str) -> Result<()> {
        let started = Instant::now();
        let home = self.home_of(&format!("{ADMIN}/{model}")).await?;
        let there = if home == controller { Ok(()) } else { Err(anyhow::anyhow!("it is on {home}")) };
        self.ledger.fact(&format!("{model} is recorded on {controller}"), ctl, started, there);
        Ok(())
    }

    fn users(&self, name: &str, text: &str) -> Result<String> {
        let file = self.world.layout.at(name);
        process::write_whole(&file, text)?;
        Ok(file.display().to_string())
    }
}
