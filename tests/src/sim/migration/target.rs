//! `MigrationTarget` and `/migrate/*`: a controller that takes models.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use jimm_proto::version::AgentVersion;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::super::access::Caller;
use super::super::controller::{Shape, Shared};
use super::super::facades::{Call, model_uuid};
use super::super::fault::{Fault, Result, text};
use super::super::http::{self, body_of, json_answer, with_curl};
use super::super::server::{Answer, Socket};
use super::payload::{self, Payload};

/// How long 4.1 takes to remove a model that it was told to forget.
const REMOVAL: Duration = Duration::from_millis(700);

/// A method of the facade.
pub(in super::super) fn call(call: &Call<'_>) -> Result<Value> {
    let shared = call.shared;
    call.caller.need_superuser(shared)?;
    match call.method {
        "Prechecks" => prechecks(shared, call.params).map(|()| json!({})),
        "Import" => import(shared, call.params).map(|()| json!({})),
        "Abort" if shared.failures.is_on("abort-unreachable") => Err(Fault::bad("abort failed: try again")),
        "Activate" if shared.failures.is_on("activate-error") => Err(Fault::bad("cannot activate")),
        "Abort" => {
            let uuid = importing(call)?;
            if shared.shape() == Shape::V41 {
                remove_later(call.shared, uuid);
            } else {
                shared.change(|world| world.models.remove(&uuid));
            }
            Ok(json!({}))
        }
        "Activate" => {
            let uuid = importing(call)?;
            let now = shared.now();
            shared.change(|world| {
                world.activated.entry(uuid).or_default().push(now);
                world.models.get_mut(&uuid).map(|m| m.importing = false)
            });
            Ok(json!({}))
        }
        "CheckMachines" if shared.failures.is_on("check-machines-error") => {
            Ok(json!({"results": [{"error": {"message": "machine 0 not found", "code": ""}}]}))
        }
        "CheckMachines" => Ok(json!({"results": []})),
        "AdoptResources" => Ok(json!({})),
        "LatestLogTime" => Ok(json!("0001-01-01T00:00:00Z")),
        "CACert" => Ok(json!({"result": STANDARD.encode(&shared.ca_pem)})),
        "CreateMigrationMacaroon" if call.version >= 8 => match call.caller {
            Caller::Local(user) => {
                let id = Uuid::new_v4().to_string();
                shared.change(|world| world.macaroons.insert(id.clone(), user.clone()));
                Ok(
                    json!({"macaroon": {"caveats": [], "location": "sim", "identifier": id, "signature": "0".repeat(64)}}),
                )
            }
            _ => Err(Fault::denied()),
        },
        _ => Err(super::super::facades::no_such_method(shared.shape(), call.facade, call.version, call.method)),
    }
}

/// 4.1 answers at once and removes the model a moment later, even when it was activated meanwhile (measured).
fn remove_later(shared: &Arc<Shared>, uuid: Uuid) {
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(async move {
        let stop = shared.stop.clone();
        if stop.run_until_cancelled(tokio::time::sleep(REMOVAL)).await.is_some() {
            shared.change(|world| world.models.remove(&uuid));
        }
    });
}

fn importing(call: &Call<'_>) -> Result<Uuid> {
    let uuid = model_uuid(text(call.params, "model-tag"))?;
    let world = call.shared.world();
    let model = world.models.get(&uuid).ok_or_else(|| Fault::not_found(format!("model \"{uuid}\" not found")))?;
    if model.importing { Ok(uuid) } else { Err(Fault::bad("migration mode for the model is not importing")) }
}

fn prechecks(shared: &Shared, params: &Value) -> Result<()> {
    if shared.failures.is_on("prechecks-error") {
        return Err(Fault::bad("machine 0 agent not functioning at this time (down)"));
    }
    let payload::Asked { uuid, owner, name, cloud, agent_version } = payload::asked(params);
    let uuid = Uuid::try_parse(&uuid).map_err(|e| Fault::bad(e.to_string()))?;
    if let (Ok(theirs), Ok(ours)) = (agent_version.parse::<AgentVersion>(), shared.version.parse::<AgentVersion>())
        && theirs > ours
    {
        return Err(Fault::bad(format!("model has higher version than target controller ({theirs} > {ours})")));
    }
    let world = shared.world();
    if let Some(known) = world.models.get(&uuid) {
        let importing = if known.importing { " (currently importing)" } else { "" };
        return Err(Fault::bad(match shared.shape() {
            Shape::V36 => format!("model with same UUID already exists ({uuid})"),
            _ => format!("model \"{uuid}\" already exists on this controller{importing}"),
        }));
    }
    if world.model_named(&owner, &name).is_some() {
        return Err(Fault::bad(format!("model named {name:?} already exists")));
    }
    if shared.shape().is_4() && !cloud.is_empty() && !world.clouds.contains_key(&cloud) {
        return Err(Fault::bad(format!("model's cloud {cloud:?} not found on target controller")));
    }
    Ok(())
}

fn import(shared: &Shared, params: &Value) -> Result<()> {
    if shared.failures.is_on("import-error") {
        return Err(Fault::bad("bad description"));
    }
    let (Payload { mut model, credential }, document) = payload::import(params)?;
    model.importing = true;
    model.migration = None;
    model.attempts = 0;
    shared.change(|world| {
        if world.models.contains_key(&model.uuid) {
            return Err(Fault::new(format!("model \"{}\" already exists", model.uuid), "already exists"));
        }
        if let (Some(sent), Some(had)) = (&credential, world.credentials.get(&model.credential))
            && !text(params, "payload").is_empty()
            && (sent != had || !has_attributes(sent))
        {
            return Err(Fault::bad(format!(
                "resolving credential for model \"{}\" import: credential \"{}\" attribute mismatch",
                model.uuid,
                model.credential.trim_start_matches("cloudcred-").replace('_', "/"),
            )));
        }
        world.gone.remove(&model.uuid);
        if let Some(credential) = credential {
            world.credentials.entry(model.credential.clone()).or_insert(credential);
        }
        world.documents.insert(model.uuid, document);
        world.models.insert(model.uuid, model);
        Ok(())
    })
}

fn has_attributes(credential: &Value) -> bool {
    credential["attrs"].as_object().is_some_and(|attrs| !attrs.is_empty())
}

/// `/migrate/charms`, `/migrate/tools`, `/migrate/resources`.
pub(in super::super) async fn take_binary(shared: &Shared, path: &str, request: Request<Incoming>) -> Answer {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (model, url) = (header("X-Juju-Migration-Model-UUID"), header("Juju-Curl"));
    let mode = Uuid::try_parse(&model).ok().and_then(|uuid| shared.world().models.get(&uuid).map(|m| m.importing));
    if mode != Some(true) {
        let text = "model migration mode is \"\" instead of \"importing\"";
        return json_answer(StatusCode::BAD_REQUEST, &json!({"error": text, "error-code": "bad request"}));
    }
    let version = super::super::server::query(&request).into_iter().find(|(k, _)| k == "binaryVersion").map(|(_, v)| v);
    let body = match body_of(request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if let Some(name) = path.strip_prefix("/migrate/charms/") {
        shared.change(|world| world.keep_charm(&url, name, body, shared.options.dir.as_deref()));
        return with_curl(&url);
    }
    if path == "/migrate/tools" {
        let version = version.unwrap_or_default();
        return json_answer(StatusCode::OK, &json!({"tools": [{"version": version, "url": "", "size": body.len()}]}));
    }
    json_answer(StatusCode::OK, &json!({"id": model, "timestamp": shared.now()}))
}

/// `/migrate/logtransfer`: says that it is ready, then takes records until the source has no more.
pub(in super::super) async fn take_logs(shared: Arc<Shared>, headers: LogHeaders, mut socket: Socket) {
    let allowed = may_log(&shared, &headers).await;
    let first = allowed.as_ref().map_or_else(Fault::entry, |_| json!({}));
    if socket.send(Message::text(format!("{first}\n"))).await.is_err() {
        return;
    }
    let Ok(model) = allowed else {
        let _ = socket.close(None).await;
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = &message {
            shared.change(|world| world.logs.entry(model).or_default().push(text.to_string()));
        }
        if message.is_close() {
            break;
        }
    }
}

/// What the handshake of a log transfer carries.
pub(in super::super) struct LogHeaders {
    pub(in super::super) authorization: Option<String>,
    pub(in super::super) model: String,
    pub(in super::super) client_version: String,
}

async fn may_log(shared: &Shared, headers: &LogHeaders) -> Result<Uuid> {
    let header =
        headers.authorization.as_deref().ok_or_else(|| Fault::bad("authentication failed: no credentials provided"))?;
    http::caller(shared, header).await?.need_superuser(shared)?;
    if headers.client_version.is_empty() {
        return Err(Fault::bad("missing header X-Juju-ClientVersion"));
    }
    let uuid = Uuid::try_parse(&headers.model).map_err(|e| Fault::bad(e.to_string()))?;
    let importing = shared.world().models.get(&uuid).map(|model| model.importing);
    if importing == Some(false) {
        Ok(uuid)
    } else {
        Err(Fault::bad("model migration mode is \"importing\" instead of \"\""))
    }
}
