//! Where a model was seen last is asked while its row is still read: that must never cost more than it saves.

use std::time::Duration;

use jimm_store::models;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use uuid::Uuid;

use crate::home::Home;
use crate::support::{ALICE, BOB, World};

/// Less than a dial may take here.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A model that Alice was at a moment ago, and whose home answers nothing since.
async fn with_silent_home() -> (World, Uuid, TcpListener) {
    let world = World::with(&[("JIMM_CONTROLLER_DIAL_TIMEOUT", "5m")]).await;
    let model = world.model().await;
    world.to_model(model, ALICE).await.close().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    world.say_home_is_at(&silent.local_addr().expect("an address").to_string()).await;
    (world, model, silent)
}

/// The model lives elsewhere now: there.
async fn moved(world: &World, model: Uuid) -> Home {
    let target = Home::start().await;
    let mut tx = world.store().begin().await.expect("a transaction");
    world.add_controller(&mut tx, "target", &target).await;
    assert!(models::move_to(&mut tx, model, world.home.uuid, target.uuid).await.expect("an update"));
    tx.commit().await.expect("committed");
    target
}

/// It was dialled; who did is kept waiting.
async fn dialled(silent: &TcpListener) -> TcpStream {
    timeout(AT_ONCE, silent.accept()).await.expect("it is dialled").expect("a connection").0
}

#[tokio::test]
async fn a_model_that_has_moved_is_found_though_its_last_home_stands_still() {
    let (world, model, silent) = with_silent_home().await;
    let _target = moved(&world, model).await;
    let (mut controller, _) = world.login("/api", ALICE).await;
    let entities = json!({"entities": [{"tag": format!("model-{model}")}]});
    let asked = timeout(AT_ONCE, controller.ok("ModelManager(9).ModelInfo", entities)).await.expect("at once");
    let told = asked["results"][0]["error"]["message"].as_str().unwrap_or_default();
    assert!(told.starts_with("controller target "), "its new home is asked: {asked}");
    drop(dialled(&silent).await);
}

#[tokio::test]
async fn for_who_has_no_rights_the_home_is_not_dialled() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(BOB, "reader", "model", &model.to_string()).await;
    world.to_model(model, BOB).await.close().await;
    let before = world.home.arrived().len();
    world.revoke(BOB, "reader", "model", &model.to_string()).await;
    let mut client = world.open(&format!("/model/{model}/api"), Vec::new()).await;
    let token = json!({"session-token": World::token(BOB)});
    let refused = client.error("Admin(4).LoginWithSessionToken", token).await;
    assert_eq!(refused, "model not found (model not found)");
    assert_eq!(world.home.arrived().len(), before);
}
