//! Paths with a wrong UUID, and UUIDs that one may not know: on the model connection, on streams and over HTTP.

use serde_json::{Value, json};

use crate::support::{World, basic, lines_of};
use crate::wire::{Heard, Ws, https};

#[tokio::test]
async fn wrong_paths_are_told_in_the_first_answer() {
    let world = World::new().await;
    let app = &world.app;
    let upper = world.model.to_uppercase();
    let short = world.model.replace('-', "");
    let one_off = format!("{}0", &world.model[..35]);
    let braces = format!("%7B{}%7D", world.model);
    for uuid in ["nonsense", "", "..", "%2e%2e", "%00", &short, &one_off[1..], &braces, "'%20OR%201=1--"] {
        let mut ws = Ws::open(app, &format!("/model/{uuid}/api"), "").await;
        let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": world.token})).await;
        assert_eq!(error, "invalid path (bad request)", "{uuid}");
        assert_eq!(ws.error("Client(8).FullStatus", &json!({})).await, "invalid path (bad request)", "{uuid}");
        assert_eq!(lines_of(app, ws.me, 2).await.len(), 2, "one line a request");
    }
    // Upper case is the same UUID.
    Ws::logged_in(app, &format!("/model/{upper}/api"), &world.token).await;
    for path in [format!("/model/{}/../{}/api", world.model, world.model), format!("/model/{}/%2e%2e/api", world.model)]
    {
        let mut ws = Ws::open(app, &path, "").await;
        let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": world.token})).await;
        assert_eq!(error, "invalid path (bad request)", "{path}");
    }
    for path in [format!("/model/{}/logsink", world.model), format!("/model/{}/api/api", world.model)] {
        let mut ws = Ws::open(app, &path, &basic(&world.token)).await;
        let answer = ws.answer().await;
        assert_eq!(answer["error"]["code"], "not found", "{path}: {answer}");
        assert!(matches!(ws.end().await, Heard::Closed(1001, _)), "{path}");
    }
    world.serves().await;
}

/// Who may not see a model learns nothing of it: it is as unknown as one that is not there.
#[tokio::test]
async fn a_model_that_one_may_not_see_is_unknown() {
    let world = World::new().await;
    let app = &world.app;
    let mallory = app.token("mallory@example.com").await.expect("a token");
    let unknown = "00000000-0000-4000-8000-000000000000";
    let mut seen: Vec<Vec<Value>> = Vec::new();
    for uuid in [unknown, &world.model] {
        let mut answers = Vec::new();
        let mut ws = Ws::open(app, &format!("/model/{uuid}/api"), "").await;
        let login = ws.call("Admin(4).LoginWithSessionToken", &json!({"session-token": mallory})).await;
        assert_eq!(login["error-code"], "model not found", "{login}");
        answers.push(login);
        let mut ws = Ws::open(app, &format!("/model/{uuid}/log"), &basic(&mallory)).await;
        let first = ws.answer().await;
        assert_eq!(first["error"]["code"], "model not found", "{first}");
        answers.push(first);
        for request in ["GET", "PUT"] {
            let head = format!(
                "{request} /model-{uuid}/charms/a-1234567 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n{}\r\n",
                basic(&mallory)
            );
            let (answer, _) = https(app, head.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("model not found"), "{answer}");
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
            answers.push(json!(body));
        }
        let mut api = Ws::logged_in(app, "/api", &mallory).await;
        let tag = format!("model-{uuid}");
        for (what, params) in [
            ("ModelManager(9).ModelInfo", json!({"entities": [{"tag": tag}]})),
            ("ModelManager(9).ModelStatus", json!({"entities": [{"tag": tag}]})),
            ("ModelManager(9).DumpModels", json!({"entities": [{"tag": tag}], "simplified": true})),
            (
                "ModelManager(9).ModifyModelAccess",
                json!({"changes": [{"user-tag": "user-mallory@example.com", "action": "grant", "access": "admin", "model-tag": tag}]}),
            ),
            ("Controller(11).ModelStatus", json!({"entities": [{"tag": tag}]})),
            (
                "ApplicationOffers(4).Offer",
                json!({"Offers": [{"model-tag": tag, "offer-name": "o", "application-name": "a", "endpoints": {}}]}),
            ),
        ] {
            let mut answer = api.call(what, &params).await;
            answer["request-id"].take();
            answers.push(serde_json::from_str(&answer.to_string().replace(uuid, "UUID")).expect("JSON"));
        }
        seen.push(answers);
    }
    for (unknown, hidden) in seen[0].iter().zip(&seen[1]) {
        assert_eq!(unknown, hidden, "the same answers");
    }
    world.serves().await;
}
