//! `/commands` of 3.6: command lines for whoever the message names, answered line by line.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::auth;
use super::controller::Shared;
use super::fault::{Fault, items, text};
use super::server::Socket;

/// What may be run there.
const KNOWN: &[&str] = &["status", "models", "config", "whoami"];

pub(super) async fn run(shared: Arc<Shared>, model: Option<Uuid>, mut socket: Socket) {
    let known = model.is_none_or(|uuid| shared.world().models.contains_key(&uuid));
    let first = if known { json!({}) } else { Fault::new("model not found", "model not found").entry() };
    if socket.send(Message::text(format!("{first}\n"))).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.next().await {
        let Ok(told) = message.to_text().map(str::to_owned) else { return };
        let Ok(asked) = serde_json::from_str::<Value>(&told) else { break };
        for answer in answers(&shared, &asked) {
            if socket.send(Message::text(format!("{answer}\n"))).await.is_err() {
                return;
            }
        }
    }
    let _ = socket.close(None).await;
}

fn answers(shared: &Shared, asked: &Value) -> Vec<Value> {
    let user = text(asked, "user");
    if auth::local_user(shared, user, text(asked, "credentials")).is_err() {
        let refused = Fault::new("macaroon discharge required: authentication required", "macaroon discharge required");
        return vec![json!({"error": refused.0, "done": true})];
    }
    let mut answers = Vec::new();
    for line in items(asked, "commands").into_iter().filter_map(Value::as_str) {
        shared.record(format!("/commands {line}"));
        if !KNOWN.contains(&line.split(' ').next().unwrap_or_default()) {
            let refused = Fault::new(format!("{line:?} not supported"), "not supported");
            answers.push(json!({"error": refused.0, "done": true}));
            return answers;
        }
        answers.push(json!({"output": [format!("{user} ran {line}")]}));
    }
    answers.push(json!({"done": true}));
    answers
}
