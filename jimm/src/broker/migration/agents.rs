//! Whether the agents of a model report to its new controller after a move. Most come within seconds. Some never do: a
//! machine's agent that is quicker than the unit's starts the unit anew with the old controller's address, and the unit works
//! on the copy there (seen with real 4.1 controllers; Juju's issues 18618, 21820 and 22060). Only somebody at the machine can mend
//! that: the broker tells whose agents they are, and asks again until they are there.

use std::collections::BTreeSet;
use std::time::Duration;

use jimm_proto::params::status::{DetailedStatus, FullStatus, MachineStatus, UnitStatus};
use jimm_store::aftercare::Claim;
use jimm_store::events::Code;
use jimm_store::models;
use serde_json::json;
use uuid::Uuid;

use super::aftercare::Verdict;
use super::facts::ASK;
use super::offers::CLIENT;
use crate::broker::Broker;
use crate::error::{Error, Result};

/// All report.
const OK: &str = "ok";
/// Some do not.
const LOST: &str = "lost";
/// The broker no longer has the model.
const GONE: &str = "gone";
/// The model is on another controller meanwhile.
const MOVED_ON: &str = "moved-on";
/// The look after which those that are not there are said to be lost: two minutes after the switch.
const LATE: i32 = 4;
/// The same in the time that passes before the first look.
const LATE_IN_TIMES: u32 = 8;
/// Agents that are named; the others are counted.
const NAMED: usize = 20;
const HINT: &str = "see \"Agents that stay behind\" in the guide on moving models";

/// The agents of a model that has moved.
#[derive(Debug, Default, PartialEq)]
pub(in crate::broker) struct Agents {
    count: usize,
    /// Those that the target does not hear of.
    silent: BTreeSet<String>,
    /// Those of them that the source hears of.
    behind: BTreeSet<String>,
}

impl Broker {
    /// Asks the target once.
    pub(super) async fn look_for_agents(&self, claim: &Claim) -> Verdict {
        let (source, target) = (&claim.source_name, &claim.target_name);
        let home = async {
            let row = models::get(&mut *self.store.acquire().await?, claim.model).await?;
            Ok::<_, Error>(row.map(|row| row.controller_uuid))
        };
        match home.await {
            Ok(Some(home)) if home == claim.target => {}
            Ok(Some(_)) => return Verdict::done(MOVED_ON, format!("the model is no longer on controller {target}")),
            Ok(None) => return Verdict::done(GONE, "the broker no longer has the model"),
            Err(e) => return Verdict::again(e.message()),
        }
        match self.agents_after_move(claim.model, Some(claim.source), claim.target).await {
            Ok(agents) => verdict_on(claim, agents.missed(Some(source), target), agents.count),
            // What was said of them before stays said.
            Err(e) => Verdict::so_far(
                if claim.outcome == LOST { LOST } else { "" },
                format!("controller {target} does not tell of the agents: {}", e.message()),
            ),
        }
    }

    /// Whose agents the target hears of, and of the others those that the source hears of, if it can be asked.
    pub(in crate::broker) async fn agents_after_move(
        &self,
        model: Uuid,
        source: Option<Uuid>,
        target: Uuid,
    ) -> Result<Agents> {
        let (heard, silent) = by_hearing(&self.plain_status(target, model).await?);
        let mut agents = Agents { count: heard.len() + silent.len(), silent, behind: BTreeSet::new() };
        if !agents.silent.is_empty()
            && let Some(source) = source
            && let Ok(copy) = self.plain_status(source, model).await
        {
            agents.behind = by_hearing(&copy).0.intersection(&agents.silent).cloned().collect();
        }
        Ok(agents)
    }

    /// How long after its arrival a model's agents should be there.
    pub(in crate::broker) fn time_until_agents_are_late(&self) -> Duration {
        self.time_for_agents() * LATE_IN_TIMES
    }

    async fn plain_status(&self, host: Uuid, model: Uuid) -> Result<FullStatus> {
        let session = self.slot(host).await?.connect_model_as_service(model).await?;
        let status = session.call(CLIENT, "FullStatus", &json!({"patterns": null}), ASK).await;
        session.connection().close();
        status
    }
}

impl Agents {
    /// Who is missed at the target, for people; `None` when nobody is.
    pub(in crate::broker) fn missed(&self, source: Option<&str>, target: &str) -> Option<String> {
        let Self { count, silent, behind } = self;
        if silent.is_empty() {
            return None;
        }
        let missed =
            format!("{} of {count} agents do not report to controller {target}: {}", silent.len(), named(silent));
        Some(match source {
            Some(source) if !behind.is_empty() => {
                format!("{missed}; still at work for the copy on controller {source}: {}; {HINT}", named(behind))
            }
            _ => format!("{missed}; if their machines run, {HINT}"),
        })
    }
}

fn verdict_on(claim: &Claim, missed: Option<String>, count: usize) -> Verdict {
    let Some(message) = missed else {
        let all = format!("all {count} report to controller {}", claim.target_name);
        return Verdict::done(OK, if count == 0 { "there are none".to_owned() } else { all });
    };
    if claim.tries < LATE {
        return Verdict::again(message);
    }
    let event = (claim.outcome != LOST).then_some(Code::MIGRATION_AGENTS_LOST);
    Verdict { event, ..Verdict::so_far(LOST, message) }
}

/// The agents that a controller hears of, and those that it does not.
fn by_hearing(status: &FullStatus) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut all = Vec::new();
    for (name, machine) in &status.machines {
        add_machine(&mut all, name, machine);
    }
    for (name, unit) in status.applications.values().flat_map(|application| &application.units) {
        add_unit(&mut all, name, unit);
    }
    // Juju's words for an agent that it does not hear of.
    let is_silent = |(_, agent): &(String, &DetailedStatus)| ["lost", "down"].contains(&agent.status.as_str());
    let (silent, heard): (Vec<_>, Vec<_>) = all.into_iter().partition(is_silent);
    let names = |of: Vec<(String, &DetailedStatus)>| of.into_iter().map(|(name, _)| name).collect();
    (names(heard), names(silent))
}

fn add_machine<'a>(all: &mut Vec<(String, &'a DetailedStatus)>, name: &str, machine: &'a MachineStatus) {
    all.push((format!("machine {name}"), &machine.agent_status));
    for (name, container) in &machine.containers {
        add_machine(all, name, container);
    }
}

fn add_unit<'a>(all: &mut Vec<(String, &'a DetailedStatus)>, name: &str, unit: &'a UnitStatus) {
    all.push((format!("unit {name}"), &unit.agent_status));
    for (name, subordinate) in &unit.subordinates {
        add_unit(all, name, subordinate);
    }
}

fn named(whose: &BTreeSet<String>) -> String {
    let more = whose.len().saturating_sub(NAMED);
    let names = whose.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_is_heard_of_or_missed() {
        let status: FullStatus = serde_json::from_value(json!({
            "machines": {
                "0": {"agent-status": {"status": "down"}, "containers": {"0/lxd/0": {"agent-status": {"status": "started"}}}},
                "1": {"agent-status": {"status": "pending"}}},
            "applications": {"pg": {"units": {
                "pg/0": {"agent-status": {"status": "lost"}, "subordinates": {"log/0": {"agent-status": {"status": "lost"}}}},
                "pg/1": {"agent-status": {"status": "executing"}}}}},
        }))
        .unwrap();
        let (heard, silent) = by_hearing(&status);
        assert_eq!(Vec::from_iter(heard), ["machine 0/lxd/0", "machine 1", "unit pg/1"]);
        assert_eq!(Vec::from_iter(&silent), ["machine 0", "unit log/0", "unit pg/0"]);
        let behind = BTreeSet::from(["unit pg/0".to_owned()]);
        let agents = Agents { count: 6, silent, behind };
        let told = agents.missed(Some("old"), "new").unwrap();
        let named = "3 of 6 agents do not report to controller new: machine 0, unit log/0, unit pg/0; still at work for the copy on \
                     controller old: unit pg/0; see";
        assert!(told.starts_with(named), "{told}");
        assert_eq!(Agents { count: 6, ..Agents::default() }.missed(Some("old"), "new"), None);
    }

    #[test]
    fn of_many_some_are_named() {
        let many = (10..50).map(|number| format!("unit pg/{number}")).collect();
        assert!(named(&many).ends_with("unit pg/29 and 20 more"), "{}", named(&many));
    }
}
