//! `Cloud`: definitions and credentials.

use serde_json::{Value, json};

use super::super::fault::{Fault, Result, items, results, text};
use super::Call;

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    let shared = call.shared;
    match call.method {
        "Clouds" => {
            let clouds = shared.world().clouds.clone();
            let tagged: serde_json::Map<String, Value> =
                clouds.into_iter().map(|(name, c)| (format!("cloud-{name}"), c)).collect();
            Ok(json!({"clouds": tagged}))
        }
        "Cloud" => Ok(results(call.tags(), |tag| Ok(json!({"cloud": definition(call, &tag)?})))),
        "ModelConfigSchema" if call.version >= 8 => Ok(json!({"schema": {
            "logging-config": {"description": "what is logged", "type": "string", "immutable": false, "mandatory": false},
        }})),
        "CloudInfo" => Ok(results(call.tags(), |tag| {
            let mut info = definition(call, &tag)?;
            if let Some(map) = info.as_object_mut() {
                map.insert(
                    "users".into(),
                    json!([{"user": shared.options.user, "display-name": "", "access": "admin"}]),
                );
            }
            Ok(json!({"result": info}))
        })),
        "AddCloud" => {
            call.caller.need_superuser(shared)?;
            add(call, call.params)
        }
        "UpdateCloud" => {
            call.caller.need_superuser(shared)?;
            Ok(results(items(call.params, "clouds"), |args| {
                let (name, cloud) = (text(args, "name").to_owned(), args["cloud"].clone());
                shared.change(|w| w.clouds.insert(name, cloud));
                Ok(json!({}))
            }))
        }
        "RemoveClouds" => {
            call.caller.need_superuser(shared)?;
            Ok(results(call.tags(), |tag| {
                definition(call, &tag)?;
                let name = tag.trim_start_matches("cloud-").to_owned();
                shared.change(|w| w.clouds.remove(&name));
                Ok(json!({}))
            }))
        }
        "ModifyCloudAccess" => Ok(results(items(call.params, "changes"), |_| Ok(json!({})))),
        "UserCredentials" => Ok(results(items(call.params, "user-clouds"), |pair| {
            let prefix = format!(
                "cloudcred-{}_{}_",
                text(pair, "cloud-tag").trim_start_matches("cloud-"),
                text(pair, "user-tag").trim_start_matches("user-")
            );
            let tags: Vec<String> =
                shared.world().credentials.keys().filter(|t| t.starts_with(&prefix)).cloned().collect();
            Ok(json!({"result": tags}))
        })),
        "AddCredentials" => Ok(results(items(call.params, "credentials"), |c| put(call, c).map(|()| json!({})))),
        "UpdateCredentialsCheckModels" | "CheckCredentialsModels" => {
            let keep = call.method.starts_with("Update");
            if call.params["force"] == true && !call.caller.is_superuser(shared) {
                return Err(Fault::bad("unexpected force specified: invalid request"));
            }
            Ok(results(items(call.params, "credentials"), |c| {
                if keep {
                    put(call, c)?;
                }
                let tag = text(c, "tag");
                let models: Vec<Value> = shared
                    .world()
                    .models
                    .values()
                    .filter(|m| m.credential == tag)
                    .map(|m| json!({"uuid": m.uuid, "name": m.name}))
                    .collect();
                Ok(json!({"tag": tag, "models": models}))
            }))
        }
        "RevokeCredentialsCheckModels" => Ok(results(items(call.params, "credentials"), |c| {
            let tag = text(c, "tag").to_owned();
            let users = shared.world().models.values().filter(|m| m.credential == tag).count();
            if users > 0 && c["force"] != true {
                return Err(Fault::bad(format!(
                    "cannot revoke credential {tag}: it is still used by {users} model(s)"
                )));
            }
            shared.change(|w| w.credentials.remove(&tag));
            Ok(json!({}))
        })),
        "Credential" => Ok(results(call.tags(), |tag| {
            let found = shared.world().credentials.get(&tag).cloned();
            let found = found.ok_or_else(|| Fault::not_found(format!("credential {tag:?} not found")))?;
            Ok(json!({"result": {"auth-type": found["auth-type"], "redacted": ["password"]}}))
        })),
        "CredentialContents" => Ok(json!({"results": []})),
        _ => Err(call.unknown()),
    }
}

fn definition(call: &Call<'_>, tag: &str) -> Result<Value> {
    let name = tag.strip_prefix("cloud-").ok_or_else(|| Fault::bad(format!("{tag:?} is not a valid cloud tag")))?;
    let found = call.shared.world().clouds.get(name).cloned();
    found.ok_or_else(|| Fault::not_found(format!("cloud {name:?} not found")))
}

fn add(call: &Call<'_>, params: &Value) -> Result<Value> {
    let name = text(params, "name").to_owned();
    let cloud = params["cloud"].clone();
    let force = params["force"].as_bool().unwrap_or_default();
    let kind = text(&cloud, "type").to_owned();
    if !matches!(kind.as_str(), "lxd" | "kubernetes") && !force {
        return Err(Fault::new(
            format!("controller cloud type \"lxd\" is not whitelisted, current whitelist: {kind}"),
            "incompatible clouds",
        ));
    }
    call.shared.change(|world| {
        if world.clouds.contains_key(&name) {
            return Err(Fault::new(format!("cloud {name:?} already exists"), "already exists"));
        }
        world.clouds.insert(name, cloud);
        Ok(json!({}))
    })
}

fn put(call: &Call<'_>, credential: &Value) -> Result<()> {
    let tag = text(credential, "tag").to_owned();
    if !tag.starts_with("cloudcred-") {
        return Err(Fault::bad(format!("{tag:?} is not a valid cloudcred tag")));
    }
    let content = credential["credential"].clone();
    call.shared.change(|world| world.credentials.insert(tag, content));
    Ok(())
}
