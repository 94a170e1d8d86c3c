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

/// Method, path below the model, headers.
type Sent<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Everything that clients send below a model, in both shapes of path: it reaches the home as it was, with what it says of
/// itself, and nothing that was for the broker only.
#[tokio::test]
async fn every_request_below_a_model_reaches_its_home_unharmed() {
    let world = World::new().await;
    let model = world.model().await;
    let sha = ("content-sha384", "ab12");
    let named = ("content-disposition", "form-data; filename=\"=?UTF-8?B?w6Q=?=\"");
    let octets = ("content-type", "application/octet-stream");
    let zip = ("content-type", "application/zip");
    let version = ("x-juju-clientversion", "3.6.11");
    let rows: [Sent; 13] = [
        ("PUT", "charms/rig-0123456", &[zip, ("juju-curl", "local:rig-0"), version]),
        ("GET", "charms/rig-0123456", &[version]),
        ("GET", "charms?url=local%3Arig-1&file=*", &[version]),
        ("GET", "charms?url=ch%3Aamd64%2Frig-1&file=icon.svg&icon=1", &[]),
        ("POST", "charms?series=noble&schema=local&revision=3", &[zip]),
        ("PUT", "applications/pg/resources/image?pendingid=a%20b&x=1&x=2", &[octets, sha, named]),
        ("GET", "applications/pg/resources/image", &[]),
        ("GET", "units/pg-0/resources/image", &[]),
        ("POST", "tools?binaryVersion=3.6.11-ubuntu-amd64", &[("content-type", "application/x-tar-gz")]),
        ("GET", "tools/3.6.11-ubuntu-amd64", &[]),
        ("GET", "rest/1.0/remote-application/pg/icon", &[]),
        ("PUT", "charms/r\u{e4}?q=%00%2F..%2F", &[zip]),
        ("HEAD", "charms/rig-0123456", &[]),
    ];
    let mut seen = 0;
    for (verb, path, headers) in rows {
        for shape in ["/model/", "/model-"] {
            let path = format!("{shape}{model}/{path}").replace('\u{e4}', "%C3%A4");
            let method = reqwest::Method::from_bytes(verb.as_bytes()).expect("a method");
            let mut request =
                http_client().request(method, world.http(&path)).basic_auth("", Some(World::token(ALICE)));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = if matches!(verb, "PUT" | "POST") { vec![7; 100_000] } else { Vec::new() };
            let answer = request.header("cookie", "").body(body.clone()).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{verb} {path}");
            assert_eq!(answer.headers()["juju-curl"], "local:rig-1", "{verb} {path}");
            let arrived = world.home.arrived().remove(seen);
            seen += 1;
            assert_eq!((arrived.kind.as_str(), arrived.path.as_str()), (verb, path.as_str()));
            assert_eq!(arrived.body, format!("{} bytes", body.len()), "{verb} {path}");
            for (name, value) in headers {
                assert!(arrived.headers.contains(&format!("{name}: {value}")), "{path}: {:?}", arrived.headers);
            }
            let ours = |line: &String| line.starts_with("cookie") || line.contains("Basic");
            assert!(!arrived.headers.iter().any(ours), "{path}: {:?}", arrived.headers);
        }
    }
}

#[tokio::test]
async fn what_is_of_a_controller_only_is_refused_with_a_reason() {
    let world = World::new().await;
    let model = world.model().await;
    for (verb, path) in [("GET", "backups"), ("POST", "backups"), ("GET", "backups/x")] {
        let method = reqwest::Method::from_bytes(verb.as_bytes()).expect("a method");
        let request = http_client().request(method, world.http(&format!("/model/{model}/{path}")));
        let request = request.header("content-type", "application/json").body(r#"{"id": "juju-backup.tar.gz"}"#);
        let answer = request.basic_auth("", Some(World::token(ALICE))).send().await.expect("an answer");
        assert_eq!(answer.status(), 405, "{verb} {path}");
        let told: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(told["error-code"], "not supported", "{told}");
        assert!(told["error"].as_str().is_some_and(|text| text.contains("whole controller")), "{told}");
    }
    for (path, status) in [
        ("/register", 404),
        ("/charms", 404),
        ("/tools/3.6.11-ubuntu-amd64", 404),
        (&format!("/model/{model}/introspection/metrics"), 404),
        (&format!("/model-{model}/objects/x"), 404),
    ] {
        let answer = http_client().get(world.http(path)).basic_auth("", Some(World::token(ALICE))).send().await;
        assert_eq!(answer.expect("an answer").status(), status, "{path}");
    }
    let health = http_client().get(world.http("/health")).send().await.expect("an answer");
    assert_eq!((health.status().as_u16(), health.text().await.expect("a text")), (200, "running\n".to_owned()));
    assert!(world.home.arrived().is_empty());
}

/// Libraries that know only names and passwords send the tag of a user.
#[tokio::test]
async fn the_tag_of_a_user_and_their_password_are_taken() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant("svc@serviceaccount", "reader", "model", &model.to_string()).await;
    let (alice, bob) = (World::token(ALICE), World::token(BOB));
    for (user, password, status) in [
        ("user-svc", "svc-secret", 200),
        ("user-svc@serviceaccount", "svc-secret", 200),
        ("user-alice@example.com", alice.as_str(), 200),
        ("user-svc", "wrong", 401),
        ("user-svc@serviceaccount", "", 401),
        ("user-alice@example.com", bob.as_str(), 401),
        ("user-alice@example.com", "wrong", 401),
        ("user-alice", alice.as_str(), 401),
        ("user-", alice.as_str(), 401),
        ("machine-0", "svc-secret", 401),
    ] {
        let get = http_client().get(world.http(&format!("/model/{model}/charms?url=local:rig-1")));
        let answer = get.basic_auth(user, Some(password)).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{user}: {:?}", answer.text().await);
    }
}
