//! The part of the story about who one is: logins that end badly and mend themselves, rights by groups, with both clients.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::ledger::Actor;
use super::story::Story;
use super::world::{Answer, NAME, Talk};
use crate::broker::ADMIN;
use crate::process;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";
/// A login that was to last a second is over.
const OVER: Duration = Duration::from_secs(20);

impl Story<'_> {
    /// Each login that goes wrong ends with one clear line and never with a second code; the next one is good.
    pub(super) async fn logins(&mut self, by: &Actor) -> Result<()> {
        let ctl = self.ctl.clone();
        let user = ["login", "-c", NAME, "-u", BOB];
        self.goes("login -u (refused)", by, &user, Answer::Never, |talk| {
            talk.fails(0, "remove the username and try again")
        })
        .await;
        self.goes("… the session lives on", by, &["models"], Answer::Never, |talk| talk.works(0)).await;
        let login = ["login", "-c", NAME];
        self.goes("login that is broken off", by, &login, Answer::BreakOff, |talk| talk.fails(1, "enter code")).await;
        self.goes("… the session lives on", by, &["models"], Answer::Never, |talk| talk.works(0)).await;

        let subject = format!("user-{ALICE}");
        self.ledger.run("set-session-policy 1s", &ctl, &["set-session-policy", &subject, "1s"], &[]).await;
        let hers = super::world::World::jimmctl(by);
        let expired = || async {
            let output = hers.command(&["models", "-B"]).output().await.ok()?;
            String::from_utf8_lossy(&output.stderr).contains("expired").then_some(())
        };
        let started = Instant::now();
        let over = tokio::time::timeout(OVER, process::eventually("the login is over", OVER * 2, expired)).await;
        self.ledger.fact("the login is over", by, started, over.context("it goes on"));
        self.ledger.run("remove-session-policy", &ctl, &["remove-session-policy", &subject], &[]).await;
        self.goes("models, expired", by, &["models"], Answer::As(ALICE), |talk| talk.works(1)).await;

        self.ended().await;
        let wrong = "attempted login as \"bob@example.com\" for user \"alice@example.com\"";
        let what = "models, ended, bob at the browser (refused)";
        self.goes(what, by, &["models"], Answer::As(BOB), |talk| talk.fails(1, wrong)).await;
        self.goes("models, alice at the browser", by, &["models"], Answer::As(ALICE), |talk| talk.works(1)).await;
        self.ended().await;
        let refused = "login was refused at the identity provider";
        self.goes("models, refused at the provider", by, &["models"], Answer::Refuse, |talk| talk.fails(1, refused))
            .await;
        self.goes("models, agreed", by, &["models"], Answer::As(ALICE), |talk| talk.works(1)).await;

        let accounts = by.store().context("no client store")?.join("accounts.yaml");
        let known = std::fs::read_to_string(&accounts)?;
        ensure!(known.contains(ALICE), "alice is not in {}", accounts.display());
        std::fs::write(&accounts, known.replace(ALICE, BOB))?;
        let stale = "attempted login as \"alice@example.com\" for user \"bob@example.com\"";
        self.goes("models, stale name in the client store", by, &["models"], Answer::Never, |talk| {
            talk.fails(0, stale)
        })
        .await;
        self.goes("login mends it", by, &login, Answer::As(ALICE), |talk| talk.works(1)).await;
        self.goes("models", by, &["models"], Answer::Never, |talk| talk.works(0)).await;

        self.ledger.run("disable-user", &ctl, &["disable-user", ALICE], &[]).await;
        let disabled = "user alice@example.com is disabled: ask an administrator";
        self.goes("models, disabled (refused)", by, &["models"], Answer::Never, |talk| talk.fails(0, disabled)).await;
        self.goes("login, disabled (refused)", by, &login, Answer::As(ALICE), |talk| talk.fails(1, disabled)).await;
        self.ledger.run("enable-user", &ctl, &["enable-user", ALICE], &[]).await;
        self.goes("models, enabled", by, &["models"], Answer::As(ALICE), |talk| talk.works(1)).await;
        Ok(())
    }

    /// What is held through groups of groups is seen, and gone when the group is.
    pub(super) async fn by_groups(&mut self, alice: &Actor) {
        let (admin, older, ctl) = (self.admin.clone(), self.older.clone(), self.ctl.clone());
        let model = format!("{ADMIN}/shop");
        let object = format!("model-{model}");
        for args in [
            &["add-group", "devs"][..],
            &["add-group", "leads"],
            &["add-permission", "user-alice@example.com", "member", "group-devs"],
            &["add-permission", "group-leads#member", "member", "group-devs"],
            &["add-permission", "user-carol@example.com", "member", "group-leads"],
            &["add-permission", "group-devs#member", "writer", &object],
        ] {
            self.ledger.run(&args.join(" "), &ctl, args, &[]).await;
        }
        for by in [&admin, &older] {
            let users = self.ledger.run("users (of the model)", by, &["users", &model], &[ALICE, CAROL]).await;
            self.access("… alice and carol write", by, &users, &[(ADMIN, "admin"), (ALICE, "write"), (CAROL, "write")]);
            let shown = ["show-model", &model, "--format", "json"];
            let shown = self.ledger.run("show-model", by, &shown, &[ALICE, CAROL]).await;
            self.shown("… alice and carol write", by, &shown, &[(ADMIN, "admin"), (ALICE, "write"), (CAROL, "write")]);
            let users = self.ledger.run("users (of the broker)", by, &["users"], &[ALICE, CAROL]).await;
            self.access("… and who administers it", by, &users, &[(ADMIN, "superuser"), (ALICE, "login")]);
        }
        self.ledger.run("models (a member's)", alice, &["models"], &["shop", "write"]).await;
        let write = ["config", "-m", &model, "web", "title=theirs"];
        self.ledger.run("config by a member", alice, &write, &[]).await;
        self.ledger.run("config (back)", &admin, &["config", "-m", &model, "web", "title=tidy"], &[]).await;
        let shown = ["show-model", &model, "--format", "json"];
        let shown = self.ledger.run("show-model (a member's)", alice, &shown, &[ALICE]).await;
        self.shown("… others are not told", alice, &shown, &[(ALICE, "write")]);

        // What is given and taken beside the group changes nothing of what the group gives.
        for (by, verb) in [(&admin, "grant"), (&older, "grant"), (&admin, "revoke"), (&older, "revoke")] {
            let access = if verb == "grant" { "admin" } else { "read" };
            let args = [verb, ALICE, access, model.as_str()];
            self.ledger.run(&format!("{verb} {access}"), by, &args, &[]).await;
            let users = self.ledger.run("users (of the model)", by, &["users", &model], &[ALICE]).await;
            let has = if verb == "grant" { "admin" } else { "write" };
            self.access(&format!("… alice has {has}"), by, &users, &[(ALICE, has)]);
        }
        let leave = ["remove-permission", "user-alice@example.com", "member", "group-devs"];
        self.ledger.run("remove-permission (out of the group)", &ctl, &leave, &[]).await;
        self.ledger.refused("status, out of the group (refused)", alice, &["status", "-m", &model], &[]).await;
        let users = self.ledger.run("users (of the model)", &admin, &["users", &model], &[CAROL]).await;
        let started = Instant::now();
        let gone = if users.contains(ALICE) { Err(anyhow::anyhow!("alice is there:\n{users}")) } else { Ok(()) };
        self.ledger.fact("… alice is gone", &admin, started, gone);
    }

    /// Ends all of alice's logins.
    async fn ended(&mut self) {
        self.ledger.run("revoke-sessions", &self.ctl.clone(), &["revoke-sessions", ALICE], &["revoked-count"]).await;
    }

    /// A command that may ask for codes, with what has to come of it.
    pub(super) async fn goes(
        &mut self,
        what: &str,
        by: &Actor,
        args: &[&str],
        answer: Answer<'_>,
        judge: impl Fn(&Talk) -> Result<()>,
    ) {
        let started = Instant::now();
        let judged = self.world.talk(by, args, answer).await.and_then(|talk| judge(&talk));
        self.ledger.fact(what, by, started, judged);
    }

    /// The table of `juju users` gives exactly these people this access.
    fn access(&mut self, what: &str, by: &Actor, table: &str, expected: &[(&str, &str)]) {
        let is_so = |(name, access): &(&str, &str)| {
            table.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.first().is_some_and(|first| first.trim_end_matches('*') == *name) && words.get(2) == Some(access)
            })
        };
        let wrong = expected.iter().find(|pair| !is_so(pair));
        let result = wrong.map_or(Ok(()), |pair| Err(anyhow::anyhow!("{pair:?} is not in\n{table}")));
        self.ledger.fact(what, by, Instant::now(), result);
    }

    /// `juju show-model` tells of these people and, besides service accounts, of nobody else.
    fn shown(&mut self, what: &str, by: &Actor, json: &str, expected: &[(&str, &str)]) {
        let told: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        let model = told.as_object().and_then(|models| models.values().next()).cloned().unwrap_or_default();
        let mut users: Vec<(String, String)> = model["users"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, user)| (name.clone(), user["access"].as_str().unwrap_or_default().to_owned()))
            .filter(|(name, _)| !name.ends_with("@serviceaccount"))
            .collect();
        users.sort();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, access)| ((*name).to_owned(), (*access).to_owned())).collect();
        let result = if users == expected { Ok(()) } else { Err(anyhow::anyhow!("{users:?} instead of {expected:?}")) };
        self.ledger.fact(what, by, Instant::now(), result);
    }
}
