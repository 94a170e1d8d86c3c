//! The watchers of 3.6 that tell everything of a model, or of all models, as deltas. A 4.x controller has none.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::fault::{Fault, Result};
use super::super::world::{Model, World};
use super::Call;

/// What a watcher has told so far: kind and key to the entity.
pub(in super::super) type Told = BTreeMap<(&'static str, String), Value>;

/// `AllWatcher`, `AllModelWatcher` and `ModelSummaryWatcher`.
pub(super) async fn call(call: &Call<'_>) -> Result<Value> {
    let missing = || Fault::not_found("unknown watcher id");
    match call.method {
        "Next" => {
            // Told before the look, so that no change falls between look and wait.
            let mut changes = call.shared.changes();
            loop {
                let now = look(call);
                let before = call.state.told(call.id, now.clone()).ok_or_else(missing)?;
                let deltas = deltas(&before, &now);
                if !deltas.is_empty() {
                    return Ok(match call.facade {
                        "ModelSummaryWatcher" => json!({"models": summaries(deltas)}),
                        _ => json!({"deltas": deltas}),
                    });
                }
                changes.changed().await.map_err(|_| Fault::new("watcher stopped", "stopped"))?;
            }
        }
        "Stop" => call.state.stop_watcher(call.id).map(|()| json!({})).ok_or_else(missing),
        _ => Err(call.unknown()),
    }
}

fn look(call: &Call<'_>) -> Told {
    let world: World = call.shared.world().clone();
    let mut told = Told::new();
    for model in world.models.values() {
        let wanted = match call.state.model {
            Some(uuid) => model.uuid == uuid,
            None => call.caller.need_model(call.shared, model.uuid, "read").is_ok(),
        };
        if wanted {
            describe(call, model, &mut told);
        }
    }
    told
}

fn describe(call: &Call<'_>, model: &Model, told: &mut Told) {
    let uuid = model.uuid;
    let status = |current: &str| json!({"current": current, "message": "", "version": "", "data": {}});
    let config = &model.config;
    told.insert(("model", uuid.to_string()), json!({
        "model-uuid": uuid, "name": model.name, "life": model.life, "owner": model.owner, "controller-uuid": call.shared.uuid,
        "is-controller": model.is_controller, "config": config, "status": status("available"), "constraints": {},
        "sla": {"level": "unsupported", "owner": ""}, "type": model.kind, "cloud": model.cloud, "cloud-region": model.region,
        "version": model.agent_version,
    }));
    if call.facade == "ModelSummaryWatcher" {
        let units: usize = model.applications.values().map(|app| app.units.len()).sum();
        let size = json!({"machines": units, "applications": model.applications.len(), "units": units});
        if let Some(entity) = told.get_mut(&("model", uuid.to_string())) {
            entity["size"] = size;
        }
        return;
    }
    let mut machine = 0;
    for (name, app) in &model.applications {
        told.insert(("application", format!("{uuid}:{name}")), json!({
            "model-uuid": uuid, "name": name, "exposed": app.exposed, "charm-url": app.charm_url, "owner-tag": format!("user-{}", model.owner),
            "life": "alive", "min-units": 0, "constraints": {}, "config": app.config, "subordinate": false, "status": status("active"),
            "workload-version": "",
        }));
        for number in &app.units {
            told.insert(("machine", format!("{uuid}:{machine}")), json!({
                "model-uuid": uuid, "id": machine.to_string(), "instance-id": format!("juju-{machine}"), "agent-status": status("started"),
                "instance-status": status("running"), "life": "alive", "base": "ubuntu@24.04", "container-type": "", "supported-containers": [],
                "supported-containers-known": true, "jobs": ["JobHostUnits"], "addresses": [], "has-vote": false, "wants-vote": false,
            }));
            told.insert(("unit", format!("{uuid}:{name}/{number}")), json!({
                "model-uuid": uuid, "name": format!("{name}/{number}"), "application": name, "base": "ubuntu@24.04", "charm-url": app.charm_url,
                "life": "alive", "public-address": "10.0.0.1", "private-address": "10.0.0.1", "machine-id": machine.to_string(), "ports": [],
                "port-ranges": [], "principal": "", "subordinate": false, "workload-status": status("active"), "agent-status": status("idle"),
            }));
            machine += 1;
        }
    }
    for (id, relation) in model.relations.iter().enumerate() {
        let one = |(application, name, role)| json!({"application-name": application, "relation": charm_relation(name, role)});
        let key: Vec<String> = ends(relation).map(|(application, name, _)| format!("{application}:{name}")).collect();
        told.insert(("relation", format!("{uuid}:{id}")), json!({
            "model-uuid": uuid, "key": key.join(" "), "id": id, "endpoints": ends(relation).map(one).collect::<Vec<_>>(),
        }));
    }
    for (name, offer) in &model.offers {
        told.insert(("applicationOffer", format!("{uuid}:{name}")), json!({
            "model-uuid": uuid, "offer-name": name, "offer-uuid": offer.uuid, "application-name": offer.application, "charm-name": "",
            "total-connected-count": 0, "active-connected-count": 0,
        }));
    }
}

fn deltas(before: &Told, now: &Told) -> Vec<Value> {
    let changed = now.iter().filter(|(key, entity)| before.get(*key) != Some(*entity));
    let mut deltas: Vec<Value> = changed.map(|((kind, _), entity)| json!([kind, "change", entity])).collect();
    let removed = before.iter().filter(|(key, _)| !now.contains_key(*key));
    deltas.extend(removed.map(|((kind, _), entity)| json!([kind, "remove", entity])));
    deltas
}

fn summaries(deltas: Vec<Value>) -> Vec<Value> {
    let one = |delta: Value| {
        let entity = &delta[2];
        let removed = delta[1] == "remove";
        json!({"uuid": entity["model-uuid"], "removed": removed, "controller": "", "name": entity["name"], "admins": [entity["owner"]],
               "cloud": entity["cloud"], "region": entity["cloud-region"], "credential": "", "size": entity["size"], "status": "green"})
    };
    deltas.into_iter().map(one).collect()
}

/// A new watcher for who may read what it tells.
pub(super) fn watch(call: &Call<'_>) -> Result<Value> {
    match call.state.model {
        Some(uuid) => call.caller.need_model(call.shared, uuid, "read")?,
        None if call.method == "WatchModelSummaries" => {}
        None => call.caller.need_superuser(call.shared)?,
    }
    Ok(json!({"watcher-id": call.state.new_watcher()}))
}

/// The ends of a relation: application, endpoint, role.
pub(super) fn ends(relation: &[String]) -> impl Iterator<Item = (&str, &str, &'static str)> {
    let named = relation.iter().map(|end| end.split_once(':').unwrap_or((end, "db")));
    named.zip(["requirer", "provider"]).map(|((application, name), role)| (application, name, role))
}

/// An end as its charm describes it.
pub(super) fn charm_relation(name: &str, role: &str) -> Value {
    json!({"name": name, "role": role, "interface": "db", "optional": false, "limit": 0, "scope": "global"})
}

/// Relations as the full status tells them.
pub(super) fn relations(model: &Model, status: &Value) -> Vec<Value> {
    let one = |(id, relation): (usize, &Vec<String>)| {
        let key: Vec<String> = ends(relation).map(|(app, name, _)| format!("{app}:{name}")).collect();
        let ends: Vec<Value> = ends(relation)
            .map(|(app, name, role)| json!({"application": app, "name": name, "role": role, "subordinate": false}))
            .collect();
        json!({"id": id, "key": key.join(" "), "interface": "db", "scope": "global", "endpoints": ends, "status": status})
    };
    model.relations.iter().enumerate().map(one).collect()
}
