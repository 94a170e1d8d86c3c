//! The consuming controller: it relates an application to an offer, on whichever controller that is.

use std::sync::Arc;
use std::time::Duration;

use jimm_bakery::{BakeryMacaroon, write_base64, write_json};
use jimm_proto::params::admin::LoginRequest;
use jimm_rpc::{CallError, Connection, DialOptions, Target, Tls};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::controller::Shared;
use super::super::facades::{Call, model_manager};
use super::super::fault::{Fault, Result, items, text};
use super::offering::record;
use super::{DISCHARGE, USERNAME};

const DEADLINE: Duration = Duration::from_secs(30);

/// `Application.AddRelation`, as far as an offer is at one end of it. Real controllers do this afterwards, so that it
/// does not fail the call: the remote application's status tells.
pub(in super::super) async fn add_relation(call: &Call<'_>) -> Result<()> {
    let model = call.model()?;
    let ends: Vec<String> =
        items(call.params, "endpoints").iter().filter_map(|end| end.as_str().map(str::to_owned)).collect();
    let consumed = call.shared.world().models.get(&model).map(|it| it.consumed.clone()).unwrap_or_default();
    for end in &ends {
        let (name, endpoint) = end.split_once(':').unwrap_or((end, ""));
        let Some(offer) = consumed.get(name) else { continue };
        let mut offer = offer.clone();
        let status = match relate(call.shared, model, &mut offer, endpoint).await {
            Ok(()) => json!({"status": "active", "info": ""}),
            Err(fault) => json!({"status": "error", "info": fault.0.message}),
        };
        offer["status"] = status;
        model_manager::edit(call.shared, model, |it| drop(it.consumed.insert(name.to_owned(), offer)));
    }
    Ok(())
}

async fn relate(shared: &Arc<Shared>, model: Uuid, offer: &mut Value, endpoint: &str) -> Result<()> {
    let source = text(offer, "source-model-tag").trim_start_matches("model-").to_owned();
    let relation = json!({
        "application-token": Uuid::new_v4(), "source-model-tag": format!("model-{model}"), "relation-token": Uuid::new_v4(),
        "remote-endpoint": {"name": endpoint, "role": "requirer", "interface": endpoint, "limit": 0},
        "offer-uuid": text(offer, "offer-uuid"), "local-endpoint-name": endpoint, "macaroons": [offer["macaroon"]],
        "bakery-version": 3,
    });
    let external = &offer["external-controller"];
    if text(external, "controller-tag") == format!("controller-{}", shared.uuid) {
        let user = declared_user(&offer["macaroon"]);
        let there = source.parse::<Uuid>().unwrap_or_default();
        return shared
            .change(|world| record(world.models.get_mut(&there), text(offer, "offer-uuid"), &user, &relation));
    }
    let connection = match dial(external, &source).await {
        Err(fault) if fault.0.code == "redirection required" => {
            // Once, and what is found then is kept.
            let servers = fault.0.info.get("servers").and_then(Value::as_array).cloned().unwrap_or_default();
            let addresses: Vec<String> = servers
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .map(|it| format!("{}:{}", text(it, "value"), it["port"]))
                .collect();
            let info = |key: &str| fault.0.info.get(key).cloned().unwrap_or_default();
            let moved = json!({"controller-tag": info("controller-tag"), "controller-alias": info("controller-alias"),
                               "addrs": addresses, "ca-cert": info("ca-cert")});
            let connection = dial(&moved, &source).await?;
            offer["external-controller"] = moved;
            connection
        }
        other => other?,
    };
    let related = register(shared, &connection, relation).await;
    connection.close();
    related
}

async fn dial(external: &Value, model: &str) -> Result<Connection> {
    let addresses = items(external, "addrs").iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let tls = Tls::for_controller(text(external, "ca-cert"), "");
    let target = Target { addresses, path: format!("/model/{model}/api"), tls };
    let options = DialOptions { timeout: DEADLINE, ..DialOptions::default() };
    let connection = jimm_rpc::dial(&target, &options).await.map_err(|e| Fault::bad(e.to_string()))?;
    let request = LoginRequest {
        auth_tag: "user-jujuanonymous".to_owned(),
        client_version: "3.6.11".to_owned(),
        ..LoginRequest::default()
    };
    let params = serde_json::to_value(&request).unwrap_or_default();
    let login: Result<Value, CallError> = connection.call("Admin", 3, "Login", &params, DEADLINE).await;
    login.map_err(remote).map(|_| connection)
}

fn remote(error: CallError) -> Fault {
    match error {
        CallError::Remote(error) => Fault(error),
        other => Fault::bad(other.to_string()),
    }
}

/// Asks once, and once more with what was asked to be discharged.
async fn register(shared: &Shared, connection: &Connection, mut relation: Value) -> Result<()> {
    let Err(fault) = register_once(connection, &relation).await else { return Ok(()) };
    if fault.0.code != DISCHARGE {
        return Err(fault);
    }
    let asked = fault.0.info.get("bakery-macaroon").ok_or_else(|| Fault::bad("no macaroon to discharge"))?;
    let asked = BakeryMacaroon::from_json(asked)?;
    let mut macaroons = vec![write_json(&asked.macaroon)?];
    for (caveat, data) in asked.third_party_caveats() {
        // Everything in the query, as real controllers have it.
        let beside = data.map(|data| format!("&caveat64={}", write_base64(data))).unwrap_or_default();
        let query = format!("id64={}{beside}", write_base64(&caveat.id));
        let request = shared.keys.client().post(format!("{}/discharge?{query}", caveat.location));
        let answer = async { request.header("Bakery-Protocol-Version", "3").send().await?.json::<Value>().await };
        let answer = answer.await.map_err(|e| Fault::bad(format!("cannot discharge: {e}")))?;
        let Some(given) = answer.get("Macaroon") else { return Err(Fault::bad(text(&answer, "Message"))) };
        let mut discharge = BakeryMacaroon::from_json(given)?.macaroon;
        discharge.bind(&asked.macaroon);
        macaroons.push(write_json(&discharge)?);
    }
    relation["macaroons"] = json!(macaroons);
    register_once(connection, &relation).await
}

async fn register_once(connection: &Connection, relation: &Value) -> Result<()> {
    let params = json!({"relations": [relation]});
    let answer: Result<Value, CallError> =
        connection.call("CrossModelRelations", 3, "RegisterRemoteRelations", &params, DEADLINE).await;
    let answer = answer.map_err(remote)?;
    match answer["results"][0].get("error") {
        None | Some(Value::Null) => Ok(()),
        Some(error) => Err(Fault(serde_json::from_value(error.clone()).unwrap_or_default())),
    }
}

fn declared_user(macaroon: &Value) -> String {
    let caveats = items(macaroon, "c");
    let prefix = format!("declared {USERNAME} ");
    caveats.iter().find_map(|it| text(it, "i").strip_prefix(&prefix)).unwrap_or_default().to_owned()
}
