//! Messages, headers and bodies of any size: refused with 1009 or a status, and never kept in memory.

use jimm_tests::broker::ADMIN;
use serde_json::json;

use crate::support::{World, broker, close_of, memory, serves};
use crate::wire::{Heard, TEXT, Ws, frame, head, https};

const MIB: usize = 1 << 20;

fn large(size: usize) -> Vec<u8> {
    let text = format!(
        r#"{{"request-id":1,"type":"Pinger","version":1,"request":"Ping","params":{{"x":"{}"}}}}"#,
        "x".repeat(size)
    );
    frame(true, TEXT, text.as_bytes())
}

fn is_too_large(heard: &Heard) -> bool {
    matches!(heard, Heard::Closed(1009, why) if why.starts_with("message too large"))
}

#[tokio::test]
async fn strangers_may_send_little() {
    let world = World::new().await;
    let before = memory(&world.app);
    for path in ["/api", &world.model_path(), "/model/nonsense/api"] {
        let mut ws = Ws::open(&world.app, path, "").await;
        // Within what is allowed.
        ws.bytes(&large(MIB / 2)).await;
        assert!(matches!(ws.hear().await, Heard::Text(_)), "{path}");
        ws.bytes(&large(8 * MIB)).await;
        let heard = ws.end().await;
        assert!(is_too_large(&heard), "{path}: {heard:?}");
        let line = close_of(&world.app, ws.me).await;
        assert_eq!(line["close.code"], 1009, "{line}");
    }
    // A frame that claims more than any message may have, many times, and others that claim all that it may have.
    let mut claims = Vec::new();
    for n in 0..40 {
        let mut ws = Ws::open(&world.app, "/api", "").await;
        ws.bytes(&head(true, TEXT, if n % 2 == 0 { 1 << 40 } else { 256 << 20 })).await;
        ws.bytes(&[b' '; 4096]).await;
        claims.push(ws);
    }
    world.serves().await;
    assert!(memory(&world.app) < before + 100, "{} MiB, before {before} MiB", memory(&world.app));
}

#[tokio::test]
async fn nobody_may_send_more_than_the_limit() {
    let world = World::with(&[("JIMM_MAX_MESSAGE_SIZE", "2MiB")]).await;
    let stream = format!("/model/{}/log?replay=true", world.model);
    for path in ["/api", &world.model_path(), &stream] {
        for pieces in [false, true] {
            let mut ws =
                if path == stream { world.stream().await } else { Ws::logged_in(&world.app, path, &world.token).await };
            if pieces {
                for n in 0..5 {
                    ws.bytes(&frame(false, u8::from(n == 0), &vec![b' '; MIB])).await;
                }
            } else {
                ws.bytes(&large(5 * MIB)).await;
            }
            let heard = ws.end().await;
            assert!(is_too_large(&heard), "{path}, in pieces: {pieces}: {heard:?}");
        }
        if path != stream {
            let mut ws = Ws::logged_in(&world.app, path, &world.token).await;
            ws.bytes(&large(MIB)).await;
            assert_eq!(ws.answer().await["response"], json!({}), "{path}");
        }
    }
    world.serves().await;
}

#[tokio::test]
async fn large_heads_and_bodies_are_turned_away_unread() {
    let world = World::new().await;
    let app = &world.app;
    let before = memory(app);
    let charm = format!("/model/{}/charms/a-1234567", world.model);
    let body = vec![b'x'; 8 * MIB];
    for (path, status) in [
        ("/", 400),
        ("/api", 400),
        ("/nothing", 404),
        ("/.well-known/jwks.json", 405),
        ("/readyz", 405),
        (&world.model_path(), 400),
        (&charm, 401),
        ("/model/x/y", 404),
    ] {
        for how in ["Content-Length: 8388608", "Content-Length: 1099511627776", "Transfer-Encoding: chunked"] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{how}\r\n\r\n");
            let mut request = head.into_bytes();
            if how.starts_with("Transfer") {
                request.extend_from_slice(b"800000\r\n");
            }
            request.extend_from_slice(&body);
            let (answer, _) = https(app, &request).await;
            // An end without an answer may be seen by who is still sending; a wrong answer may not.
            let told = answer.split(' ').nth(1).unwrap_or_default();
            assert!(told == status.to_string() || told.is_empty(), "{path}, {how}: {answer:.300}");
        }
        let (answer, _) = https(app, format!("GET {path} HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(MIB)).as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{path}: {answer:.300}");
    }
    world.serves().await;
    assert!(memory(app) < before + 100, "{} MiB, before {before} MiB", memory(app));
}

#[tokio::test]
async fn names_and_lists_of_any_length_are_answered() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut ws = Ws::logged_in(&app, "/api", &token).await;
    let tags: Vec<_> = (0..10_000).map(|n| json!({"tag": format!("model-{n}")})).collect();
    let answer = ws.call("ModelManager(9).ModelInfo", &json!({"entities": tags})).await;
    assert_eq!(answer["response"]["results"].as_array().map(Vec::len), Some(10_000));
    let long = "x".repeat(4 * MIB);
    let answer = ws.call("ModelManager(9).ModelInfo", &json!({"entities": [{"tag": long}]})).await;
    assert_eq!(answer["response"]["results"][0]["error"]["code"], "bad request");
    assert!(answer.to_string().len() < 1000, "it is sent back: {:.300}", answer.to_string());
    let longest = app.broker_log().lines().map(str::len).max().expect("lines");
    assert!(longest < 4000, "a line of {longest} bytes");
    serves(&app, &token).await;
}
