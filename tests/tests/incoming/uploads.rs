//! `/migrate/*`: streamed to the model's new controller, with the token of what was prepared and for that model only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http::StatusCode;
use jimm_rpc::{DialOptions, JUJU_SERVER_NAME, Target, Tls};
use jimm_tests::browser;
use jimm_tests::process::eventually;
use reqwest::{Body, Client, Method};

use crate::support::{ALICE, LONG, World};

const MODEL: &str = "X-Juju-Migration-Model-UUID";

async fn importing(world: &World) -> String {
    let token = world.prepare().await;
    world.source.failures().hold("VALIDATION").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    eventually("it waits for its agents", LONG, || async {
        let model = world.source.world().models.get(&world.model).cloned();
        model.and_then(|m| m.migration).filter(|m| m.phase == "VALIDATION").map(|_| ())
    })
    .await;
    token
}

async fn put(world: &World, client: &Client, authorization: &str, model: &str, path: &str) -> (StatusCode, String) {
    let url = format!("https://{}{path}", world.app.door.address);
    let request = client.request(Method::PUT, url).header("Authorization", authorization).header(MODEL, model);
    let answer = request.header("Juju-Curl", "local:x-0").body("archive").send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn what_comes_with_a_model_needs_its_token_and_its_time() {
    let world = World::new("3.6").await;
    let client = browser::client(&world.app).expect("a client");
    let (model, path) = (world.model.to_string(), "/migrate/charms/x-1234567");
    let basic = |user: &str, token: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{token}")));
    let token = world.prepare().await;
    let (status, text) = put(&world, &client, &basic("", &token), &model, path).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("model migration mode is \\\"prepared\\\" instead of \\\"importing\\\""), "{text}");

    let token = importing(&world).await;
    for good in [basic("", &token), basic("user-admin@example.com", &token), format!("Bearer {token}")] {
        let (status, text) = put(&world, &client, &good, &model, path).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    }
    let alice = world.app.token(ALICE).await.expect("a token");
    let other = uuid::Uuid::new_v4().to_string();
    for (authorization, model, path, expected) in [
        (basic("", "nonsense"), model.as_str(), path, StatusCode::UNAUTHORIZED),
        ("Bearer nonsense".to_owned(), &model, path, StatusCode::UNAUTHORIZED),
        (String::new(), &model, path, StatusCode::UNAUTHORIZED),
        (basic("", &alice), &model, path, StatusCode::FORBIDDEN),
        (basic("", &token), &other, path, StatusCode::BAD_REQUEST),
        (basic("", &token), "", path, StatusCode::BAD_REQUEST),
        (basic("", &token), "../x", path, StatusCode::BAD_REQUEST),
        (basic("", &token), &model, "/migrate/nothing", StatusCode::NOT_FOUND),
        (basic("", &token), &model, "/migrate/charms/a/b", StatusCode::NOT_FOUND),
    ] {
        let (status, text) = put(&world, &client, &authorization, model, path).await;
        assert_eq!(status, expected, "{path} of {model:?}: {text}");
    }
    let url = format!("https://{}{path}", world.app.door.address);
    let got = client.get(url).header("Authorization", basic("", &token)).header(MODEL, &model).send().await;
    assert_eq!(got.expect("an answer").status(), StatusCode::METHOD_NOT_ALLOWED);

    // A session that was ended takes its token along.
    let said = world.app.jimmctl(&["revoke-sessions", jimm_tests::broker::ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(put(&world, &client, &basic("", &token), &model, path).await.0, StatusCode::UNAUTHORIZED);
}

/// A body that is larger than the broker may grow by passes, and one that is cut off leaves nothing behind.
#[tokio::test]
async fn bodies_are_streamed_and_may_be_cut() {
    const PART: usize = 1 << 20;
    const PARTS: usize = 256;
    let world = World::new("3.6").await;
    let client = browser::client(&world.app).expect("a client");
    let token = importing(&world).await;
    let send = |parts: usize, cut: bool| {
        let ok = (0..parts).map(|_| Ok::<_, std::io::Error>(vec![7_u8; PART]));
        let end = cut.then(|| Err(std::io::Error::other("cut")));
        let body = Body::wrap_stream(futures_util::stream::iter(ok.chain(end)));
        let url = format!("https://{}/migrate/resources?name=r&application=web", world.app.door.address);
        let request = client.post(url).bearer_auth(&token).header(MODEL, world.model.to_string());
        request.header("Content-Type", "application/octet-stream").body(body).send()
    };
    let before = peak(&world);
    let answer = send(PARTS, false).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let grown = peak(&world) - before;
    assert!(grown < 100 << 10, "the broker grew by {grown} KiB for a body of 256 MiB");
    assert!(send(3, true).await.is_err(), "the sender gave up");
    assert_eq!(send(1, false).await.expect("an answer").status(), StatusCode::OK, "and it goes on");
}

/// The most memory that the broker ever had, in KiB.
fn peak(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.app.broker_pid())).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[tokio::test]
async fn logs_are_refused_in_the_first_frame() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    let first = async |authorization: String, model: String| {
        let tls = Tls::Ca { pem: world.app.door.ca.clone(), server_name: JUJU_SERVER_NAME.to_owned() };
        let target =
            Target { addresses: vec![world.app.door.address.clone()], path: "/migrate/logtransfer".into(), tls };
        let mut options = DialOptions::default();
        for (name, value) in [
            ("authorization", authorization),
            ("x-juju-migration-model-uuid", model),
            ("x-juju-clientversion", "3.6.11".into()),
        ] {
            let name = http::HeaderName::from_static(name);
            options.headers.push((name, value.parse().expect("a header")));
        }
        let mut socket = jimm_rpc::dial_socket(&target, &options).await.expect("it is accepted");
        let frame = tokio::time::timeout(LONG, socket.next()).await.expect("in time").expect("a frame").expect("whole");
        let told: serde_json::Value = serde_json::from_str(frame.to_text().expect("a text")).expect("JSON");
        told["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    let model = world.model.to_string();
    let basic = format!("Basic {}", STANDARD.encode(format!(":{token}")));
    let text = first(basic.clone(), model.clone()).await;
    assert_eq!(text, "model migration mode is \"prepared\" instead of \"active\"");
    assert!(first("Basic bm86".into(), model).await.starts_with("authentication failed"));
    assert!(first(basic, "nonsense".into()).await.contains("X-Juju-Migration-Model-UUID"));
}
