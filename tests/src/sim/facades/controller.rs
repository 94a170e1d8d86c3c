//! `Controller`, but for migrations.

use serde_json::{Value, json};

use super::super::fault::{Fault, Result, items, results, text};
use super::{Call, model_manager, model_uuid, watchers};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    let shared = call.shared;
    match call.method {
        "AllModels" => {
            call.caller.need_superuser(shared)?;
            // Version 13 of this facade changed together with version 11 of ModelManager.
            let version = if call.version >= 13 { 11 } else { 10 };
            let models: Vec<Value> = shared
                .world()
                .models
                .values()
                .map(|m| json!({"model": model_manager::short(version, m), "last-connection": null}))
                .collect();
            Ok(json!({"user-models": models}))
        }
        "ModelStatus" => Ok(model_manager::statuses(call)),
        "ControllerConfig" => Ok(json!({"config": {
            "controller-uuid": shared.uuid, "ca-cert": shared.ca_pem, "api-port": shared.address.port(),
            "login-token-refresh-url": shared.options.login_token_refresh_url.clone().unwrap_or_default(),
        }})),
        "ConfigSet" => call.caller.need_superuser(shared).map(|()| json!({})),
        "ControllerVersion" => Ok(json!({"version": shared.version, "git-commit": ""})),
        "IdentityProviderURL" => Ok(json!({"result": ""})),
        "MongoVersion" if !shared.shape().is_4() => Ok(json!({"result": "4.4.24"})),
        "GetControllerAccess" => Ok(results(call.tags(), |tag| {
            let access = if tag.trim_start_matches("user-") == shared.options.user { "superuser" } else { "login" };
            Ok(json!({"result": {"user-tag": tag, "access": access}}))
        })),
        "ModifyControllerAccess" => {
            call.caller.need_superuser(shared)?;
            Ok(results(items(call.params, "changes"), |_| Ok(json!({}))))
        }
        "ListBlockedModels" | "HostedModelConfigs" => Ok(json!({"models": []})),
        "RemoveBlocks" => Ok(json!({})),
        "ControllerAPIInfoForModels" => Ok(results(call.tags(), |tag| {
            // Of a model elsewhere it tells what it keeps for an offer of that model.
            let world = shared.world();
            let kept = world.models.values().flat_map(|model| model.consumed.values());
            let mut kept = kept.filter(|offer| text(offer, "source-model-tag") == tag);
            let here = model_uuid(&tag).is_ok_and(|uuid| world.models.contains_key(&uuid));
            match kept.next().map(|offer| &offer["external-controller"]) {
                Some(external) if !here => Ok(json!({"addresses": external["addrs"], "cacert": external["ca-cert"]})),
                _ => Ok(json!({"addresses": [shared.address.to_string()], "cacert": shared.ca_pem})),
            }
        })),
        "CloudSpec" => Ok(results(call.tags(), |tag| {
            let model = model_manager::find(call, &tag, "read")?;
            Ok(json!({"result": {"type": "lxd", "name": model.cloud, "region": model.region}}))
        })),
        "WatchAllModels" | "WatchAllModelSummaries" | "WatchModelSummaries" if !shared.shape().is_4() => {
            watchers::watch(call)
        }
        "WatchAllModelSummaries" | "WatchModelSummaries" => {
            Err(Fault::new("model summary watching is not supported", "not supported"))
        }
        "ModelConfig" if call.version <= 11 => {
            Ok(json!({"config": {"name": {"value": text(call.params, "name"), "source": "model"}}}))
        }
        _ => Err(call.unknown()),
    }
}
