//! A model whose migration is given up while the broker is still at it: its source is not told that it came, and nothing of
//! it stays.

use jimm_tests::process::eventually;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{LONG, World, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_given_up_meanwhile_leaves_nothing() {
    // As an abort by another replica leaves it, and as one that was prepared for after that.
    for (change, told) in [
        ("state = 'aborted'", "model migration mode is \"aborted\" instead of \"importing\""),
        ("prepared_at = prepared_at + interval '1 second'", "prepared anew meanwhile"),
    ] {
        given_up(change, told).await;
    }
}

async fn given_up(change: &str, why: &str) {
    let world = World::new("3.6").await;
    let home = &world.app.sims[0].plan;
    let token = world.prepare().await;
    world.source.failures().hold("IMPORT").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    // It takes its time to get to know the owner and the credential.
    home.turn("fail/slow/on").expect("a switch");
    world.source.failures().hold("").expect("released");
    eventually("the import is in work", LONG, || async { (world.state().await == "importing").then_some(()) }).await;
    for sql in [
        format!("DELETE FROM models WHERE uuid = '{}'", world.model),
        format!("DELETE FROM relation_tuples WHERE object_id IN ('{}', '{}')", world.model, world.offer),
        format!("UPDATE incoming_models SET {change}"),
    ] {
        world.app.db.execute(&sql).await.expect("the database");
    }
    home.turn("fail/slow/off").expect("a switch");
    let told = world.over().await;
    assert!(told.contains(why), "{told}");
    world.assert_nothing_came().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_not_told_that_a_model_came_that_was_given_up() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    world.source.failures().hold("VALIDATION").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    eventually("it is taken in", LONG, || async { (world.state().await == "importing").then_some(()) }).await;
    let mut other = PgConnection::connect(&world.app.db.url).await.expect("the database");
    let mut tx = other.begin().await.expect("a transaction");
    tx.execute("UPDATE incoming_models SET state = 'aborted'").await.expect("given up");
    let activated = world.say(&token, 6, "Activate", json!({"model-tag": world.tag()}));
    let given_up = async {
        let waits = "SELECT 'yes' FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1";
        eventually("the broker notes that it came", LONG, || async { world.app.db.fetch(waits).await.ok().flatten() })
            .await;
        tx.commit().await.expect("committed");
    };
    let (activated, ()) = tokio::join!(activated, given_up);
    let error = refusal(activated);
    assert_eq!(error.message, "model migration mode is \"aborted\" instead of \"importing\"");
}
