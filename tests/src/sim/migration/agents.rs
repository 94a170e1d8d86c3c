//! What travels beside the model: its agents, its charms, its logs.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
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

/// How each request shows that it may: by the password, or by macaroons where only those are left.
fn authorization(target: &Value) -> Option<(HeaderName, HeaderValue)> {
    let (password, token) = (text(target, "password"), text(target, "token"));
    if !token.is_empty() {
        let basic = STANDARD.encode(format!(":{token}"));
        return Some((AUTHORIZATION, HeaderValue::try_from(format!("Basic {basic}")).ok()?));
    }
    if !password.is_empty() {
        let basic = STANDARD.encode(format!("{}:{password}", text(target, "auth-tag")));
        return Some((AUTHORIZATION, HeaderValue::try_from(format!("Basic {basic}")).ok()?));
    }
    let macaroons: Value = serde_json::from_str(text(target, "macaroons")).ok()?;
    let first = STANDARD.encode(macaroons.get(0)?.to_string());
    Some((HeaderName::from_static("macaroons"), HeaderValue::try_from(first).ok()?))
}

/// Charm archives and agent binaries, by HTTP, with the model's UUID in a header.
pub(super) async fn send_binaries(shared: &Shared, model: &Model, target: &Value) -> Result<()> {
    let failed = |e: anyhow::Error| Fault::bad(format!("model data transfer failed, failed to migrate binaries: {e}"));
    let urls: BTreeSet<&str> = model.applications.values().map(|a| a.charm_url.as_str()).collect();
    for url in urls {
        let kept = {
            let world = shared.world();
            world.archives.get(url).and_then(|name| Some((name.clone(), world.charms.get(name)?.clone())))
        };
        let (name, body) = kept.unwrap_or_else(|| made_up(url));
        let sent = send(model.uuid, target, Method::PUT, &format!("/migrate/charms/{name}"), url, body).await;
        let headers = sent.map_err(failed)?;
        let assigned = headers.get("Juju-Curl").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if assigned != url {
            return Err(failed(anyhow::anyhow!("charm {url} unexpectedly assigned {assigned}")));
        }
    }
    if !model.applications.is_empty() {
        let path = format!("/migrate/tools?binaryVersion={}-ubuntu-amd64", model.agent_version);
        let binaries = Bytes::from_static(b"agent binaries");
        send(model.uuid, target, Method::POST, &path, "", binaries).await.map_err(failed)?;
    }
    Ok(())
}

/// The archive of a charm that was never uploaded here: of a model from long ago, or from the store.
fn made_up(url: &str) -> (String, Bytes) {
    let body = Bytes::from(format!("archive of {url}"));
    let base = url.rsplit(['/', ':']).next().unwrap_or(url);
    (format!("{base}-{}", &hex::encode(Sha256::digest(&body))[..7]), body)
}

async fn send(
    model: Uuid,
    target: &Value,
    method: Method,
    path: &str,
    url: &str,
    body: Bytes,
) -> anyhow::Result<HeaderMap> {
    let at = place(target, path);
    let stream = jimm_rpc::connect_stream(&at, WAIT).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let host = at.addresses.first().cloned().unwrap_or_default();
    let (name, authorization) = authorization(target).ok_or_else(|| anyhow::anyhow!("no credentials"))?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .header(name, authorization)
        .header(&MODEL_HEADER, model.to_string())
        .header("Juju-Curl", url)
        .header("Content-Type", if url.is_empty() { "application/x-tar-gz" } else { "application/zip" })
        .body(Full::new(body))?;
    let sending = sender.send_request(request);
    let response = tokio::select! {
        response = sending => response?,
        _ = connection => anyhow::bail!("the target closed the connection"),
        () = tokio::time::sleep(WAIT) => anyhow::bail!("no answer within {WAIT:?}"),
    };
    anyhow::ensure!(response.status().is_success(), "the target answered {}", response.status());
    Ok(response.headers().clone())
}

/// The log stream of the last phase.
pub(super) async fn send_logs(model: Uuid, target: &Value) {
    let mut options = DialOptions { timeout: WAIT, ..DialOptions::default() };
    options.headers.extend(authorization(target));
    options.headers.push((HeaderName::from_static("x-juju-clientversion"), HeaderValue::from_static("3.6.11")));
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
