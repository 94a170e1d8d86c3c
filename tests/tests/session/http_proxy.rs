//! Requests that go on to a model's home: charms, resources, agent binaries.

use bytes::Bytes;
use futures_util::stream;
use jimm_store::models;

use crate::support::{ALICE, BOB, World, http_client};

#[tokio::test]
async fn a_charm_goes_on_as_a_stream_with_a_token_in_place_of_the_clients() {
    let world = World::new().await;
    let model = world.model().await;
    let path = format!("/model-{model}/charms/rig-0123456?x=1");
    let chunks = stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; 65536]))));
    let answer = http_client()
        .put(world.http(&path))
        .basic_auth("", Some(World::token(ALICE)))
        .header("content-type", "application/zip")
        .header("juju-curl", "local:rig-0")
        .body(reqwest::Body::wrap_stream(chunks))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["juju-curl"], "local:rig-1");
    assert_eq!(answer.text().await.expect("a body"), r#"{"charm-url":"local:rig-1"}"#);
    let arrived = &world.home.arrived()[0];
    assert_eq!((arrived.kind.as_str(), arrived.path.as_str()), ("PUT", path.as_str()));
    assert_eq!(arrived.body, format!("{} bytes", 64 * 65536));
    assert!(arrived.headers.contains(&"juju-curl: local:rig-0".to_owned()));
    assert!(arrived.headers.iter().any(|line| line.starts_with("authorization: Bearer ")));
    assert!(!arrived.headers.iter().any(|line| line.contains("Basic")));
}

#[tokio::test]
async fn service_accounts_may_too() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant("svc@serviceaccount", "reader", "model", &model.to_string()).await;
    let get = http_client().get(world.http(&format!("/model/{model}/applications/pg/resources/image")));
    let answer = get.basic_auth("svc", Some("svc-secret")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn rights_are_asked_before_anything_is_dialled() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(BOB, "reader", "model", &model.to_string()).await;
    let path = world.http(&format!("/model-{model}/charms/rig-0123456"));
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status().as_u16();
    let http = http_client();
    assert_eq!(status(http.put(&path).body("zip")).await, 401);
    assert_eq!(status(http.put(&path).basic_auth("", Some("nonsense")).body("zip")).await, 401);
    assert_eq!(status(http.put(&path).basic_auth("", Some(World::token(BOB))).body("zip")).await, 403);
    let nowhere = world.http(&format!("/model-{}/charms/rig-0123456", uuid::Uuid::new_v4()));
    assert_eq!(status(http.get(&nowhere).basic_auth("", Some(World::token(ALICE)))).await, 404);
    let other = world.http(&format!("/model/{model}/introspection/metrics"));
    assert_eq!(status(http.get(&other).basic_auth("", Some(World::token(ALICE)))).await, 404);
    assert!(world.home.arrived().is_empty());
    assert_eq!(status(http.get(&path).basic_auth("", Some(World::token(BOB)))).await, 200, "reading is allowed");
    let mut conn = world.store().acquire().await.expect("a connection");
    models::set_mode(&mut conn, model, models::MODE_NONE, models::MODE_MIGRATING).await.expect("an update");
    let answer = http.put(&path).basic_auth("", Some(World::token(ALICE))).body("zip").send().await.expect("an answer");
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.expect("a body").contains("model migration in progress"));
}

#[tokio::test]
async fn a_home_that_is_not_there_is_a_gateway_timeout() {
    let world = World::with(&[("JIMM_CONTROLLER_DIAL_TIMEOUT", "1s")]).await;
    let model = world.model().await;
    world.lose_home().await;
    let get = http_client().get(world.http(&format!("/model/{model}/charms?url=local:rig-1")));
    let answer = get.basic_auth("", Some(World::token(ALICE))).send().await.expect("an answer");
    assert_eq!(answer.status(), 504);
}
