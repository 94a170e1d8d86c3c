//! Rights that are taken away, on whichever replica: what is open by them ends within a second, everywhere.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use jimm_rpc::{Connection, Socket};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::client::Door;
use jimm_tests::process::eventually;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{ALICE, BOB, DEADLINE, admin, call, jimm, log_of, model_of_alice, second_door};

/// What is promised; and longer may no end take, however much else the machine has to do.
const PROMISED: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(5);
const CHANGED: &str = "your rights on the model have changed: connect again";

/// What somebody has open on one replica.
struct Open {
    model: Connection,
    log: Socket,
    /// A charm that is still being sent; whether it was taken.
    upload: JoinHandle<bool>,
    api: Connection,
}

impl Open {
    async fn at(app: &TestApp, door: &Door, model: &str, email: &str) -> Self {
        let token = app.token(email).await.expect("a token");
        let api = door.with_token(&token).await.expect("a login").0;
        let log = log_of(door, model, &token).await;
        let upload = upload(door, model, &token).await;
        let open = Self { model: door.to_model(model, &token).await.expect("a model").0, log, upload, api };
        open.works(model).await;
        open
    }

    async fn works(&self, model: &str) {
        let status = call(&self.model, "Client", 8, "FullStatus", json!({"patterns": null})).await.expect("a status");
        assert_eq!(status["model"]["name"], "shop");
        assert_eq!(self.sees(model).await, Ok(()));
        assert!(!self.upload.is_finished());
    }

    async fn sees(&self, model: &str) -> Result<(), String> {
        let params = json!({"entities": [{"tag": format!("model-{model}")}]});
        let info = call(&self.api, "ModelManager", 10, "ModelInfo", params).await.expect("an answer");
        info["results"][0]["error"]["code"].as_str().map_or(Ok(()), |code| Err(code.to_owned()))
    }

    /// All of it has ended, and says why.
    async fn ended(mut self, model: &str) {
        tokio::time::timeout(DEADLINE, self.model.closed()).await.expect("the model connection is closed");
        assert_eq!(self.model.close_reason(), Some(format!("by the peer: {CHANGED}").as_str()));
        let told = async {
            loop {
                if let Message::Close(frame) = self.log.next().await.expect("a close frame").expect("a frame") {
                    return frame.expect("a reason");
                }
            }
        };
        let frame = tokio::time::timeout(DEADLINE, told).await.expect("the stream is closed");
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1001, CHANGED));
        let taken = tokio::time::timeout(DEADLINE, &mut self.upload).await.expect("the transfer ends");
        assert!(!taken.expect("no panic"), "half a charm is no charm");
        assert_eq!(self.sees(model).await, Err("unauthorized access".to_owned()));
    }
}

/// Sends a charm without end; answers when so much has gone that the broker must be passing it on. In the end it tells
/// whether the charm was taken.
async fn upload(door: &Door, model: &str, token: &str) -> JoinHandle<bool> {
    const SENT: usize = 512;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(door.ca.as_bytes()).expect("a certificate");
    let http = reqwest::Client::builder().tls_certs_only([root]).build().expect("a client");
    let (passing, passed) = oneshot::channel();
    let mut passing = Some(passing);
    let chunks = stream::iter(0..=SENT).then(move |count| {
        let passing = if count == SENT { passing.take() } else { None };
        async move {
            if let Some(passing) = passing {
                let _ = passing.send(());
                std::future::pending::<()>().await;
            }
            Ok::<_, std::io::Error>(vec![0x50_u8; 65_536])
        }
    });
    let put = http
        .put(format!("https://{}/model-{model}/charms/rig-0123456", door.address))
        .basic_auth("", Some(token))
        .body(reqwest::Body::wrap_stream(chunks));
    #[expect(clippy::disallowed_methods, reason = "it ends with what it waits for")]
    let upload = tokio::spawn(async move { put.send().await.is_ok_and(|answer| answer.status().is_success()) });
    tokio::time::timeout(DEADLINE, passed).await.expect("it is passed on").expect("it is not refused");
    upload
}

#[tokio::test]
async fn what_is_open_ends_within_a_second_on_every_replica() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    let model = model_of_alice(&app).await;
    let second = second_door(&app).await;
    let admin = admin(&app).await;
    let alice = Open::at(&app, &second, &model, ALICE).await;
    let tag = format!("model-{model}");
    let tuple = |object: &str, relation: &str, target: &str| json!({"tuples": [{"object": object, "relation": relation, "target_object": target}]});
    let bob = format!("user-{BOB}");
    jimm(&admin, "AddGroup", json!({"name": "devs"})).await.expect("a group");
    let (of_group, of_model) = (tuple(&bob, "member", "group-devs"), tuple("group-devs#member", "writer", &tag));
    let change = |action: &str| json!({"changes": [{"user-tag": bob, "model-tag": tag, "action": action, "access": if action == "grant" { "write" } else { "read" }}]});
    let mut quickest = AT_MOST;
    for way in ["granted", "by a group"] {
        if way == "granted" {
            call(&alice.api, "ModelManager", 10, "ModifyModelAccess", change("grant")).await.expect("granted");
        } else {
            jimm(&admin, "AddRelation", of_group.clone()).await.expect("a member");
            jimm(&admin, "AddRelation", of_model.clone()).await.expect("a right");
        }
        let open = [Open::at(&app, &app.door, &model, BOB).await, Open::at(&app, &second, &model, BOB).await];
        let began = Instant::now();
        if way == "granted" {
            call(&alice.api, "ModelManager", 10, "ModifyModelAccess", change("revoke")).await.expect("revoked");
        } else {
            jimm(&admin, "RemoveRelation", of_group.clone()).await.expect("no member any more");
        }
        for open in open {
            open.ended(&model).await;
        }
        let took = began.elapsed();
        println!("{way}: everything ended after {took:?}");
        assert!(took < AT_MOST, "{way}: it took {took:?}");
        quickest = quickest.min(took);
    }
    assert!(quickest < PROMISED, "{quickest:?}");
    alice.works(&model).await;
    alice.upload.abort();
    eventually("nothing is counted any more", DEADLINE, || async {
        let cut = app.broker_log().matches("request cut off").count();
        (cut == 4).then_some(())
    })
    .await;
}
