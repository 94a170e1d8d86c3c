//! What a model is on its way: the description of older versions, the envelope of version 8. What a simulated model has
//! beyond what the broker may look at travels along in a member of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::controller::Shared;
use super::super::fault::{Fault, Result, text};
use super::super::world::Model;
use super::description;

/// From this version on the payload is not a description but the rows of the model.
const ENVELOPE: u32 = 8;

/// A model with the credential that it uses.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Payload {
    pub(super) model: Model,
    pub(super) credential: Option<Value>,
}

/// As the called version of `Import` wants it.
pub(super) fn export(shared: &Shared, model: &Model, version: u32) -> Value {
    let credential = shared.world().credentials.get(&model.credential).cloned();
    let payload = Payload { model: model.clone(), credential };
    if version < ENVELOPE {
        let bytes = STANDARD.encode(description::write(&payload));
        return json!({"bytes": bytes, "charms": [], "tools": [], "resources": []});
    }
    let users: Vec<Value> = model.users.keys().map(|name| json!({"name": name, "display-name": "", "created-by": "admin", "created-at": shared.now(), "removed": false, "external": name.contains('@')})).collect();
    let grant = |kind: &str, on: String, user: &str, access: &str| json!({"object-type": kind, "grant-on": on, "subject-name": user, "access": access});
    let mut permissions: Vec<Value> =
        model.users.iter().map(|(user, access)| grant("model", model.uuid.to_string(), user, access)).collect();
    for offer in model.offers.values() {
        permissions
            .extend(offer.users.iter().map(|(user, access)| grant("offer", offer.uuid.to_string(), user, access)));
    }
    let (owner, name) = description::credential(model);
    let held = payload.credential.as_ref();
    let credential = held.map(|held| {
        json!({"cloud": model.cloud, "owner": owner, "name": name, "auth-type": held["auth-type"], "attributes": held["attrs"]})
    });
    json!({
        "payload-version": shared.version, "payload": STANDARD.encode(description::write_rows(&payload)),
        "model-info": {"uuid": model.uuid, "name": model.name, "qualifier": model.owner, "type": model.kind, "cloud": model.cloud,
                       "cloud-region": model.region, "credential-owner": owner, "credential-name": name, "life": model.life,
                       "source-migration-uuid": model.uuid},
        "model-credential": credential,
        "model-namespace": {"namespace": model.uuid}, "users": users, "permissions": permissions, "authorized-keys": [],
        "secret-backend": {"name": "internal"}, "secret-backend-refs": [], "leases": [], "cloud-image-metadata": [],
        "external-controllers": [], "charms": [], "tools": [], "resources": [], "not-known-yet": {"kept": 9_007_199_254_740_993_u64},
    })
}

/// The model of an `Import`, and the document that it was in.
pub(super) fn import(params: &Value) -> Result<(Payload, String)> {
    let envelope = text(params, "payload");
    let encoded = if envelope.is_empty() { text(params, "bytes") } else { envelope };
    let bytes = STANDARD.decode(encoded).map_err(|e| Fault::bad(e.to_string()))?;
    let document = String::from_utf8(bytes).map_err(|e| Fault::bad(e.to_string()))?;
    let payload = if envelope.is_empty() {
        description::read(&document)
    } else {
        description::read_rows(&document).and_then(|payload| with_envelope(payload, params))
    };
    Ok((payload?, document))
}

/// What stands beside the rows, which must agree with them.
fn with_envelope(mut payload: Payload, params: &Value) -> Result<Payload> {
    let (info, model) = (&params["model-info"], &mut payload.model);
    if text(info, "qualifier") != model.owner {
        return Err(Fault::bad(format!(
            "qualifier {:?} is not that of the rows, {:?}",
            text(info, "qualifier"),
            model.owner
        )));
    }
    if params["not-known-yet"]["kept"].as_u64() != Some(9_007_199_254_740_993) {
        return Err(Fault::bad("a member that nobody knows was changed"));
    }
    let grants = params["permissions"].as_array().cloned().unwrap_or_default();
    let users = |kind: &str, on: String| {
        let of = grants.iter().filter(|g| text(g, "object-type") == kind && text(g, "grant-on") == on);
        of.map(|g| (text(g, "subject-name").to_owned(), text(g, "access").to_owned())).collect()
    };
    model.users = users("model", model.uuid.to_string());
    for offer in model.offers.values_mut() {
        offer.users = users("offer", offer.uuid.to_string());
    }
    if let Some(sent) = params.get("model-credential").filter(|sent| sent.is_object()) {
        model.credential = format!("cloudcred-{}_{}_{}", text(sent, "cloud"), text(sent, "owner"), text(sent, "name"));
        if let Some(held) = payload.credential.as_mut() {
            held["auth-type"] = sent["auth-type"].clone();
            held["attrs"] = sent["attributes"].clone();
        }
    }
    Ok(payload)
}

/// What `Prechecks` is told of a model.
pub(super) fn precheck(shared: &Shared, model: &Model, version: u32) -> Value {
    let sent = export(shared, model, version);
    if version >= ENVELOPE {
        return sent;
    }
    let mut info = json!({
        "uuid": model.uuid, "name": model.name, "agent-version": model.agent_version, "controller-agent-version": shared.version,
        "facade-versions": {"Client": [8], "ModelManager": [10], "Agent": [3], "Uniter": [19, 20]}, "cloud": model.cloud,
        "model-description": sent["bytes"],
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
