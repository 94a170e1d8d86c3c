//! `Client`: the full status.

use serde_json::{Map, Value, json};

use super::super::fault::{Fault, Result, text};
use super::super::world::Model;
use super::{Call, watchers};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    let uuid = call.model()?;
    call.caller.need_model(call.shared, uuid, "read")?;
    match call.method {
        "FullStatus" => {
            let model = call.shared.world().models.get(&uuid).cloned();
            Ok(full(call, &model.ok_or_else(|| Fault::new("model not found", "model not found"))?))
        }
        "StatusHistory" => Ok(json!({"results": []})),
        "WatchAll" if !call.shared.shape().is_4() => watchers::watch(call),
        _ => Err(call.unknown()),
    }
}

fn detailed(call: &Call<'_>, status: &str) -> Value {
    json!({"status": status, "info": "", "data": {}, "since": call.shared.began, "kind": "", "version": call.shared.version, "life": "alive"})
}

fn full(call: &Call<'_>, model: &Model) -> Value {
    let base = json!({"name": "ubuntu", "channel": "24.04/stable"});
    let trouble = call.shared.failures.is_on("agents-down");
    // The agents of a model that has moved report elsewhere, those that were left behind here.
    let moved = model.migration.as_ref().is_some_and(|it| it.end.is_some() && it.phase != "ABORTDONE");
    let agent = |well: &str, ill: &str, silent: bool| detailed(call, if trouble || silent { ill } else { well });
    let behind = call.shared.failures.is_on("units-behind");
    let mut machines = Map::new();
    let mut applications = Map::new();
    let workload = if call.shared.failures.is_on("units-in-error") { "error" } else { "active" };
    for (name, app) in &model.applications {
        let mut units = Map::new();
        for number in &app.units {
            let machine = machines.len().to_string();
            units.insert(format!("{name}/{number}"), json!({
                "agent-status": agent("idle", "lost", moved != behind), "workload-status": detailed(call, workload), "workload-version": "", "machine": machine,
                "opened-ports": [], "public-address": "10.0.0.1", "charm": app.charm_url, "subordinates": null, "leader": *number == 0,
            }));
            machines.insert(machine.clone(), json!({
                "agent-status": agent("started", "down", moved), "instance-status": detailed(call, "running"), "modification-status": detailed(call, "idle"),
                "dns-name": "10.0.0.1", "ip-addresses": ["10.0.0.1"], "instance-id": format!("juju-{machine}"), "display-name": "", "base": base,
                "id": machine, "containers": {}, "constraints": "", "hardware": "arch=amd64 cores=2 mem=2048M", "jobs": ["host-units"],
                "has-vote": false, "wants-vote": false,
            }));
        }
        applications.insert(name.clone(), json!({
            "charm": app.charm_url, "charm-version": "", "charm-profile": "", "charm-rev": 0, "base": base, "exposed": app.exposed, "life": if trouble { "dying" } else { "alive" },
            "relations": {}, "can-upgrade-to": "", "subordinate-to": [], "units": units, "status": detailed(call, "active"), "workload-version": "",
            "endpoint-bindings": {"": "alpha"}, "public-address": "",
        }));
    }
    let offers: Map<String, Value> = model
        .offers
        .iter()
        .map(|(name, o)| (name.clone(), json!({"offer-name": name, "application-name": o.application, "charm": "", "endpoints": {}, "active-connected-count": 0, "total-connected-count": 0})))
        .collect();
    let remote: Map<String, Value> = model
        .consumed
        .iter()
        .map(|(name, arg)| {
            let mut status = detailed(call, arg["status"]["status"].as_str().unwrap_or("active"));
            status["info"] = json!(text(&arg["status"], "info"));
            let offer = json!({"offer-url": arg["offer-url"], "offer-name": arg["offer-name"], "endpoints": arg["endpoints"], "life": "alive",
                               "relations": {}, "status": status});
            (name.clone(), offer)
        })
        .collect();
    json!({
        "model": {
            "name": model.name, "type": model.kind, "cloud-tag": format!("cloud-{}", model.cloud), "region": model.region, "version": model.agent_version,
            "available-version": "", "model-status": detailed(call, "available"), "meter-status": {"color": "", "message": ""}, "sla": "unsupported",
        },
        "machines": machines, "applications": applications, "remote-applications": remote, "offers": offers, "relations": watchers::relations(model, &detailed(call, "joined")),
        "controller-timestamp": call.shared.now(), "branches": {},
    })
}
