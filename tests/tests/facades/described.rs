//! What is remembered of models for `ModelInfo`: told without a look at their rows, until they change.

use std::time::Duration;

use jimm_tests::process::eventually;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;

use crate::scripted::Scripted;
use crate::support::{ALICE, Client, World};

const LONG: Duration = Duration::from_secs(60);
/// More than an answer from memory takes, and less than anybody waits for a lock.
const SOON: Duration = Duration::from_secs(2);
const INFO: &str = "ModelManager(10).ModelInfo";

fn named(model: Uuid) -> Value {
    json!({"entities": [{"tag": format!("model-{model}")}]})
}

/// Has a controller tell of a model, in words of its own.
fn tells(host: &Scripted, model: Uuid, status: &str) {
    let told =
        json!({"name": "m", "uuid": model, "life": "alive", "status": {"status": status, "info": "", "since": null}});
    host.answer("ModelManager.ModelInfo", json!({"results": [{"result": told}]}));
}

/// Asks until it is answered while nobody can read the rows.
async fn remembered(world: &World, client: &Client, model: Uuid) -> Value {
    eventually("it is remembered", LONG, || async {
        let mut lock = PgConnection::connect(&world.db.url).await.unwrap();
        lock.execute("BEGIN").await.unwrap();
        lock.execute("LOCK TABLE models, identities IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let asked = timeout(SOON, client.ok(INFO, named(model))).await;
        lock.close().await.unwrap();
        asked.ok().map(|told| told["results"][0]["result"].clone())
    })
    .await
}

async fn world() -> (World, Client, Uuid) {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let model = world.model(ALICE, "m", &world.older).await;
    tells(&world.older, model, "older");
    tells(&world.newer, model, "newer");
    (world, alice, model)
}

#[tokio::test]
async fn a_credential_that_the_broker_changed_is_told_at_once() {
    let (world, alice, model) = world().await;
    for host in [&world.older, &world.newer] {
        host.answer("Cloud.UpdateCredentialsCheckModels", json!({"results": [{"tag": "x"}]}));
    }
    world.older.answer("ModelManager.ChangeModelCredential", json!({"results": [{}]}));
    let tag = |name: &str| format!("cloudcred-stub_{ALICE}_{name}");
    let other = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": "p"}});
    let upload = json!({"credentials": [{"tag": tag("other"), "credential": other}], "force": true});
    assert_eq!(alice.entry_error("Cloud(7).UpdateCredentialsCheckModels", upload).await, "");
    // Postgres tells of it too, but later.
    world.db.execute("DROP TRIGGER models_described ON models").await.unwrap();
    let mut now = tag("default");
    for next in [tag("other"), tag("default"), tag("other"), tag("default")] {
        assert_eq!(remembered(&world, &alice, model).await["cloud-credential-tag"], json!(now));
        let change = json!({"model-credentials": [{"model-tag": format!("model-{model}"), "credential-tag": next}]});
        assert_eq!(alice.entry_error("ModelManager(10).ChangeModelCredential", change).await, "");
        let told = alice.ok(INFO, named(model)).await;
        assert_eq!(told["results"][0]["result"]["cloud-credential-tag"], json!(next));
        now = next;
    }
}

#[tokio::test]
async fn what_somebody_else_changes_is_told_when_postgres_has_told() {
    let (world, alice, model) = world().await;
    for (change, at, shown) in [
        (format!("UPDATE identities SET display_name = 'Al' WHERE name = '{ALICE}'"), "/users/1/display-name", "Al"),
        (format!("UPDATE models SET name = 'renamed' WHERE uuid = '{model}'"), "/name", "renamed"),
        (format!("UPDATE models SET controller_uuid = '{}'", world.newer.uuid), "/status/status", "newer"),
    ] {
        let before = remembered(&world, &alice, model).await;
        assert_ne!(before.pointer(at), Some(&json!(shown)));
        assert!(before.pointer(at).is_some(), "{before}");
        world.db.execute(&change).await.unwrap();
        eventually("it is told", LONG, || async {
            let told = alice.ok(INFO, named(model)).await;
            (told["results"][0]["result"].pointer(at) == Some(&json!(shown))).then_some(())
        })
        .await;
    }
    remembered(&world, &alice, model).await;
    world.db.execute("DELETE FROM models").await.unwrap();
    eventually("it is gone", LONG, || async {
        let told = alice.ok(INFO, named(model)).await;
        (told["results"][0]["error"]["message"] == "unauthorized").then_some(())
    })
    .await;
}

#[tokio::test]
async fn when_its_home_does_not_have_it_any_more_the_row_decides() {
    let (world, alice, model) = world().await;
    remembered(&world, &alice, model).await;
    let asked = || world.older.calls("ModelManager.ModelInfo").len();
    let gone = json!({"message": "model not found", "code": "model not found"});
    world.older.answer("ModelManager.ModelInfo", json!({"results": [{"error": gone}]}));
    let before = asked();
    let told = alice.ok(INFO, named(model)).await;
    assert_eq!(told["results"][0]["error"]["message"], "unauthorized");
    assert_eq!(asked() - before, 2, "where it was, and again where its row says");
}
