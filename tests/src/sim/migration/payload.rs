//! What a model is on its way: the description of older versions, the envelope of version 8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::controller::Shared;
use super::super::fault::{Fault, Result, text};
use super::super::world::Model;

/// From this version on the payload is not a description but the rows of the model.
const ENVELOPE: u32 = 8;

/// A model with the credential that it uses.
#[derive(Deserialize, Serialize)]
pub(super) struct Payload {
    pub(super) model: Model,
    pub(super) credential: Option<Value>,
}

/// As the called version of `Import` wants it. JSON is YAML as well.
pub(super) fn export(shared: &Shared, model: &Model, version: u32) -> Value {
    let credential = shared.world().credentials.get(&model.credential).cloned();
    let payload = Payload { model: model.clone(), credential };
    let encoded = STANDARD.encode(serde_json::to_vec(&payload).unwrap_or_default());
    if version < ENVELOPE {
        return json!({"bytes": encoded, "charms": [], "tools": [], "resources": []});
    }
    let users: Vec<Value> = model.users.keys().map(|name| json!({"name": name, "display-name": "", "created-by": "admin", "created-at": shared.now(), "removed": false, "external": name.contains('@')})).collect();
    let permissions: Vec<Value> = model
        .users
        .iter()
        .map(|(user, access)| json!({"object-type": "model", "grant-on": model.uuid, "subject-name": user, "access": access}))
        .collect();
    json!({
        "payload-version": shared.version, "payload": encoded,
        "model-info": {"uuid": model.uuid, "name": model.name, "qualifier": model.owner, "type": model.kind, "cloud": model.cloud,
                       "cloud-region": model.region, "life": model.life},
        "model-namespace": model.uuid, "users": users, "permissions": permissions, "authorized-keys": [], "secret-backend": "internal",
        "secret-backend-refs": [], "leases": [], "cloud-image-metadata": [], "external-controllers": [], "charms": [], "tools": [], "resources": [],
    })
}

/// The model of an `Import`.
pub(super) fn import(params: &Value) -> Result<Payload> {
    let encoded = match text(params, "payload") {
        "" => text(params, "bytes"),
        payload => payload,
    };
    let bytes = STANDARD.decode(encoded).map_err(|e| Fault::bad(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| Fault::bad(e.to_string()))
}

/// What `Prechecks` is told of a model.
pub(super) fn precheck(shared: &Shared, model: &Model, version: u32) -> Value {
    if version >= ENVELOPE {
        return export(shared, model, version);
    }
    let mut info = json!({
        "uuid": model.uuid, "name": model.name, "agent-version": model.agent_version, "controller-agent-version": shared.version,
        "facade-versions": {"Client": [8], "ModelManager": [10], "Agent": [3], "Uniter": [19, 20]}, "cloud": model.cloud,
    });
    let (key, value) =
        if version >= 7 { ("qualifier", model.owner.clone()) } else { ("owner-tag", format!("user-{}", model.owner)) };
    if let Some(map) = info.as_object_mut() {
        map.insert(key.into(), json!(value));
    }
    info
}

/// What a target looks at first, from either form.
pub(super) struct Asked {
    pub(super) uuid: String,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) cloud: String,
    pub(super) agent_version: String,
}

pub(super) fn asked(params: &Value) -> Asked {
    let told = params.get("model-info").unwrap_or(params);
    let owner = match text(told, "qualifier") {
        "" => text(told, "owner-tag").trim_start_matches("user-"),
        qualifier => qualifier,
    };
    Asked {
        uuid: text(told, "uuid").to_owned(),
        owner: owner.to_owned(),
        name: text(told, "name").to_owned(),
        cloud: text(told, "cloud").to_owned(),
        agent_version: text(told, "agent-version").to_owned(),
    }
}
