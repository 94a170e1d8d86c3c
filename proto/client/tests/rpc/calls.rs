//! Calls on a connection: many in flight, answers in any order, and every way in which one can end badly.

use std::time::{Duration, Instant};

use crate::support::{SHORT, SOON, Server, Socket, answer, next, next_id, quiet, say};
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{CallError, Connection, DialOptions, Pings, best_version, dial, login};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

async fn call(connection: &Connection, deadline: Duration) -> Result<Value, CallError> {
    connection.call("Client", 8, "FullStatus", &json!({}), deadline).await
}

#[tokio::test]
async fn answers_come_in_any_order() {
    const CALLS: u64 = 100;
    let server = Server::start(|mut socket| async move {
        let mut asked = Vec::new();
        for _ in 0..CALLS {
            let text = next(&mut socket).await.expect("a request");
            asked.push(serde_json::from_str::<Value>(&text).expect("JSON"));
        }
        for request in asked.iter().rev() {
            let id = request["request-id"].as_u64().expect("an id");
            answer(&mut socket, id, &request["params"].to_string()).await;
        }
        next(&mut socket).await;
    })
    .await;
    let connection = server.dial().await;
    let calls = (0..CALLS).map(|n| {
        let connection = connection.clone();
        async move { connection.call::<_, Value>("A", 1, "Echo", &json!({ "n": n }), SOON).await }
    });
    for (n, answer) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer.expect("an answer"), json!({ "n": n }));
    }
}

#[tokio::test]
async fn requests_are_written_as_clients_write_them() {
    let server = Server::start(|mut socket| async move {
        while let Some(text) = next(&mut socket).await {
            answer(
                &mut socket,
                serde_json::from_str::<Value>(&text).expect("JSON")["request-id"].as_u64().expect("id"),
                &text,
            )
            .await;
        }
    })
    .await;
    let connection = server.dial().await;
    let echo = connection.call_on("9", "StringsWatcher", 1, "Next", &json!({}), SOON).await.expect("an answer");
    let expected = r#"{"request-id":1,"type":"StringsWatcher","version":1,"id":"9","request":"Next","params":{}}"#;
    assert_eq!(echo.get(), expected);
    let echo = connection.call_raw("X", 0, "Y", &(), SOON).await.expect("an answer");
    assert_eq!(echo.get(), r#"{"request-id":2,"type":"X","request":"Y","params":{}}"#);
}

#[tokio::test]
async fn an_answer_may_come_in_fragments() {
    let server = Server::start(|mut socket| async move {
        let id = next_id(&mut socket).await.expect("a request");
        let text = format!("{{\"request-id\":{id},\"response\":{{\"ü\":\"{}\"}}}}\n", "ä".repeat(5000));
        // Cut at odd bytes, also inside a letter.
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(997).collect();
        for (n, piece) in pieces.iter().enumerate() {
            let kind = if n == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(piece.to_vec(), OpCode::Data(kind), false);
            socket.send(Message::Frame(frame)).await.expect("sent");
            socket.send(Message::Ping(vec![1].into())).await.expect("sent");
        }
        let end = Frame::message(Vec::new(), OpCode::Data(Data::Continue), true);
        socket.send(Message::Frame(end)).await.expect("sent");
        next(&mut socket).await;
    })
    .await;
    let answer = call(&server.dial().await, SOON).await.expect("an answer");
    assert_eq!(answer["ü"].as_str().map(|s| s.chars().count()), Some(5000));
}

#[tokio::test]
async fn a_late_answer_harms_nobody() {
    let server = Server::start(|mut socket| async move {
        let first = next_id(&mut socket).await.expect("a request");
        let second = next_id(&mut socket).await.expect("a request");
        answer(&mut socket, first, r#"{"a":"late"}"#).await;
        say(&mut socket, r#"{"request-id":4711,"response":{}}"#).await;
        say(&mut socket, r#"{"request-id":1,"type":"You","request":"Ask"}"#).await;
        answer(&mut socket, second, r#"{"a":"good"}"#).await;
        next(&mut socket).await;
    })
    .await;
    let connection = server.dial().await;
    let error = call(&connection, SHORT).await.expect_err("no answer");
    assert!(matches!(&error, CallError::Deadline(what) if what.contains("Client(8).FullStatus")), "{error}");
    assert!(error.could_retry());
    assert_eq!(call(&connection, SOON).await.expect("an answer"), json!({"a": "good"}));
}

#[tokio::test]
async fn errors_keep_their_code_and_info() {
    let server = Server::start(|mut socket| async move {
        let id = next_id(&mut socket).await.expect("a request");
        let text = json!({"request-id": id, "error": "no", "error-code": "access required",
            "error-info": {"model-x": "write"}, "response": {}});
        say(&mut socket, &text.to_string()).await;
        let id = next_id(&mut socket).await.expect("a request");
        say(&mut socket, &json!({"request-id": id, "error": "went wrong"}).to_string()).await;
        let id = next_id(&mut socket).await.expect("a request");
        say(&mut socket, &json!({ "request-id": id }).to_string()).await;
        let id = next_id(&mut socket).await.expect("a request");
        answer(&mut socket, id, "\"no object\"").await;
        next(&mut socket).await;
    })
    .await;
    let connection = server.dial().await;
    let error = call(&connection, SOON).await.expect_err("refused");
    assert_eq!((error.to_string().as_str(), error.code()), ("no (access required)", "access required"));
    let CallError::Remote(remote) = error else { panic!("not the peer's: {error}") };
    assert_eq!(remote.info["model-x"], "write");
    assert_eq!(call(&connection, SOON).await.expect_err("refused").to_string(), "went wrong");
    // Neither a response nor an error: the method has no result.
    assert_eq!(call(&connection, SOON).await.expect("an answer"), json!({}));
    let unreadable = login(&connection, &LoginRequest::default(), SOON).await.expect_err("no login result");
    assert!(matches!(&unreadable, CallError::Decode(what) if what.contains("Admin(3).Login")), "{unreadable}");
}

/// Dials a peer that gets ten requests and then does as the script says; answers how the calls ended.
async fn fate<F, Fut>(options: DialOptions, script: F) -> Vec<String>
where
    F: Fn(Socket) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let server = Server::start(move |mut socket| {
        let script = script.clone();
        async move {
            for _ in 0..10 {
                next(&mut socket).await.expect("a request");
            }
            script(socket).await;
        }
    })
    .await;
    let connection = dial(&server.target(), &options).await.expect("a connection");
    let began = Instant::now();
    let ends = join_all((0..10).map(|_| call(&connection, SOON * 6))).await;
    assert!(began.elapsed() < SOON, "all fail at once, not at their deadline");
    timeout(SOON, connection.closed()).await.expect("the connection is closed");
    assert!(connection.is_closed());
    let after = call(&connection, SOON).await.expect_err("closed");
    assert!(matches!(after, CallError::Closed(_)), "{after}");
    ends.into_iter().map(|end| end.expect_err("no answer").to_string()).collect()
}

#[tokio::test]
async fn a_death_fails_all_calls_at_once() {
    for end in fate(quiet(), |socket| async move { drop(socket) }).await {
        assert_eq!(end, "connection closed: the peer went away");
    }
}

#[tokio::test]
async fn a_close_tells_its_reason() {
    let script = |mut socket: Socket| async move {
        let close = CloseFrame { code: CloseCode::Away, reason: "going down".into() };
        let _ = socket.close(Some(close)).await;
    };
    for end in fate(quiet(), script).await {
        assert_eq!(end, "connection closed: by the peer: going down");
    }
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection() {
    for end in fate(quiet(), |mut socket| async move {
        say(&mut socket, "what?").await;
        next(&mut socket).await;
    })
    .await
    {
        assert!(end.contains("malformed frame"), "{end}");
    }
}

#[tokio::test]
async fn too_long_a_message_ends_the_connection() {
    let options = DialOptions { max_message: 64 << 10, ..quiet() };
    for end in fate(options, |mut socket| async move {
        answer(&mut socket, 1, &format!("{:?}", "x".repeat(65 << 10))).await;
        next(&mut socket).await;
    })
    .await
    {
        assert!(end.contains("too long"), "{end}");
    }
}

/// Whole models travel in one message; the library's own limits (16 MiB a frame) are too low for them.
#[tokio::test]
async fn a_long_message_passes() {
    const LENGTH: usize = 20 << 20;
    let server = Server::start(|mut socket| async move {
        let id = next_id(&mut socket).await.expect("a request");
        answer(&mut socket, id, &format!("{:?}", "x".repeat(LENGTH))).await;
        next(&mut socket).await;
    })
    .await;
    let connection = server.dial().await;
    let body = connection.call_raw("Migration", 1, "Export", &json!({}), SOON * 3).await.expect("an answer");
    assert_eq!(body.get().len(), LENGTH + 2);
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dead() {
    let server = Server::start(|mut socket| async move {
        next(&mut socket).await.expect("the call");
        for _ in 0..2 {
            let text = next(&mut socket).await.expect("a ping");
            assert!(text.contains(r#""type":"Pinger","version":1,"request":"Ping","params":{}"#), "{text}");
            let id = serde_json::from_str::<Value>(&text).expect("JSON")["request-id"].clone();
            // Also a refusal shows life.
            say(&mut socket, &json!({"request-id": id, "error": "not logged in"}).to_string()).await;
        }
        while socket.next().await.is_some_and(|m| m.is_ok()) {}
    })
    .await;
    let pings = Some(Pings { every: SHORT / 4, timeout: SHORT });
    let connection = dial(&server.target(), &DialOptions { pings, ..quiet() }).await.expect("a connection");
    let waiting = call(&connection, SOON).await.expect_err("no answer");
    assert!(waiting.to_string().contains("no answer to a ping"), "{waiting}");
    assert!(connection.close_reason().is_some_and(|r| r.contains("ping")));
}

#[tokio::test]
async fn the_last_handle_closes_the_socket() {
    let server = Server::answering("{}").await;
    let connection = server.dial().await;
    let clone = connection.clone();
    drop(connection);
    call(&clone, SOON).await.expect("still open");
    drop(clone);
    timeout(SOON, async {
        while server.running() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the peer sees the end");
}

/// Who gives up waiting leaves nothing behind, and closing fails who still waits.
#[tokio::test]
async fn giving_up_and_closing() {
    let server = Server::start(|mut socket| async move { while next(&mut socket).await.is_some() {} }).await;
    let connection = server.dial().await;
    assert!(timeout(SHORT, call(&connection, SOON)).await.is_err(), "the caller went away");
    let (waiting, ()) = tokio::join!(call(&connection, SOON), async {
        tokio::time::sleep(SHORT / 4).await;
        connection.close();
    });
    assert_eq!(waiting.expect_err("closed").to_string(), "connection closed: closed by us");
}

#[tokio::test]
async fn a_login_tells_the_versions() {
    let server = Server::answering(
        r#"{"controller-tag":"controller-x","server-version":"3.6.11","facades":[{"name":"ModelManager","versions":[9,10]},{"name":"Empty","versions":null}],"servers":null}"#,
    )
    .await;
    let connection = server.dial().await;
    let result: LoginResult = login(&connection, &LoginRequest::default(), SOON).await.expect("a login");
    assert_eq!(best_version(&result, "ModelManager", &[9, 10, 11]), Some(10));
    assert_eq!(best_version(&result, "ModelManager", &[11]), None);
    assert_eq!(best_version(&result, "Empty", &[1]), None);
    assert_eq!(best_version(&result, "Other", &[1]), None);
}
