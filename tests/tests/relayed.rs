//! Working on models through the broker, with simulated controllers that check tokens as real ones do.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::AUTHORIZATION;
use jimm_rpc::{CallError, DialOptions, JUJU_SERVER_NAME, Target, Tls};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::given;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_tungstenite::tungstenite::Message;

const DEADLINE: Duration = Duration::from_secs(30);

/// A broker with its controllers attached and a model of the admin's on the first one.
async fn with_model(shapes: [&str; 2]) -> (TestApp, String) {
    let app = TestApp::with(AppOptions { sims: shapes.map(str::to_owned).to_vec(), env: Vec::new() }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = app.jimmctl(&["import-model", "sim1", &uuid, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    (app, uuid)
}

#[tokio::test]
async fn a_local_charm_goes_up_and_the_log_comes_down() {
    for shape in ["3.6", "4.0"] {
        let (app, uuid) = with_model([shape, shape]).await;
        let token = app.token(ADMIN).await.expect("the device flow");
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(app.door.ca.as_bytes()).expect("a certificate");
        let http = reqwest::Client::builder().tls_certs_only([root]).build().expect("a client");
        let charm = vec![0x50_u8; 300_000];
        let hash = hex::encode(Sha256::digest(&charm));
        let url = format!("https://{}/model-{uuid}/charms/rig-{}", app.door.address, &hash[..7]);
        let put = http.put(&url).basic_auth("", Some(&token)).header("content-type", "application/zip");
        let answer = put.header("juju-curl", "local:rig-0").body(charm.clone()).send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("charm-url") && headers.contains_key("juju-curl"), "{body} {headers:?}");
        let back = http.get(&url).basic_auth("", Some(&token)).send().await.expect("an answer");
        assert_eq!(back.bytes().await.expect("a body"), charm);

        let tls = Tls::Ca { pem: app.door.ca.clone(), server_name: JUJU_SERVER_NAME.into() };
        let path = format!("/model/{uuid}/log?replay=true&noTail=true");
        let target = Target { addresses: vec![app.door.address.clone()], path, tls };
        let basic = format!("Basic {}", STANDARD.encode(format!(":{token}")));
        let headers = vec![(AUTHORIZATION, basic.parse().expect("a header"))];
        let options = DialOptions { headers, ..DialOptions::default() };
        let mut log = jimm_rpc::dial_socket(&target, &options).await.expect("a stream");
        let first =
            tokio::time::timeout(DEADLINE, log.next()).await.expect("in time").expect("a frame").expect("a text");
        assert_eq!(first, Message::text("{}\n"), "{shape}");
    }
}

#[tokio::test]
async fn a_reader_reads_and_does_not_write() {
    let (app, uuid) = with_model(["3.6", "4.0"]).await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    let change = json!({"changes": [{"user-tag": "user-bob@example.com", "model-tag": format!("model-{uuid}"), "action": "grant", "access": "read"}]});
    assert!(app.connect_model(&uuid, "bob@example.com").await.is_err(), "nobody yet");
    let granted: Value = admin.call("ModelManager", 10, "ModifyModelAccess", &change, DEADLINE).await.expect("granted");
    assert_eq!(granted["results"][0].get("error"), None, "{granted}");
    let bob = app.connect_model(&uuid, "bob@example.com").await.expect("a reader");
    let status: Value = bob.call("Client", 8, "FullStatus", &json!({}), DEADLINE).await.expect("he reads");
    assert_eq!(status["model"]["name"], "shop");
    let set = json!({"config": {"logging-config": "<root>=DEBUG"}});
    match bob.call::<_, Value>("ModelConfig", 3, "ModelSet", &set, DEADLINE).await {
        Err(CallError::Remote(error)) => assert_eq!(error.code, "unauthorized access", "{error:?}"),
        other => panic!("he writes: {other:?}"),
    }
}

#[tokio::test]
async fn a_move_closes_open_connections_and_they_lead_to_the_new_home() {
    let (app, uuid) = with_model(["3.6", "4.0"]).await;
    let before = app.connect_model(&uuid, ADMIN).await.expect("the owner");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    tokio::time::timeout(DEADLINE, before.closed()).await.expect("it is closed");
    let reason = before.close_reason().unwrap_or_default().to_owned();
    assert!(reason.contains("the model has moved"), "{reason}");
    let token = app.token(ADMIN).await.expect("the device flow");
    let (after, login) = app.door.to_model(&uuid, &token).await.expect("the same URL");
    assert!(login.server_version.starts_with("4."), "{}", login.server_version);
    assert_eq!(login.controller_tag, format!("controller-{}", app.plan.uuid));
    let status: Value = after.call("Client", 8, "FullStatus", &json!({}), DEADLINE).await.expect("it answers");
    assert_eq!(status["model"]["name"], "shop");
}

/// A controller of 3.6 runs command lines for whoever the frames name; one of 4.x has no such stream, and is not taken for one
/// that is away for that.
#[tokio::test]
async fn command_lines_reach_a_controller_that_runs_them() {
    for (shape, serves) in [("3.6", true), ("4.0", false)] {
        let (app, uuid) = with_model([shape, shape]).await;
        let token = app.token(ADMIN).await.expect("the device flow");
        let open = async || {
            let tls = Tls::Ca { pem: app.door.ca.clone(), server_name: JUJU_SERVER_NAME.into() };
            let path = format!("/model/{uuid}/commands");
            let target = Target { addresses: vec![app.door.address.clone()], path, tls };
            let basic = format!("Basic {}", STANDARD.encode(format!(":{token}")));
            let headers = vec![(AUTHORIZATION, basic.parse().expect("a header"))];
            let options = DialOptions { headers, ..DialOptions::default() };
            jimm_rpc::dial_socket(&target, &options).await.expect("a stream")
        };
        let mut stream = open().await;
        let mut hear = async || -> Value {
            let heard = tokio::time::timeout(DEADLINE, stream.next()).await.expect("in time").expect("a frame");
            serde_json::from_str(heard.expect("a frame").to_text().expect("a text")).expect("JSON")
        };
        let first = hear().await;
        if !serves {
            assert_eq!(first["error"]["code"], "not found", "{first}");
            assert_eq!(first["error"]["message"], "controller sim1 serves no \"commands\"");
            for _ in 0..10 {
                drop(open().await);
            }
            let model = app.connect_model(&uuid, ADMIN).await.expect("the controller is there");
            let status: Value = model.call("Client", 8, "FullStatus", &json!({}), DEADLINE).await.expect("it answers");
            assert_eq!(status["model"]["name"], "shop");
            continue;
        }
        assert_eq!(first, json!({}));
        let plan = &app.sims[0].plan;
        for (password, expected) in [
            (plan.password.as_str(), vec![json!({"output": ["admin ran status"]}), json!({"done": true})]),
            (
                "wrong",
                vec![json!({"error": {"message": "macaroon discharge required: authentication required",
                "code": "macaroon discharge required"}, "done": true})],
            ),
        ] {
            let asked = json!({"user": plan.user, "credentials": password, "commands": ["status"]});
            stream.send(Message::text(asked.to_string())).await.expect("it is sent");
            for answer in expected {
                let heard = tokio::time::timeout(DEADLINE, stream.next()).await.expect("in time").expect("a frame");
                let heard: Value =
                    serde_json::from_str(heard.expect("a frame").to_text().expect("a text")).expect("JSON");
                assert_eq!(heard, answer);
            }
        }
    }
}
