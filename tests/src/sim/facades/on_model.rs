//! The small facades: model config, annotations, blocks, storage, machines, upgrades.

use serde_json::{Map, Value, json};

use super::super::fault::{Result, items, results, text};
use super::{Call, model_manager};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    match (call.facade, call.method) {
        ("ModelConfig", _) => config(call),
        ("ModelUpgrader", "UpgradeModel") => {
            let model = model_manager::find(call, text(call.params, "model-tag"), "admin")?;
            let target = text(call.params, "target-version").to_owned();
            let chosen = if target.is_empty() { model.agent_version } else { target };
            call.shared.change(|world| {
                if let Some(model) = world.models.get_mut(&model.uuid) {
                    model.agent_version.clone_from(&chosen);
                }
            });
            Ok(json!({"chosen-version": chosen}))
        }
        ("ModelUpgrader", "AbortModelUpgrade") => Ok(json!({})),
        ("Annotations", "Get") => Ok(results(call.tags(), |tag| Ok(json!({"entity": tag, "annotations": {}})))),
        ("Annotations", "Set") => Ok(results(items(call.params, "annotations"), |_| Ok(json!({})))),
        // Nothing of this is simulated: clients are told that there is none of it.
        ("Block", "List")
        | ("Action", "ApplicationsCharmsActions")
        | ("Secrets", "ListSecrets")
        | ("Subnets", "ListSubnets") => Ok(json!({"results": []})),
        ("Action", "ListOperations") => Ok(json!({"operations": [], "truncated": false})),
        ("Spaces", "ListSpaces") => Ok(json!({"results": [{"id": "0", "name": "alpha", "subnets": []}]})),
        ("Storage", "ListFilesystems" | "ListVolumes" | "ListStorageDetails") | ("KeyManager", "ListKeys") => {
            Ok(json!({"results": [{"result": []}]}))
        }
        ("Resources", "ListResources") => Ok(results(call.tags(), |_| Ok(json!({})))),
        ("HighAvailability", "ControllerDetails") if call.version >= 3 => {
            Ok(json!({"results": [{"controller-id": "0", "api-addresses": [call.shared.address.to_string()]}]}))
        }
        ("SSHClient", "Proxy") => Ok(json!({"use-proxy": false})),
        ("MachineManager", "AddMachines") => {
            call.caller.need_model(call.shared, call.model()?, "write")?;
            Ok(
                json!({"machines": items(call.params, "params").iter().map(|_| json!({"machine": "0"})).collect::<Vec<_>>()}),
            )
        }
        _ => Err(call.unknown()),
    }
}

/// On a controller connection the controller's own model is meant.
fn config(call: &Call<'_>) -> Result<Value> {
    let own = || call.shared.world().models.values().find(|m| m.is_controller).map(|m| m.uuid);
    let uuid = call.state.model.or_else(own).unwrap_or_default();
    let level = if call.method.starts_with("Set") || call.method.starts_with("Model") && call.method != "ModelGet" {
        "write"
    } else {
        "read"
    };
    call.caller.need_model(call.shared, uuid, level)?;
    match call.method {
        "ModelGet" => {
            let config = call.shared.world().models.get(&uuid).map(|m| m.config.clone()).unwrap_or_default();
            let config: Map<String, Value> =
                config.into_iter().map(|(k, v)| (k, json!({"value": v, "source": "model"}))).collect();
            Ok(json!({"config": config}))
        }
        "ModelSet" => {
            let set = call.params["config"].as_object().cloned().unwrap_or_default();
            model_manager::edit(call.shared, uuid, |m| m.config.extend(set));
            Ok(json!({}))
        }
        "ModelUnset" => {
            let keys: Vec<String> =
                items(call.params, "keys").iter().filter_map(|k| k.as_str().map(str::to_owned)).collect();
            model_manager::edit(call.shared, uuid, |m| m.config.retain(|k, _| !keys.contains(k)));
            Ok(json!({}))
        }
        "GetModelConstraints" => Ok(json!({"constraints": {}})),
        "SetModelConstraints" => Ok(json!({})),
        "Sequences" => Ok(json!({"sequences": {}})),
        "GetModelSecretBackend" if call.version >= 4 => Ok(json!({"result": "auto"})),
        _ => Err(call.unknown()),
    }
}
