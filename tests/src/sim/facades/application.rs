//! `Application` and `Charms`: what deploying and configuring needs.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::fault::{Fault, Result, items, results, text};
use super::super::world::{Application, Model};
use super::{Call, model_manager, watchers};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    let uuid = call.model()?;
    let reads = matches!(
        call.method,
        "Get" | "CharmInfo" | "ApplicationsInfo" | "UnitsInfo" | "GetCharmURLOrigin" | "ResolveCharms"
    );
    call.caller.need_model(call.shared, uuid, if reads { "read" } else { "write" })?;
    match call.method {
        "CharmInfo" => Ok(charm_info(text(call.params, "url"))),
        "ResolveCharms" => Ok(resolve(call)),
        "ListCharmResources" => Ok(json!({"results": [[]]})),
        "AddCharm" | "AddLocalCharm" => Ok(json!({})),
        "Deploy" => Ok(results(items(call.params, "applications"), |a| deploy(call, uuid, a))),
        "DeployFromRepository" => Ok(from_repository(call, uuid)),
        "Get" => get(call, uuid),
        "SetConfigs" => Ok(results(items(call.params, "Args"), |a| set_config(call, uuid, a))),
        "Expose" | "Unexpose" => {
            let exposed = call.method == "Expose";
            with_application(call, uuid, text(call.params, "application"), |app| app.exposed = exposed)
                .map(|()| json!({}))
        }
        "AddUnits" => add_units(call, uuid),
        "AddRelation" => {
            let endpoints: Vec<String> =
                items(call.params, "endpoints").iter().filter_map(|e| e.as_str().map(str::to_owned)).collect();
            let told: Map<String, Value> = watchers::ends(&endpoints)
                .map(|(application, name, role)| (application.to_owned(), watchers::charm_relation(name, role)))
                .collect();
            model_manager::edit(call.shared, uuid, |m| m.relations.push(endpoints));
            Ok(json!({"endpoints": told}))
        }
        "DestroyRelation" => {
            let ends: Vec<&str> = items(call.params, "endpoints").iter().filter_map(|e| e.as_str()).collect();
            let app = |end: &str| end.split(':').next().unwrap_or_default().to_owned();
            let gone = |r: &Vec<String>| ends.iter().all(|end| r.iter().any(|known| app(known) == app(end)));
            model_manager::edit(call.shared, uuid, |m| m.relations.retain(|r| !gone(r)));
            Ok(json!({}))
        }
        "DestroyUnit" => Ok(results(items(call.params, "units"), |arg| {
            let tag = text(arg, "unit-tag").trim_start_matches("unit-").to_owned();
            let (name, number) =
                tag.rsplit_once('-').ok_or_else(|| Fault::bad(format!("{tag:?} is not a valid unit tag")))?;
            with_application(call, uuid, name, |app| app.units.retain(|n| n.to_string() != number))?;
            Ok(json!({"info": {}}))
        })),
        "Consume" => Ok(results(items(call.params, "args"), |arg| {
            let alias = text(arg, "application-alias");
            let name = if alias.is_empty() { text(arg, "offer-name") } else { alias }.to_owned();
            model_manager::edit(call.shared, uuid, |m| drop(m.consumed.insert(name, arg.clone())));
            Ok(json!({}))
        })),
        "DestroyApplication" => Ok(results(items(call.params, "applications"), |a| {
            let name = text(a, "application-tag").trim_start_matches("application-").to_owned();
            model_manager::edit(call.shared, uuid, |m| drop(m.applications.remove(&name)));
            Ok(json!({"info": {}}))
        })),
        "ApplicationsInfo" => Ok(results(call.tags(), |tag| {
            let name = tag.trim_start_matches("application-").to_owned();
            let app = with_model(call, uuid, |m| m.applications.get(&name).cloned())?;
            let app = app.ok_or_else(|| missing(&name))?;
            Ok(
                json!({"result": {"tag": tag, "charm": app.charm_url, "base": {"name": "ubuntu", "channel": "24.04/stable"}, "channel": "", "principal": true, "exposed": app.exposed, "remote": false, "life": "alive"}}),
            )
        })),
        "GetConstraints" => Ok(json!({"results": [{"constraints": {}}]})),
        _ => Err(call.unknown()),
    }
}

fn missing(name: &str) -> Fault {
    Fault::not_found(format!("application {name:?} not found"))
}

fn with_model<T>(call: &Call<'_>, uuid: Uuid, look: impl FnOnce(&mut Model) -> T) -> Result<T> {
    call.shared
        .change(|world| world.models.get_mut(&uuid).map(look))
        .ok_or_else(|| Fault::new("model not found", "model not found"))
}

fn with_application(call: &Call<'_>, uuid: Uuid, name: &str, change: impl FnOnce(&mut Application)) -> Result<()> {
    with_model(call, uuid, |m| m.applications.get_mut(name).map(change))?.ok_or_else(|| missing(name))
}

fn deploy(call: &Call<'_>, uuid: Uuid, args: &Value) -> Result<Value> {
    let name = text(args, "application").to_owned();
    let units = u32::try_from(args["num-units"].as_i64().unwrap_or(1)).unwrap_or(1);
    let app = Application {
        charm_url: text(args, "charm-url").to_owned(),
        config: args["config"].as_object().cloned().unwrap_or_default(),
        units: (0..units).collect(),
        exposed: false,
    };
    with_model(call, uuid, |m| {
        if m.applications.contains_key(&name) {
            return Err(Fault::new(
                format!("cannot add application {name:?}: application already exists"),
                "already exists",
            ));
        }
        m.applications.insert(name, app);
        Ok(json!({}))
    })?
}

fn from_repository(call: &Call<'_>, uuid: Uuid) -> Value {
    let entries: Vec<Value> = items(call.params, "Args")
        .into_iter()
        .map(|arg| {
            let charm = text(arg, "CharmName");
            let name = if text(arg, "ApplicationName").is_empty() { charm } else { text(arg, "ApplicationName") };
            let args = json!({"application": name, "charm-url": format!("ch:amd64/{charm}-1"), "num-units": arg["num-units"].as_i64().unwrap_or(1)});
            let errors: Vec<Value> = deploy(call, uuid, &args).err().map(|f| json!(f.0)).into_iter().collect();
            json!({"Errors": errors, "Info": {"architecture": "amd64", "base": {"name": "ubuntu", "channel": "24.04/stable"}, "channel": "stable", "name": name, "revision": 1}, "PendingResourceUploads": []})
        })
        .collect();
    json!({"Results": entries})
}

fn resolve(call: &Call<'_>) -> Value {
    let entries: Vec<Value> = items(call.params, "resolve")
        .into_iter()
        .map(|r| json!({"url": text(r, "reference"), "charm-origin": r["charm-origin"], "supported-bases": [{"name": "ubuntu", "channel": "24.04/stable"}]}))
        .collect();
    json!({"Results": entries})
}

fn get(call: &Call<'_>, uuid: Uuid) -> Result<Value> {
    let name = text(call.params, "application");
    let app = with_model(call, uuid, |m| m.applications.get(name).cloned())?.ok_or_else(|| missing(name))?;
    let config: Map<String, Value> = app
        .config
        .iter()
        .map(|(k, v)| (k.clone(), json!({"value": v, "source": "user", "type": "string", "description": ""})))
        .collect();
    Ok(
        json!({"application": name, "charm": name, "config": config, "application-config": {}, "constraints": {}, "base": {"name": "ubuntu", "channel": "24.04/stable"}, "channel": ""}),
    )
}

fn set_config(call: &Call<'_>, uuid: Uuid, args: &Value) -> Result<Value> {
    let set = args["config"].as_object().cloned().unwrap_or_default();
    with_application(call, uuid, text(args, "application"), |app| app.config.extend(set)).map(|()| json!({}))
}

fn add_units(call: &Call<'_>, uuid: Uuid) -> Result<Value> {
    let name = text(call.params, "application").to_owned();
    let count = call.params["num-units"].as_i64().unwrap_or(1);
    let mut added = Vec::new();
    with_application(call, uuid, &name, |app| {
        for _ in 0..count {
            let next = app.units.last().map_or(0, |n| n + 1);
            app.units.push(next);
            added.push(format!("{name}/{next}"));
        }
    })?;
    Ok(json!({"units": added}))
}

fn charm_info(url: &str) -> Value {
    let name = url.rsplit_once(':').map_or(url, |(_, n)| n).rsplit('/').next().unwrap_or(url);
    let name = name.rsplit_once('-').map_or(name, |(n, _)| n);
    json!({
        "revision": 0, "url": url, "config": {},
        "meta": {"name": name, "summary": "", "description": "", "subordinate": false, "min-juju-version": "0.0.0",
                 "provides": {"db": {"name": "db", "role": "provider", "interface": "db", "optional": false, "limit": 0, "scope": "global"}}},
        "manifest": {"bases": [{"name": "ubuntu", "channel": "24.04/stable", "architectures": ["amd64"]}]},
    })
}
