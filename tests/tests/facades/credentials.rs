//! Credentials that are uploaded and revoked while something else happens to them, or to the models that use them.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use jimm_store::jobs::{self, NewJob};
use jimm_store::migrations::{self, NewMigration};
use jimm_tests::process::eventually;
use serde_json::{Value, json};

use crate::scripted::Scripted;
use crate::support::{ALICE, World};

const LONG: Duration = Duration::from_secs(30);
const UPDATE: &str = "Cloud(7).UpdateCredentialsCheckModels";
const REVOKE: &str = "Cloud(7).RevokeCredentialsCheckModels";

fn upload(password: &str) -> Value {
    let credential = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": password}});
    let tagged = json!({"tag": format!("cloudcred-stub_{ALICE}_default"), "credential": credential});
    json!({"credentials": [tagged], "force": true})
}

/// The first call of the method waits until the sender says so; all are answered with this.
fn held(host: &Scripted, method: &str, with: Value) -> Sender<()> {
    let (go, waits) = channel();
    let first = std::sync::Mutex::new(Some(waits));
    host.on(method, move |_| {
        if let Some(waits) = first.lock().unwrap().take() {
            // Whoever else this thread was to run is run by another one.
            tokio::task::block_in_place(|| waits.recv_timeout(LONG)).unwrap();
        }
        Ok(with.clone())
    });
    go
}

fn passwords(host: &Scripted) -> Vec<String> {
    let calls = host.calls("Cloud.UpdateCredentialsCheckModels");
    let password = |params: &Value| params["credentials"][0]["credential"]["attrs"]["password"].to_string();
    calls.iter().map(|call| password(&call.params).replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_uploads_at_once_controllers_have_what_is_stored_in_the_end() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    world.model(ALICE, "m1", &world.older).await;
    let go = held(&world.older, "Cloud.UpdateCredentialsCheckModels", json!({"results": [{"tag": "x"}]}));
    let stored = async |than: &str| {
        let sql = format!("SELECT encode(sealed, 'hex') FROM credentials WHERE encode(sealed, 'hex') <> '{than}'");
        eventually("it is stored", LONG, || async { world.db.fetch(&sql).await.unwrap() }).await
    };
    let before = stored("").await;
    let both = async {
        let other = async {
            let first = stored(&before).await;
            let came = async || (!passwords(&world.older).is_empty()).then_some(());
            eventually("the controller is told of the first", LONG, came).await;
            let client = world.login(ALICE).await;
            let second = async {
                stored(&first).await;
                go.send(()).unwrap();
            };
            tokio::join!(client.entry_error(UPDATE, upload("second")), second).0
        };
        tokio::join!(alice.entry_error(UPDATE, upload("first")), other)
    };
    assert_eq!(both.await, (String::new(), String::new()));
    assert_eq!(passwords(&world.older), ["first", "second", "second"], "each looks whether it is still the last word");
}

#[tokio::test]
async fn an_upload_reaches_models_that_are_made_and_that_move() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    for host in [&world.older, &world.newer] {
        host.answer("Cloud.UpdateCredentialsCheckModels", json!({"results": [{"tag": "x"}]}));
    }
    let uuid = world.model(ALICE, "m1", &world.older).await;
    world.db.execute("UPDATE models SET mode = 'creating'").await.unwrap();
    assert_eq!(alice.entry_error(UPDATE, upload("one")).await, "");
    assert_eq!((passwords(&world.older), passwords(&world.newer)), (vec!["one".to_owned()], vec![]));

    let mut conn = world.store().acquire().await.unwrap();
    let job = NewJob { kind: "migrate-model".into(), key: uuid.to_string(), step: "done".into(), ..NewJob::default() };
    let job = jobs::enqueue(&mut conn, &job).await.unwrap().0;
    let (source, target) = (world.older.uuid, world.newer.uuid);
    let new = NewMigration {
        plan_id: None,
        model_uuid: uuid,
        model_name: "m1".into(),
        source_uuid: source,
        source_name: "older".into(),
        target_uuid: target,
        target_name: "newer".into(),
        machines: 0,
        units: 0,
        requested_by: ALICE.into(),
        job_id: job.id,
    };
    migrations::insert(&mut conn, &new).await.unwrap();
    assert_eq!(alice.entry_error(UPDATE, upload("two")).await, "");
    assert_eq!(passwords(&world.newer), ["two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_credential_that_a_model_came_to_use_meanwhile_is_kept() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let go = held(&world.older, "Cloud.RevokeCredentialsCheckModels", json!({"results": [{}]}));
    world.newer.answer("Cloud.RevokeCredentialsCheckModels", json!({"results": [{}]}));
    let tag = format!("cloudcred-stub_{ALICE}_default");
    let used = async {
        eventually("the other one was asked", LONG, || async {
            (!world.newer.calls("Cloud.RevokeCredentialsCheckModels").is_empty()).then_some(())
        })
        .await;
        world.model(ALICE, "m1", &world.newer).await;
        go.send(()).unwrap();
    };
    let revoke = json!({"credentials": [{"tag": tag, "force": false}]});
    let (refused, ()) = tokio::join!(alice.entry_error(REVOKE, revoke), used);
    assert_eq!(refused, "cloud credential still used by 1 model(s) (bad request)");
    assert_eq!(world.db.fetch("SELECT count(*)::text FROM credentials").await.unwrap().as_deref(), Some("1"));
}
