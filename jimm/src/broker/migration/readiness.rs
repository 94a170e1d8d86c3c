//! What a model's own status tells of it before a move: agents that are not ready, things that are dying, storage, how big
//! it is, what later versions of Juju do not take. Everything is named at once, where a controller stops at the first.

use jimm_proto::params::status::{ApplicationStatus, DetailedStatus, FullStatus, MachineStatus, UnitStatus};
use serde_json::{Map, Value, json};

use super::facts::{ASK, MODEL_CONFIG};
use super::offers::CLIENT;
use super::outlook::Outlook;
use crate::broker::Broker;
use crate::error::Result;

/// Troubles of one sort that are named; the others are counted.
const NAMED: usize = 20;
const WAIT: &str = "wait for it, or repair it: the source refuses to begin while it is so";

/// What was found, sorted by what to do about it.
#[derive(Debug, Default)]
struct Found {
    agents: Vec<String>,
    dying: Vec<String>,
    machines: usize,
    units: usize,
}

impl Broker {
    /// What the source tells of everything in the model.
    pub(super) async fn status_of(&self, outlook: &Outlook) -> Result<(FullStatus, Map<String, Value>)> {
        let session = self.slot(outlook.source.uuid).await?.connect_model_as_service(outlook.model.uuid).await?;
        let params = json!({"patterns": null, "include-storage": true});
        let status: Result<FullStatus> = session.call(CLIENT, "FullStatus", &params, ASK).await;
        let config: Result<Value> = session.call(MODEL_CONFIG, "ModelGet", &json!({}), ASK).await;
        session.connection().close();
        // A config that cannot be read says nothing against the move.
        let config = config.ok().and_then(|told| told.get("config").and_then(Value::as_object).cloned());
        Ok((status?, config.unwrap_or_default()))
    }
}

/// Notes what the model's status says.
pub(super) fn note_readiness(outlook: &mut Outlook, status: &FullStatus, config: &Map<String, Value>) {
    let mut found = Found::default();
    let version = status.model.version.as_str();
    for (id, machine) in &status.machines {
        look_at_machine(&mut found, id, machine, version);
    }
    for (name, application) in &status.applications {
        look_at_application(&mut found, name, application, version);
    }
    for (name, remote) in &status.remote_applications {
        if dying(&remote.life) {
            found.dying.push(format!("SAAS {name} is {}", remote.life));
        }
    }
    outlook.note_all("agents-ready", &found.agents, NAMED, WAIT);
    outlook.note_all(
        "nothing-dying",
        &found.dying,
        NAMED,
        "wait until it is gone, or remove it by force (\"juju remove-machine --force\", \"juju remove-application --force\")",
    );
    note_storage(outlook, status);
    note_later_versions(outlook, config);
    (outlook.machines, outlook.units) = (found.machines, found.units);
    outlook.note(
        "size",
        Ok(format!("{} machines, {} units, {} applications", found.machines, found.units, status.applications.len())),
    );
}

fn look_at_machine(found: &mut Found, id: &str, machine: &MachineStatus, version: &str) {
    found.machines += 1;
    let status = &machine.agent_status;
    if dying(&status.life) {
        found.dying.push(format!("machine {id} is {}", status.life));
    } else if status.status != "started" {
        found.agents.push(format!("machine {id}: its agent is {}", word(status)));
    }
    if !machine.instance_status.status.is_empty()
        && !["running", "started"].contains(&machine.instance_status.status.as_str())
    {
        found.agents.push(format!("machine {id}: it is {}", word(&machine.instance_status)));
    }
    look_at_version(found, &format!("machine {id}"), status, version);
    for (id, container) in &machine.containers {
        look_at_machine(found, id, container, version);
    }
}

fn look_at_application(found: &mut Found, name: &str, application: &ApplicationStatus, version: &str) {
    if dying(&application.life) {
        found.dying.push(format!("application {name} is {}", application.life));
    }
    for (unit, status) in &application.units {
        look_at_unit(found, unit, status, version);
    }
}

fn look_at_unit(found: &mut Found, name: &str, unit: &UnitStatus, version: &str) {
    found.units += 1;
    let agent = &unit.agent_status;
    if dying(&agent.life) || dying(&unit.workload_status.life) {
        found.dying.push(format!("unit {name} is dying"));
    } else if !["idle", "executing"].contains(&agent.status.as_str()) {
        found.agents.push(format!("unit {name}: its agent is {}", word(agent)));
    }
    look_at_version(found, &format!("unit {name}"), agent, version);
    for (name, subordinate) in &unit.subordinates {
        look_at_unit(found, name, subordinate, version);
    }
}

fn look_at_version(found: &mut Found, whose: &str, agent: &DetailedStatus, version: &str) {
    if !agent.version.is_empty() && !version.is_empty() && agent.version != version {
        found.agents.push(format!("{whose}: its agent runs {}, the model {version}", agent.version));
    }
}

fn dying(life: &str) -> bool {
    life == "dying" || life == "dead"
}

fn word(status: &DetailedStatus) -> String {
    let said = if status.info.is_empty() { String::new() } else { format!(" ({})", status.info) };
    format!("{}{said}", if status.status.is_empty() { "not known" } else { &status.status })
}

fn note_storage(outlook: &mut Outlook, status: &FullStatus) {
    let going: Vec<String> = status
        .storage
        .iter()
        .filter(|storage| dying(&storage.life))
        .map(|storage| format!("{} is {}", storage.storage_tag.replacen("storage-", "storage ", 1), storage.life))
        .collect();
    if !going.is_empty() {
        return outlook.note_all("storage", &going, NAMED, "wait until it is gone: it would not arrive whole");
    }
    let told = match (status.storage.len(), status.volumes.len() + status.filesystems.len()) {
        (0, 0) => "none that the source tells of".to_owned(),
        (storage, parts) => {
            format!(
                "{storage} storage instances on {parts} volumes and file systems: they stay in the cloud, and the target takes charge"
            )
        }
    };
    outlook.note("storage", Ok(told));
}

/// What Juju 4 refuses of a 3.6 model, in its words (read, not measured).
fn note_later_versions(outlook: &mut Outlook, config: &Map<String, Value>) {
    if !outlook.crosses_to_4() {
        return;
    }
    let value =
        |key: &str| config.get(key).map(|v| v.get("value").unwrap_or(v)).and_then(Value::as_str).unwrap_or_default();
    let mut lines = Vec::new();
    if !value("fan-config").is_empty() {
        lines.push(format!("fan-config {:?} is set", value("fan-config")));
    }
    if value("container-networking-method") == "fan" {
        lines.push("container-networking-method is \"fan\"".to_owned());
    }
    outlook.note_all(
        "fan-networking",
        &lines,
        NAMED,
        "Juju 4 does not support fan networking: change the model's config first (\"juju model-config\")",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(told: Value) -> FullStatus {
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn everything_that_is_not_ready_is_found_at_once() {
        let told = status(json!({
            "model": {"version": "3.6.11"},
            "machines": {
                "0": {"agent-status": {"status": "down", "version": "3.6.11"}, "instance-status": {"status": "running"},
                      "containers": {"0/lxd/0": {"agent-status": {"status": "pending"}}}},
                "1": {"agent-status": {"status": "started", "life": "dying"}},
                "2": {"agent-status": {"status": "started", "version": "3.6.9"}}},
            "applications": {"pg": {"life": "dying", "units": {
                "pg/0": {"agent-status": {"status": "lost", "info": "agent is not communicating"},
                         "subordinates": {"log/0": {"agent-status": {"status": "allocating"}}}},
                "pg/1": {"agent-status": {"status": "idle"}}}}},
        }));
        let mut found = Found::default();
        for (id, machine) in &told.machines {
            look_at_machine(&mut found, id, machine, "3.6.11");
        }
        for (name, application) in &told.applications {
            look_at_application(&mut found, name, application, "3.6.11");
        }
        assert_eq!(
            found.agents,
            [
                "machine 0: its agent is down",
                "machine 0/lxd/0: its agent is pending",
                "machine 2: its agent runs 3.6.9, the model 3.6.11",
                "unit pg/0: its agent is lost (agent is not communicating)",
                "unit log/0: its agent is allocating",
            ]
        );
        assert_eq!(found.dying, ["machine 1 is dying", "application pg is dying"]);
        assert_eq!((found.machines, found.units), (4, 3));
    }
}
