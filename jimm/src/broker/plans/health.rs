//! Whether a model is as well as it was: its status in short, before and after, and what got worse. The comparison does
//! no I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use jimm_proto::params::status::{DetailedStatus, FullStatus, MachineStatus, StatusParams};
use jimm_store::models::Model;
use jimm_store::offers;
use serde::{Deserialize, Serialize};

use crate::broker::Broker;
use crate::broker::offers::life::url_there;
use crate::controllers::Facade;
use crate::error::Result;

const CLIENT: Facade = ("Client", &[6, 7, 8]);
/// How long a controller may take to tell the status of a model.
const ASK: Duration = Duration::from_secs(30);
/// Things that got worse that are told of one model.
const TOLD: usize = 50;

/// A model's status in short: what it is about, and its word.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Health {
    /// `unit shop/0` to `active`.
    words: BTreeMap<String, String>,
    /// What agents run, each version once.
    agents: BTreeMap<String, u32>,
    /// What the model runs.
    version: String,
}

impl Broker {
    /// How a model is, as its controller tells.
    pub(super) async fn health(&self, model: &Model) -> Result<Health> {
        let slot = self.slot(model.controller_uuid).await?;
        let session = slot.connect_model_as_service(model.uuid).await?;
        let params = StatusParams::default();
        let status: Result<FullStatus> = session.call(CLIENT, "FullStatus", &params, ASK).await;
        session.connection().close();
        let mut health = Health::of(&status?);
        let rows = offers::of_model(&mut *self.store.acquire().await?, model.uuid).await?;
        if !rows.is_empty() {
            let told = self.ask_offers(model.controller_uuid, rows.iter().map(url_there).collect()).await?;
            for (row, told) in rows.iter().zip(told) {
                let word = if told.is_ok() { "consumable" } else { "missing" };
                health.words.insert(format!("offer {}", row.name), word.to_owned());
            }
        }
        Ok(health)
    }
}

impl Health {
    fn of(status: &FullStatus) -> Self {
        let mut health = Self { version: status.model.version.clone(), ..Self::default() };
        for (name, machine) in &status.machines {
            health.add_machine(name, machine);
        }
        for (name, application) in &status.applications {
            health.add(format!("application {name}"), &application.status.status);
            for (unit, status) in &application.units {
                health.add(format!("unit {unit}"), &status.workload_status.status);
                health.add_agent(&format!("agent of unit {unit}"), &status.agent_status);
            }
        }
        for relation in &status.relations {
            health.add(format!("relation {}", relation.key), &relation.status.status);
        }
        for (name, remote) in &status.remote_applications {
            health.add(format!("saas {name}"), &remote.status.status);
        }
        for (name, offer) in &status.offers {
            health.add(format!("connections of offer {name}"), &offer.total_connected_count.to_string());
        }
        health
    }

    fn add(&mut self, what: String, word: &str) {
        self.words.insert(what, word.to_owned());
    }

    fn add_agent(&mut self, what: &str, status: &DetailedStatus) {
        self.add(what.to_owned(), &status.status);
        if !status.version.is_empty() {
            *self.agents.entry(status.version.clone()).or_default() += 1;
        }
    }

    fn add_machine(&mut self, name: &str, machine: &MachineStatus) {
        self.add(format!("machine {name}"), &machine.instance_status.status);
        self.add_agent(&format!("agent of machine {name}"), &machine.agent_status);
        for (name, container) in &machine.containers {
            self.add_machine(name, container);
        }
    }

    /// What is worse now than it was, and what does not run the version yet.
    pub(super) fn worse_than(&self, before: &Self, version: &str) -> Vec<String> {
        let mut worse = Vec::new();
        if self.version != version {
            worse.push(format!("the model runs {}, and not {version}", self.version));
        }
        for (other, agents) in self.agents.iter().filter(|(it, _)| *it != version) {
            worse.push(format!("{agents} agents run {other}, and not {version}"));
        }
        for (what, was) in &before.words {
            let Some(is) = self.words.get(what) else {
                worse.push(format!("{what}: was {was}, and is gone"));
                continue;
            };
            let worse_count = match (was.parse::<i64>(), is.parse::<i64>()) {
                (Ok(was), Ok(is)) => is < was,
                _ => rank(is) > rank(was),
            };
            if worse_count {
                worse.push(format!("{what}: was {was}, and is {is}"));
            }
        }
        let new = |(what, is): &(&String, &String)| !before.words.contains_key(*what) && rank(is) > 1;
        worse.extend(self.words.iter().filter(new).map(|(what, is)| format!("{what}: was not there, and is {is}")));
        worse.truncate(TOLD);
        worse
    }
}

/// How bad a word is: well, on its way, needs somebody, broken.
fn rank(word: &str) -> u8 {
    match word {
        "active" | "idle" | "started" | "running" | "joined" | "available" | "consumable" | "applied" => 0,
        "executing" | "maintenance" | "waiting" | "allocating" | "pending" | "joining" | "rebooting"
        | "provisioning" | "" => 1,
        "error" | "failed" | "lost" | "down" | "missing" | "stopped" | "terminated" | "broken" | "suspended"
        | "provisioning error" | "crashed" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(words: &[(&str, &str)]) -> Health {
        let words = words.iter().map(|(what, word)| ((*what).to_owned(), (*word).to_owned())).collect();
        Health { words, version: "4.1.0".to_owned(), ..Health::default() }
    }

    #[test]
    fn what_got_worse_is_told_and_nothing_else() {
        let before = health(&[
            ("unit a/0", "active"),
            ("unit b/0", "blocked"),
            ("unit c/0", "error"),
            ("relation x", "joined"),
            ("connections of offer o", "2"),
            ("machine 0", "running"),
        ]);
        let now = health(&[
            ("unit a/0", "error"),
            ("unit b/0", "active"),
            ("unit c/0", "error"),
            ("relation x", "joining"),
            ("connections of offer o", "1"),
            ("unit d/0", "lost"),
            ("unit e/0", "waiting"),
        ]);
        assert_eq!(
            now.worse_than(&before, "4.1.0"),
            [
                "connections of offer o: was 2, and is 1",
                "machine 0: was running, and is gone",
                "relation x: was joined, and is joining",
                "unit a/0: was active, and is error",
                "unit d/0: was not there, and is lost"
            ]
        );
        assert!(before.worse_than(&before, "4.1.0").is_empty());
    }

    #[test]
    fn agents_have_to_run_the_version() {
        let mut now = health(&[]);
        now.agents = BTreeMap::from([("4.1.0".to_owned(), 3), ("3.6.11".to_owned(), 2)]);
        assert_eq!(now.worse_than(&Health::default(), "4.1.0"), ["2 agents run 3.6.11, and not 4.1.0"]);
        now.agents.clear();
        assert_eq!(now.worse_than(&Health::default(), "4.1.1"), ["the model runs 4.1.0, and not 4.1.1"]);
    }
}
