//! `/log`: the first frame says whether it goes on, then one record a frame.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::controller::Shared;
use super::fault::Fault;
use super::http;
use super::server::Socket;

/// How many records a model has.
const RECORDS: usize = 20;
/// From the least to the most severe.
const SEVERITIES: &[&str] = &["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"];

pub(super) async fn run(
    shared: Arc<Shared>,
    model: Option<Uuid>,
    query: Vec<(String, String)>,
    authorization: Option<String>,
    mut socket: Socket,
) {
    let refused = allowed(&shared, model, authorization).await.err();
    let first = refused.as_ref().map_or_else(|| json!({}), Fault::entry);
    if socket.send(Message::text(format!("{first}\n"))).await.is_err() || refused.is_some() {
        let _ = socket.close(None).await;
        return;
    }
    let value = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let number = |key: &str| value(key).and_then(|v| v.parse::<usize>().ok());
    let from = match (value("replay"), number("backlog")) {
        (Some("true"), _) => 0,
        (_, backlog) => RECORDS.saturating_sub(backlog.unwrap_or(10)),
    };
    let records = (from..RECORDS).map(|n| record(&shared, n, value("version") == Some("2"), model));
    let records = records.filter(|r| wanted(&query, r));
    for record in records.take(number("maxLines").unwrap_or(usize::MAX)) {
        if socket.send(Message::text(record.to_string())).await.is_err() {
            return;
        }
    }
    if value("noTail") != Some("true") {
        // Nothing happens in a simulated model: wait for the client to go.
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
    }
    let _ = socket.close(None).await;
}

/// Whether the filters of the query let a record through; names may end in `*`.
fn wanted(query: &[(String, String)], record: &Value) -> bool {
    let matches = |key: &str, field: &str| {
        let patterns: Vec<&str> = query.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect();
        let value = record[field].as_str().unwrap_or_default();
        let hit = patterns.iter().any(|p| p.strip_suffix('*').map_or(*p == value, |start| value.starts_with(start)));
        (patterns.is_empty(), hit)
    };
    let included = |key, field| matches!(matches(key, field), (true, _) | (_, true));
    let excluded = |key, field| matches(key, field).1;
    let severity = |word: &str| SEVERITIES.iter().position(|known| *known == word).unwrap_or_default();
    let level = query.iter().find(|(k, _)| k == "level").map_or(0, |(_, v)| severity(v));
    included("includeEntity", "tag")
        && included("includeModule", "mod")
        && !excluded("excludeEntity", "tag")
        && !excluded("excludeModule", "mod")
        && severity(record["sev"].as_str().unwrap_or_default()) >= level
}

async fn allowed(shared: &Shared, model: Option<Uuid>, authorization: Option<String>) -> Result<(), Fault> {
    let Some(header) = authorization else {
        return Err(Fault::new("authentication failed: no credentials provided", "no credentials provided"));
    };
    let caller = http::caller(shared, &header)
        .await
        .map_err(|f| Fault::new(format!("authentication failed: {}", f.0.message), &f.0.code))?;
    match model {
        Some(uuid) => caller.need_model(shared, uuid, "read"),
        None => caller.need_superuser(shared),
    }
    .map_err(|_| Fault::new("authorization failed: permission denied", "unauthorized access"))
}

fn record(shared: &Shared, number: usize, labels_by_name: bool, model: Option<Uuid>) -> Value {
    let mut record = json!({
        "tag": format!("machine-{}", number % 2), "ts": shared.now(), "sev": "INFO", "mod": "juju.worker",
        "loc": "worker.go:12", "msg": format!("line {number}"), "lab": [],
    });
    if labels_by_name && let Some(map) = record.as_object_mut() {
        map.insert("lab".into(), json!({}));
        map.insert("uuid".into(), json!(model));
    }
    record
}
