//! Frames that are none: the client is told by the code and the reason of the close, the log says it once.

use jimm_tests::broker::ADMIN;
use serde_json::json;

use crate::support::{World, broker, line_of, serves};
use crate::wire::{BINARY, Heard, TEXT, Ws, frame, head};

/// Bytes, and the close that they lead to.
fn malformed() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    let text = |text: &str| frame(true, TEXT, text.as_bytes());
    let request = |id: &str| text(&format!(r#"{{"request-id":{id},"type":"Pinger","version":1,"request":"Ping"}}"#));
    vec![
        ("not JSON", text("GET / HTTP/1.1"), 1002, "malformed frame"),
        ("empty", text(""), 1002, "malformed frame"),
        ("half of it", text(r#"{"request-id":1,"type":"Pin"#), 1002, "malformed frame"),
        ("two of them", text(r#"{"request-id":1,"type":"A"}{"request-id":2,"type":"B"}"#), 1002, "malformed frame"),
        ("a list", text("[]"), 1002, "malformed frame"),
        ("a number", text("7"), 1002, "malformed frame"),
        ("null", text("null"), 1002, "malformed frame"),
        ("a text", text(r#""request-id""#), 1002, "malformed frame"),
        ("no id", text(r#"{"type":"Pinger","version":1,"request":"Ping"}"#), 1002, "frame without request-id"),
        ("id 0", request("0"), 1002, "frame without request-id"),
        ("a negative id", request("-1"), 1002, "malformed frame"),
        ("a broken id", request("1.5"), 1002, "malformed frame"),
        ("a text id", request(r#""1""#), 1002, "malformed frame"),
        ("a huge id", request("18446744073709551616"), 1002, "malformed frame"),
        ("two ids", request(r#"1,"request-id":2"#), 1002, "malformed frame"),
        ("a broken version", text(r#"{"request-id":1,"type":"A","version":1.5,"request":"B"}"#), 1002, "malformed"),
        ("a list for a name", text(r#"{"request-id":1,"type":["A"],"request":"B"}"#), 1002, "malformed frame"),
        ("a bare NUL", text("{\"request-id\":1,\"type\":\"A\0\",\"request\":\"B\"}"), 1002, "malformed frame"),
        ("nested without end", text(&"[".repeat(100_000)), 1002, "malformed frame"),
        ("from before 2.0", text(r#"{"RequestId":1,"Type":"Admin","Request":"Login"}"#), 1002, "without request-id"),
        ("binary", frame(true, BINARY, b"{}"), 1003, "binary"),
        ("no UTF-8", frame(true, TEXT, b"{\"request-id\":\xff}"), 1007, "UTF-8"),
        ("unmasked", vec![0x81, 2, b'{', b'}'], 1002, ""),
        ("an unknown opcode", frame(true, 3, b"{}"), 1002, ""),
        (
            "reserved bits",
            {
                let mut it = frame(true, TEXT, b"{}");
                it[0] |= 0x70;
                it
            },
            1002,
            "",
        ),
        ("the end of nothing", frame(true, 0, b"{}"), 1002, ""),
        ("a ping in pieces", frame(false, 9, b"x"), 1002, ""),
        ("a long ping", frame(true, 9, &[b'x'; 126]), 1002, ""),
        ("a frame of 2^63 bytes", head(true, TEXT, 1 << 63), 1009, "too large"),
    ]
}

async fn sees_the_end(world: &World, mut client: Ws, lines: usize, case: (&str, &[u8], u16, &str), where_: &str) {
    let (what, bytes, code, reason) = case;
    client.bytes(bytes).await;
    let heard = client.end().await;
    match &heard {
        Heard::Closed(told, why) if *told == code && why.contains(reason) => {}
        other => panic!("{where_}, {what}: {other:?}"),
    }
    let told = crate::support::lines_of(&world.app, client.me, lines).await;
    assert_eq!(told.len(), lines, "{where_}, {what}: {told:#?}");
    let last = told.last().expect("a line");
    assert_eq!(last["close.code"], code, "{where_}, {what}: {last}");
    assert_eq!(last["level"], "INFO", "{where_}, {what}: {last}");
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_with_a_reason() {
    let world = World::new().await;
    let app = &world.app;
    for (what, bytes, code, reason) in malformed() {
        let case = (what, bytes.as_slice(), code, reason);
        let client = Ws::open(app, "/api", "").await;
        sees_the_end(&world, client, 1, case, "controller, before the login").await;
        let client = Ws::logged_in(app, "/api", &world.token).await;
        sees_the_end(&world, client, 2, case, "controller").await;
        let client = Ws::open(app, &world.model_path(), "").await;
        sees_the_end(&world, client, 1, case, "model, before the login").await;
        let client = Ws::logged_in(app, &world.model_path(), &world.token).await;
        sees_the_end(&world, client, 2, case, "model").await;
        let client = Ws::open(app, "/model/nonsense/api", "").await;
        sees_the_end(&world, client, 1, case, "nowhere").await;
    }
    world.serves().await;
}

#[tokio::test]
async fn odd_frames_that_are_frames_are_answered() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut client = Ws::logged_in(&app, "/api", &token).await;
    // In pieces, with a ping between them, and pieces of nothing.
    let ping = br#"{"request-id":9,"type":"Pinger","version":1,"request":"Ping"}"#;
    client.bytes(&frame(false, TEXT, &ping[..5])).await;
    client.bytes(&frame(true, 9, b"are you there")).await;
    client.bytes(&frame(false, 0, b"")).await;
    client.bytes(&frame(true, 0, &ping[5..])).await;
    assert_eq!(client.answer().await, json!({"request-id": 9, "response": {}}));
    // Byte by byte.
    for byte in frame(true, TEXT, ping) {
        client.bytes(&[byte]).await;
    }
    assert_eq!(client.answer().await["request-id"], 9);
    // Answers to nothing are passed over.
    client.text(r#"{"request-id":77,"response":{}}"#).await;
    client.text(r#"{"request-id":78,"error":"no"}"#).await;
    // The same number twice: two answers.
    for _ in 0..2 {
        client.text(r#"{"request-id":5,"type":"Nobody","version":1,"request":"Knows"}"#).await;
    }
    for _ in 0..2 {
        assert_eq!(client.answer().await["error-code"], "not implemented");
    }
    client.text(r#"{"request-id":18446744073709551615,"type":"Pinger","version":1,"request":"Ping"}"#).await;
    assert_eq!(client.answer().await["request-id"], u64::MAX);
    // Parameters of another type than the method's, deep ones, doubled ones.
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for params in ["7", "[]", "\"x\"", &deep, r#"{"entities":7}"#, r#"{"entities":[],"entities":[]}"#] {
        let text =
            format!(r#"{{"request-id":6,"type":"ModelManager","version":9,"request":"ModelInfo","params":{params}}}"#);
        client.text(&text).await;
        let answer = client.answer().await;
        let shown: String = answer.to_string().chars().take(200).collect();
        assert_eq!(answer["error-code"], "bad request", "{params:.40}: {shown}");
        assert!(shown.len() < 300 && shown.contains("cannot read the parameters"), "{params:.40}: {shown}");
    }
    serves(&app, &token).await;
}

#[tokio::test]
async fn a_stream_and_its_client_part_over_a_bad_frame() {
    let world = World::new().await;
    for (what, bytes, code, reason) in malformed() {
        // Texts that a client sends on a stream go on to the controller, whatever they are.
        if matches!(code, 1002) && !reason.is_empty() {
            continue;
        }
        let mut client = world.stream().await;
        assert_eq!(client.hear().await, Heard::Text("{}\n".into()), "{what}");
        client.bytes(&bytes).await;
        match client.end().await {
            Heard::Closed(told, why) if told == code && why.contains(reason) => {}
            other => panic!("{what}: {other:?}"),
        }
        let line = line_of(&world.app, client.me).await;
        assert_eq!(line["close.code"], code, "{what}: {line}");
    }
    world.serves().await;
}
