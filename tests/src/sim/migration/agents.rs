//! What travels beside the model: its agents, its charms, its logs.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::Request;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use jimm_proto::params::admin::LoginRequest;
use jimm_rpc::{CallError, Connection, DialOptions, Target, Tls};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::controller::Shared;
use super::super::fault::{Fault, Result, items, text};
use super::super::world::Model;

/// Agents follow at most so many redirects.
const REDIRECTS: usize = 5;
const WAIT: Duration = Duration::from_secs(20);
const MODEL_HEADER: HeaderName = HeaderName::from_static("x-juju-migration-model-uuid");

/// Each agent of the model logs in at the target, as it would before it changes sides.
pub(super) async fn log_in(model: &Model, target: &Value, silent: bool) -> Result<()> {
    if silent {
        std::future::pending::<()>().await;
    }
    for (name, application) in &model.applications {
        for number in &application.units {
            log_in_one(model.uuid, &format!("unit-{name}-{number}"), target).await?;
        }
    }
    Ok(())
}

async fn log_in_one(model: Uuid, tag: &str, target: &Value) -> Result<()> {
    let mut at = place(target, &format!("/model/{model}/api"));
    for _ in 0..REDIRECTS {
        let connection: Connection =
            jimm_rpc::dial(&at, &DialOptions { timeout: WAIT, pings: None, ..DialOptions::default() })
                .await
                .map_err(|e| Fault::bad(format!("validating, some agents reported failure: {e}")))?;
        let request = LoginRequest {
            auth_tag: tag.to_owned(),
            credentials: "agent-password".into(),
            nonce: "sim-nonce".into(),
            ..LoginRequest::default()
        };
        match jimm_rpc::login(&connection, &request, WAIT).await {
            Ok(_) => return Ok(()),
            Err(CallError::Remote(e)) if e.code == "redirection required" => {
                let info: Value = serde_json::to_value(&e.info).unwrap_or_default();
                at.addresses = servers(&info["servers"]);
                at.tls = Tls::for_controller(text(&info, "ca-cert"), "");
            }
            Err(e) => return Err(Fault::bad(format!("validating, some agents reported failure: {tag}: {e}"))),
        }
    }
    Err(Fault::bad("validating, some agents reported failure: too many redirects"))
}

fn servers(servers: &Value) -> Vec<String> {
    let groups = servers.as_array().cloned().unwrap_or_default();
    let ports = groups.iter().filter_map(Value::as_array).flatten();
    ports.map(|s| format!("{}:{}", text(s, "value"), s["port"].as_u64().unwrap_or(17070))).collect()
}

fn place(target: &Value, path: &str) -> Target {
    let addresses = items(target, "addrs").iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
    Target { addresses, path: path.to_owned(), tls: Tls::for_controller(text(target, "ca-cert"), "") }
}

fn authorization(target: &Value) -> Option<HeaderValue> {
    let basic = STANDARD.encode(format!("{}:{}", text(target, "auth-tag"), text(target, "password")));
    HeaderValue::try_from(format!("Basic {basic}")).ok()
}

/// Each charm archive, by HTTP, with the model's UUID in a header.
pub(super) async fn send_charms(shared: &Shared, model: Uuid, target: &Value) -> Result<()> {
    let urls: Vec<String> = {
        let world = shared.world();
        let apps =
            world.models.get(&model).map(|m| m.applications.values().map(|a| a.charm_url.clone()).collect::<Vec<_>>());
        apps.unwrap_or_default()
    };
    for url in urls {
        let body = bytes::Bytes::from(format!("archive of {url}"));
        let name = url.rsplit(['/', ':']).next().unwrap_or(&url).to_owned();
        let path = format!("/migrate/charms/{name}-{}", &hex::encode(Sha256::digest(&body))[..7]);
        put(model, target, &path, &url, body)
            .await
            .map_err(|e| Fault::bad(format!("model data transfer failed, failed to migrate binaries: {e}")))?;
    }
    Ok(())
}

async fn put(model: Uuid, target: &Value, path: &str, url: &str, body: bytes::Bytes) -> anyhow::Result<()> {
    let at = place(target, path);
    let stream = jimm_rpc::connect_stream(&at, WAIT).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let host = at.addresses.first().cloned().unwrap_or_default();
    let authorization = authorization(target).ok_or_else(|| anyhow::anyhow!("no credentials"))?;
    let request = Request::put(path)
        .header(HOST, host)
        .header(AUTHORIZATION, authorization)
        .header(&MODEL_HEADER, model.to_string())
        .header("Juju-Curl", url)
        .header("Content-Type", "application/zip")
        .body(Full::new(body))?;
    let sending = sender.send_request(request);
    let response = tokio::select! {
        response = sending => response?,
        _ = connection => anyhow::bail!("the target closed the connection"),
        () = tokio::time::sleep(WAIT) => anyhow::bail!("no answer within {WAIT:?}"),
    };
    anyhow::ensure!(response.status().is_success(), "the target answered {}", response.status());
    anyhow::ensure!(response.headers().contains_key("Juju-Curl"), "response returned no charm URL");
    Ok(())
}

/// The log stream of the last phase.
pub(super) async fn send_logs(model: Uuid, target: &Value) {
    let mut options = DialOptions { timeout: WAIT, ..DialOptions::default() };
    options.headers.extend(authorization(target).map(|value| (AUTHORIZATION, value)));
    options.headers.extend(HeaderValue::try_from(model.to_string()).ok().map(|value| (MODEL_HEADER, value)));
    let Ok(mut socket) = jimm_rpc::dial_socket(&place(target, "/migrate/logtransfer"), &options).await else { return };
    let first = tokio::time::timeout(WAIT, socket.next()).await;
    if matches!(first, Ok(Some(Ok(_)))) {
        let record =
            serde_json::json!({"t": "2026-01-01T00:00:00Z", "m": "juju", "l": "x.go:1", "v": "INFO", "x": "moved"});
        let _ = socket.send(tokio_tungstenite::tungstenite::Message::text(record.to_string())).await;
    }
    let _ = socket.close(None).await;
}
