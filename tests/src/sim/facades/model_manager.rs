//! `ModelManager`, in the shapes of both generations.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::access::Caller;
use super::super::controller::{Shape, Shared, new_model};
use super::super::fault::{Fault, Result, items, results, text};
use super::super::world::Model;
use super::{Call, model_uuid};

/// From this version on models have qualifiers in place of owner tags.
const QUALIFIERS: u32 = 11;

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    match call.method {
        "CreateModel" => create(call),
        "ModelInfo" => Ok(results(call.tags(), |tag| {
            let model = find(call, &tag, "read").map_err(|_| Fault::denied())?;
            if is_hidden(call, &model) {
                return Err(Fault::not_found(format!("model \"{}\" does not exist", model.uuid)));
            }
            Ok(json!({"result": info(call, &model)}))
        })),
        "ListModels" => {
            let models: Vec<Value> = visible(call, false)
                .iter()
                .map(|m| json!({"model": short(call.version, m), "last-connection": null}))
                .collect();
            Ok(json!({"user-models": models}))
        }
        "ListModelSummaries" => {
            let all = call.params.get("all").and_then(Value::as_bool).unwrap_or_default();
            let models: Vec<Value> = visible(call, all).iter().map(|m| json!({"result": summary(call, m)})).collect();
            Ok(json!({"results": models}))
        }
        "ModelStatus" => Ok(statuses(call)),
        "DestroyModels" => Ok(results(items(call.params, "models"), |spec| destroy(call, text(spec, "model-tag")))),
        "ModifyModelAccess" => Ok(results(items(call.params, "changes"), |change| modify_access(call, change))),
        "ChangeModelCredential" => Ok(results(items(call.params, "model-credentials"), |change| {
            let model = find(call, text(change, "model-tag"), "admin")?;
            let credential = text(change, "credential-tag").to_owned();
            edit(call.shared, model.uuid, |m| m.credential = credential);
            Ok(json!({}))
        })),
        "ModelDefaultsForClouds" => {
            Ok(results(call.tags(), |_| Ok(json!({"config": {"logging-config": {"default": "<root>=INFO"}}}))))
        }
        "SetModelDefaults" => Ok(results(items(call.params, "config"), |_| Ok(json!({})))),
        "UnsetModelDefaults" => Ok(results(items(call.params, "keys"), |_| Ok(json!({})))),
        "DumpModels" => Ok(results(call.tags(), |tag| {
            let model = find(call, &tag, "admin")?;
            Ok(json!({"result": format!("model: {}\nowner: {}\n", model.name, model.owner)}))
        })),
        "DumpModelsDB" => Ok(results(call.tags(), |tag| {
            let model = find(call, &tag, "admin")?;
            Ok(json!({"result": {"models": {"name": model.name}}}))
        })),
        _ => Err(call.unknown()),
    }
}

pub(super) fn find(call: &Call<'_>, tag: &str, level: &str) -> Result<Model> {
    let uuid = model_uuid(tag)?;
    let model = call.shared.world().models.get(&uuid).cloned();
    let model = model.ok_or_else(|| Fault::not_found(format!("model {uuid:?} not found")))?;
    call.caller.need_model(call.shared, uuid, level)?;
    Ok(model)
}

pub(in super::super) fn edit(shared: &Shared, uuid: Uuid, change: impl FnOnce(&mut Model)) {
    shared.change(|world| world.models.get_mut(&uuid).map(change));
}

pub(super) fn visible(call: &Call<'_>, all: bool) -> Vec<Model> {
    let models: Vec<Model> = call.shared.world().models.values().cloned().collect();
    let superuser = call.caller.is_superuser(call.shared);
    let mine = |m: &Model| match call.caller {
        Caller::Token { .. } => !call.caller.model_access(call.shared, m.uuid).is_empty(),
        _ => m.users.contains_key(call.caller.name()),
    };
    let models = models.into_iter().filter(|m| !is_hidden(call, m));
    models.filter(|m| superuser && (all || matches!(call.caller, Caller::Local(_))) || mine(m)).collect()
}

/// Of a model that is coming in 4.1 speaks in `ModelStatus` only (measured).
fn is_hidden(call: &Call<'_>, model: &Model) -> bool {
    model.importing && call.shared.shape() == Shape::V41
}

/// The owner in the shape of the called version.
fn owned(version: u32, owner: &str) -> Map<String, Value> {
    let (key, value) =
        if version >= QUALIFIERS { ("qualifier", owner.to_owned()) } else { ("owner-tag", format!("user-{owner}")) };
    [(key.to_owned(), Value::String(value))].into_iter().collect()
}

fn with_owner(version: u32, owner: &str, body: Value) -> Value {
    let Value::Object(mut map) = body else { return body };
    map.extend(owned(version, owner));
    Value::Object(map)
}

pub(super) fn short(version: u32, model: &Model) -> Value {
    with_owner(version, &model.owner, json!({"name": model.name, "uuid": model.uuid, "type": model.kind}))
}

fn status(call: &Call<'_>, model: &Model) -> Value {
    let word = if model.importing {
        "busy"
    } else if model.life == "alive" {
        "available"
    } else {
        "destroying"
    };
    json!({"status": word, "info": "", "data": {}, "since": call.shared.began})
}

fn migration(call: &Call<'_>, model: &Model) -> Option<Value> {
    let migration = model.migration.as_ref().filter(|_| !call.shared.shape().is_4())?;
    let mut told = json!({"status": migration.status, "start": migration.start});
    if let (Some(end), Some(map)) = (migration.end, told.as_object_mut()) {
        map.insert("end".into(), json!(end));
    }
    Some(told)
}

fn common(call: &Call<'_>, model: &Model) -> Value {
    let mut body = with_owner(
        call.version,
        &model.owner,
        json!({
            "name": model.name, "uuid": model.uuid, "type": model.kind, "controller-uuid": call.shared.uuid, "is-controller": model.is_controller,
            "provider-type": "lxd", "cloud-tag": format!("cloud-{}", model.cloud), "cloud-region": model.region,
            "cloud-credential-tag": model.credential, "life": model.life, "status": status(call, model), "agent-version": model.agent_version,
        }),
    );
    if let (Some(told), Some(map)) = (migration(call, model), body.as_object_mut()) {
        map.insert("migration".into(), told);
    }
    body
}

pub(super) fn info(call: &Call<'_>, model: &Model) -> Value {
    let users: Vec<Value> = model
        .users
        .iter()
        .map(|(user, access)| json!({"model-tag": format!("model-{}", model.uuid), "user": user, "display-name": user, "last-connection": null, "access": access}))
        .collect();
    let machines: Vec<Value> = (0..machine_count(model))
        .map(|n| json!({"id": n.to_string(), "hardware": {"arch": "amd64", "cores": 2, "mem": 2048}, "instance-id": format!("juju-{n}"), "status": "started"}))
        .collect();
    let mut body = common(call, model);
    if let Some(map) = body.as_object_mut() {
        map.insert("cloud-credential-validity".into(), json!(true));
        map.insert("users".into(), json!(users));
        map.insert("machines".into(), json!(machines));
        map.insert("secret-backends".into(), json!([]));
        if !call.shared.shape().is_4() {
            map.insert("default-base".into(), json!("ubuntu@24.04/stable"));
            map.insert("sla".into(), json!({"level": "unsupported", "owner": ""}));
        }
    }
    body
}

pub(super) fn machine_count(model: &Model) -> usize {
    model.applications.values().map(|a| a.units.len()).sum()
}

fn summary(call: &Call<'_>, model: &Model) -> Value {
    let machines = machine_count(model);
    let mut body = common(call, model);
    if let Some(map) = body.as_object_mut() {
        map.insert("user-access".into(), json!(call.caller.model_access(call.shared, model.uuid)));
        map.insert("last-connection".into(), Value::Null);
        map.insert("counts".into(), json!([
            {"entity": "machines", "count": machines}, {"entity": "cores", "count": machines * 2}, {"entity": "units", "count": machines},
        ]));
    }
    body
}

fn create(call: &Call<'_>) -> Result<Value> {
    let params = call.params;
    let owner = if call.version >= QUALIFIERS {
        text(params, "qualifier")
    } else {
        text(params, "owner-tag").trim_start_matches("user-")
    };
    let cloud = match text(params, "cloud-tag").trim_start_matches("cloud-") {
        "" => call.shared.options.cloud.clone(),
        cloud => cloud.to_owned(),
    };
    call.caller.need_cloud(call.shared, &cloud, "add-model")?;
    let name = text(params, "name");
    if name.is_empty() || owner.is_empty() {
        return Err(Fault::bad("a model needs a name and an owner"));
    }
    let mut model = new_model(call.shared, Uuid::new_v4(), name, owner);
    model.cloud.clone_from(&cloud);
    if !text(params, "region").is_empty() {
        text(params, "region").clone_into(&mut model.region);
    }
    if !text(params, "credential").is_empty() {
        text(params, "credential").clone_into(&mut model.credential);
    }
    if let Some(config) = params.get("config").and_then(Value::as_object) {
        model.config.extend(config.clone());
    }
    let told = info(call, &model);
    call.shared.change(|world| {
        if !world.clouds.contains_key(&cloud) {
            return Err(Fault::not_found(format!("cloud {cloud:?} not found")));
        }
        if world.model_named(owner, name).is_some() {
            return Err(Fault::new(format!("model {name:?} for {owner} already exists"), "already exists"));
        }
        world.models.insert(model.uuid, model);
        Ok(told)
    })
}

pub(super) fn statuses(call: &Call<'_>) -> Value {
    let one = |tag: String| match find(call, &tag, "read") {
        Ok(model) => {
            let machines = machine_count(&model);
            with_owner(
                call.version,
                &model.owner,
                json!({
                    "model-tag": tag, "life": model.life, "type": model.kind, "hosted-machine-count": machines,
                    "application-count": model.applications.len(), "unit-count": machines,
                }),
            )
        }
        Err(fault) => {
            let gone = fault.0.code == "not found";
            let fault = if gone { Fault::new(fault.0.message, "model not found") } else { fault };
            json!({"model-tag": tag, "life": "", "type": "", "hosted-machine-count": 0, "application-count": 0, "unit-count": 0, "owner-tag": "", "error": fault.0})
        }
    };
    json!({"models": call.tags().into_iter().map(one).collect::<Vec<_>>()})
}

fn destroy(call: &Call<'_>, tag: &str) -> Result<Value> {
    let model = find(call, tag, "admin")?;
    edit(call.shared, model.uuid, |m| "dying".clone_into(&mut m.life));
    let shared = std::sync::Arc::clone(call.shared);
    call.shared.tasks.spawn(async move {
        tokio::time::sleep(shared.options.phase_pace).await;
        shared.change(|world| world.models.remove(&model.uuid));
    });
    Ok(json!({}))
}

fn modify_access(call: &Call<'_>, change: &Value) -> Result<Value> {
    let model = find(call, text(change, "model-tag"), "admin")?;
    let user = text(change, "user-tag").trim_start_matches("user-").to_owned();
    let access = text(change, "access").to_owned();
    let grant = text(change, "action") == "grant";
    edit(call.shared, model.uuid, |m| {
        if grant {
            m.users.insert(user, access);
        } else {
            m.users.remove(&user);
        }
    });
    Ok(json!({}))
}
