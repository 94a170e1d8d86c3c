//! `/log`: opened with the client's query and a token, passed on as it comes, errors in the first frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::support::{ALICE, BOB, World};

fn basic(user: &str) -> Vec<(HeaderName, HeaderValue)> {
    let value = format!("Basic {}", STANDARD.encode(format!(":{}", World::token(user))));
    vec![(AUTHORIZATION, value.parse().expect("a header"))]
}

#[tokio::test]
async fn the_log_of_a_model_passes_with_its_query() {
    let world = World::new().await;
    let model = world.model().await;
    let path = format!("/model/{model}/log?backlog=10&noTail=true&includeEntity=unit-a%2F0");
    let mut client = world.open(&path, basic(ALICE)).await;
    for expected in ["{}\n", "{\"msg\":\"one\"}\n", "{\"msg\":\"two\"}\n"] {
        assert_eq!(client.receive().await.expect("a line"), expected);
    }
    assert_eq!(client.closed().await.0, 1000);
    let arrived = &world.home.arrived()[0];
    assert_eq!(arrived.path, path);
    let authorization: Vec<_> = arrived.headers.iter().filter(|line| line.starts_with("authorization")).collect();
    assert_eq!(authorization.len(), 1);
    assert!(authorization[0].starts_with("authorization: Bearer "), "the client's own goes no further");
}

#[tokio::test]
async fn who_may_not_is_told_in_the_first_frame() {
    let world = World::new().await;
    let model = world.model().await;
    let path = format!("/model/{model}/log");
    let first = async |path: &str, headers| {
        let mut client = world.open(path, headers).await;
        let text = client.receive().await.expect("a frame");
        assert!(text.ends_with('\n'), "{text}");
        let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(client.closed().await.0, 1001);
        (frame["error"]["message"].as_str().expect("a text").to_owned(), frame["error"]["code"].clone())
    };
    let (message, code) = first(&path, Vec::new()).await;
    assert!(message.starts_with("authentication missing"), "{message}");
    assert_eq!(code, "unauthorized access");
    let (message, code) = first(&path, basic(BOB)).await;
    assert_eq!((message.as_str(), code.as_str()), ("model not found", Some("model not found")));
    for path in ["logsink", "logstream", "pubsub", "logs", "commands/x", "log/"] {
        let (message, code) = first(&format!("/model/{model}/{path}"), basic(ALICE)).await;
        assert_eq!(message, format!("unknown endpoint {path:?}"));
        assert_eq!(code, "not found");
    }
    for path in ["/log", "/commands", "/migrate", "/nonsense"] {
        let (message, code) = first(path, basic(ALICE)).await;
        assert_eq!((message, code.as_str()), (format!("unknown endpoint {path:?}"), Some("not found")));
    }
    let (message, code) = first("/model/nonsense/log", basic(ALICE)).await;
    assert_eq!((message.as_str(), code.as_str()), ("error parsing path: invalid path", Some("bad request")));
    assert!(world.home.arrived().is_empty());
}

/// Every parameter that clients of both generations know, some of them several times, in their order and as they were
/// written.
#[tokio::test]
async fn a_query_is_passed_on_letter_by_letter() {
    let world = World::new().await;
    let model = world.model().await;
    let query = "backlog=10&maxLines=7&noTail=true&replay=true&level=WARNING&startTime=2026-07-13T14%3A29%3A45.123456789Z\
        &includeEntity=unit-a-*&includeEntity=machine-0&excludeEntity=unit-b%2F1&includeModule=juju.worker&excludeModule=x\
        &includeLabel=a&excludeLabel=b&includeLabels=k%3Dv&excludeLabels=k%3Dw&firehose=true&version=2&new=%C3%A4+%26&empty=&bare";
    for path in [format!("/model/{model}/log?{query}"), format!("/model/{model}/log"), format!("/model-{model}/log?x")]
    {
        let mut client = world.open(&path, basic(ALICE)).await;
        assert_eq!(client.receive().await.expect("a line"), "{}\n");
        let arrived = world.home.arrived().pop().expect("it arrived");
        assert_eq!(arrived.path, path.replace("/model-", "/model/"));
    }
}

/// Command lines go to the home with a token, for those who may change the model, and not while it is moved.
#[tokio::test]
async fn commands_are_passed_on_for_those_who_may_write() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(BOB, "reader", "model", &model.to_string()).await;
    let path = format!("/model/{model}/commands");
    let first = async |headers| {
        let mut client = world.open(&path, headers).await;
        client.receive().await.expect("a frame")
    };
    assert!(first(Vec::new()).await.contains("unauthorized access"));
    let refused = first(basic(BOB)).await;
    assert!(refused.contains("permission denied") && refused.contains("unauthorized access"), "{refused}");
    assert!(world.home.arrived().is_empty());
    assert_eq!(first(basic(ALICE)).await, "{}\n");
    let arrived = world.home.arrived().pop().expect("it arrived");
    assert_eq!(arrived.path, path);
    assert!(arrived.headers.iter().any(|line| line.starts_with("authorization: Bearer ")), "{:?}", arrived.headers);
    let mut conn = world.store().acquire().await.expect("a connection");
    let (none, moving) = (jimm_store::models::MODE_NONE, jimm_store::models::MODE_MIGRATING);
    jimm_store::models::set_mode(&mut conn, model, none, moving).await.expect("an update");
    assert!(first(basic(ALICE)).await.contains("model migration in progress"));
}
