//! The broker dies in the middle: in the end the model is in one place, and what the broker has of it says so.

use std::time::Duration;

use jimm_tests::process::eventually;
use jimm_tests::sim::Phase;
use serde_json::json;

use crate::support::{ALICE, LONG, World};

/// Held at the beginning of each phase, killed, started again, let go.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_killed_between_two_steps_goes_on() {
    let world = World::new("3.6").await;
    for phase in [Phase::Import, Phase::Validation, Phase::Success, Phase::LogTransfer] {
        world.source.failures().hold(phase.as_str()).expect("a phase");
        let token = world.prepare().await;
        assert!(world.initiate(&token).await["error"].is_null());
        eventually(phase.as_str(), LONG, || async {
            let model = world.source.world().models.get(&world.model).cloned();
            model.and_then(|m| m.migration).filter(|m| m.phase == phase.as_str()).map(|_| ())
        })
        .await;
        world.app.kill_broker();
        world.app.start_broker().await.expect("starts again");
        world.source.failures().hold("").expect("released");
        world.over().await;
        assert_eq!(world.state().await, "active", "{phase:?}");
        let mode = world.fetch(&format!("SELECT owner || mode FROM models WHERE uuid = '{}'", world.model)).await;
        assert_eq!(mode, ALICE, "{phase:?}");
        // Everything back to where it was.
        let model = world.model;
        for sql in [
            format!("DELETE FROM models WHERE uuid = '{model}'"),
            format!("DELETE FROM relation_tuples WHERE object_id IN ('{model}', '{}')", world.offer),
            "DELETE FROM incoming_models".to_owned(),
        ] {
            world.app.db.execute(&sql).await.expect("the database");
        }
        return_to_source(&world).await;
    }
}

/// The model is forgotten at its new home, and at the source again.
async fn return_to_source(world: &World) {
    let home = &world.app.sims[0].plan;
    let door = home.door().expect("a door");
    let (connection, _) = door.with_password("/api", &home.user, &home.password).await.expect("logs in");
    let params = json!({"models": [{"model-tag": world.tag(), "force": true, "destroy-storage": true}]});
    let _: serde_json::Value = connection.call("ModelManager", 9, "DestroyModels", &params, LONG).await.expect("gone");
    eventually("it is gone", LONG, || async {
        world.at_home()["models"][world.model.to_string()].is_null().then_some(())
    })
    .await;
    world.restore_source();
}

/// Killed while it has no time for that: whatever step it was at, nothing is in two places, and what is not here is
/// nowhere here.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_at_any_moment_leaves_one_model() {
    for after in [5, 40, 90, 140, 200, 260] {
        let world = World::new("3.6").await;
        let token = world.prepare().await;
        assert!(world.initiate(&token).await["error"].is_null());
        tokio::time::sleep(Duration::from_millis(after)).await;
        world.app.kill_broker();
        world.app.start_broker().await.expect("starts again");
        let told = world.over().await;
        if told.starts_with("aborted") {
            // What the dead broker could not do is done a day later.
            world
                .app
                .db
                .execute("UPDATE incoming_models SET prepared_at = now() - interval '25 hours'")
                .await
                .expect("the database");
            // On its way from `importing` it is `closed`: its controller is asked then, and told to forget.
            eventually("it is settled", LONG, || async {
                (!["importing", "closed"].contains(&world.state().await.as_str())).then_some(())
            })
            .await;
            let home = world.at_home();
            let there = &home["models"][world.model.to_string()];
            if there.is_null() {
                assert_eq!(world.rows().await, "0 0 0", "after {after} ms: {told}");
            } else {
                // Its new controller had taken over already, which the source did not hear of.
                assert_eq!(there["importing"], false, "after {after} ms: {told}");
                assert!(world.rows().await.starts_with("1 1 "), "after {after} ms");
            }
        } else {
            assert_eq!(world.state().await, "active", "after {after} ms");
        }
    }
}
