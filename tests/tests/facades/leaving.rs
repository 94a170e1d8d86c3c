//! Models that leave the broker for a controller that is none of its own.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ADMIN, ALICE, BOB, World};

#[tokio::test]
async fn leaving_the_broker_is_forwarded_once() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let (alice, bob, admin) = (world.login(ALICE).await, world.login(BOB).await, world.login(ADMIN).await);
    let spec = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": {
        "controller-tag": format!("controller-{}", Uuid::new_v4()), "addrs": ["10.0.0.1:17070"], "ca-cert": "x",
        "auth-tag": "user-admin", "password": "p"}}]});
    let what = "Controller(12).InitiateMigration";
    assert_eq!(bob.entry_error(what, spec.clone()).await, "unauthorized (unauthorized access)");
    world.older.on("Controller.InitiateMigration", |_| Err(("not now".into(), String::new())));
    assert!(alice.entry_error(what, spec.clone()).await.starts_with("not now"));
    world.older.answer("Controller.InitiateMigration", json!({"results": [{"model-tag": "x", "migration-id": "m:0"}]}));
    let answer = alice.ok(what, spec.clone()).await;
    assert_eq!(answer["results"][0]["migration-id"], "m:0");
    assert!(admin.entry_error(what, spec).await.ends_with("(model migration in progress)"));
    assert_eq!(world.db.fetch("SELECT mode FROM models").await.unwrap().as_deref(), Some("exporting"));
}

/// A model of alice's that is on its way out.
async fn sent_off(world: &World, migration: Value) -> (Uuid, String) {
    let uuid = world.model(ALICE, "m1", &world.older).await;
    told_of(world, uuid, migration);
    world.older.answer("ModelManager.ModelStatus", json!({"models": [{"model-tag": format!("model-{uuid}")}]}));
    world.older.answer("Controller.InitiateMigration", json!({"results": [{"model-tag": "x", "migration-id": "m:0"}]}));
    let spec = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": {
        "controller-tag": format!("controller-{}", Uuid::new_v4()), "addrs": ["10.0.0.1:17070"], "ca-cert": "x",
        "auth-tag": "user-admin", "password": "p"}}]});
    let alice = world.login(ALICE).await;
    alice.ok("Controller(12).InitiateMigration", spec).await;
    (uuid, mode_after_a_look(world).await)
}

fn told_of(world: &World, uuid: Uuid, migration: Value) {
    let mut info = json!({"uuid": uuid, "name": "m1", "life": "alive"});
    if !migration.is_null() {
        info["migration"] = migration;
    }
    world.older.answer("ModelManager.ModelInfo", json!({"results": [{"result": info}]}));
}

async fn mode_after_a_look(world: &World) -> String {
    world.app.services().broker.follow_departures().await.unwrap();
    world.db.fetch("SELECT mode FROM models").await.unwrap().unwrap()
}

#[tokio::test]
async fn an_earlier_migration_that_was_aborted_says_nothing_of_this_one() {
    let world = World::new().await;
    let aborted = |day: u32| {
        let at = |hour: u32| format!("2026-01-{day:02}T{hour:02}:00:00Z");
        json!({"status": "aborted, removing model from target controller: no", "start": at(1), "end": at(2)})
    };
    let (uuid, mode) = sent_off(&world, aborted(1)).await;
    assert_eq!(mode, "exporting");
    told_of(&world, uuid, aborted(2));
    assert_eq!(mode_after_a_look(&world).await, "", "that one is ours");
}
