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
    let (message, _) = first(&format!("/model/{model}/commands"), basic(ALICE)).await;
    assert_eq!(message, "unknown endpoint \"commands\"");
    let (message, code) = first("/model/nonsense/log", basic(ALICE)).await;
    assert_eq!((message.as_str(), code.as_str()), ("error parsing path: invalid path", Some("bad request")));
    assert!(world.home.arrived().is_empty());
}
