//! Grant and revoke.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, BOB, Client, World};

async fn change(client: &Client, model: &str, user: &str, action: &str, access: &str) -> String {
    let change = json!({"user-tag": format!("user-{user}"), "action": action, "access": access, "model-tag": model});
    client.entry_error("ModelManager(10).ModifyModelAccess", json!({"changes": [change]})).await
}

async fn sees(client: &Client, model: &str) -> bool {
    let models = client.ok("ModelManager(10).ListModels", json!({"tag": "user-x@y"})).await;
    let list = models["user-models"].as_array().cloned().unwrap_or_default();
    list.iter().any(|m| format!("model-{}", m["model"]["uuid"].as_str().unwrap()) == model)
}

#[tokio::test]
async fn a_grant_is_seen_at_once_and_a_revoke_takes_it_back() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let model = format!("model-{uuid}");
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    assert!(sees(&alice, &model).await && !sees(&bob, &model).await);

    assert_eq!(change(&alice, &model, BOB, "grant", "write").await, "");
    assert!(sees(&bob, &model).await);
    // A lower level adds nothing, the same neither.
    assert_eq!(change(&alice, &model, BOB, "grant", "read").await, "");
    assert_eq!(change(&alice, &model, BOB, "grant", "write").await, "");
    let expected = [
        format!("controller:{} controller", world.older.uuid),
        format!("user:{ALICE} administrator"),
        format!("user:{BOB} writer"),
    ];
    assert_eq!(world.tuples_on("model", &uuid.to_string()).await, expected);

    assert_eq!(change(&alice, &model, BOB, "revoke", "read").await, "");
    assert!(!sees(&bob, &model).await);
    assert_eq!(change(&alice, &model, BOB, "revoke", "read").await, "", "revoking nothing is no error");
}

#[tokio::test]
async fn only_administrators_share_a_model_but_everybody_may_leave_it() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let model = format!("model-{uuid}");
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    assert_eq!(change(&bob, &model, BOB, "grant", "read").await, "unauthorized (unauthorized access)");
    assert_eq!(change(&alice, &model, BOB, "grant", "write").await, "");
    assert_eq!(change(&bob, &model, "eve@example.com", "grant", "read").await, "unauthorized (unauthorized access)");
    assert_eq!(change(&bob, &model, BOB, "revoke", "read").await, "");
    assert!(!sees(&bob, &model).await);
    let admin = world.login(ADMIN).await;
    assert!(sees(&admin, &model).await, "the broker's administrators administer every model");
}

#[tokio::test]
async fn wrong_words_are_named() {
    let world = World::new().await;
    let model = format!("model-{}", world.model(ALICE, "m1", &world.older).await);
    let alice = world.login(ALICE).await;
    assert_eq!(
        change(&alice, &model, BOB, "grant", "superuser").await,
        "failed to recognize given access: \"superuser\" (bad request)"
    );
    assert_eq!(change(&alice, &model, BOB, "lend", "read").await, "invalid action \"lend\" (bad request)");
    assert_eq!(
        change(&alice, &model, "bob", "grant", "read").await,
        "unsupported local user; if this is a service account add @serviceaccount domain (bad request)"
    );
    let nobody = "model-00000000-0000-4000-8000-000000000000";
    assert_eq!(change(&alice, nobody, BOB, "grant", "read").await, "unauthorized (unauthorized access)");
}

#[tokio::test]
async fn everyone_is_a_user_whom_one_can_grant() {
    let world = World::new().await;
    let model = format!("model-{}", world.model(ALICE, "m1", &world.older).await);
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    assert_eq!(change(&alice, &model, "everyone@external", "grant", "read").await, "");
    assert!(sees(&bob, &model).await);
}

#[tokio::test]
async fn clouds_are_granted_by_their_administrators() {
    let world = World::new().await;
    let (admin, alice) = (world.login(ADMIN).await, world.login(ALICE).await);
    let change = |user: &str, action: &str, access: &str| json!({"changes": [{"user-tag": format!("user-{user}"), "cloud-tag": "cloud-stub", "action": action, "access": access}]});
    let modify = "Cloud(7).ModifyCloudAccess";
    assert_eq!(alice.entry_error(modify, change(BOB, "grant", "admin")).await, "unauthorized (unauthorized access)");
    assert_eq!(admin.entry_error(modify, change(ALICE, "grant", "admin")).await, "");
    assert_eq!(alice.entry_error(modify, change(BOB, "grant", "add-model")).await, "");
    assert_eq!(alice.entry_error(modify, change(BOB, "revoke", "add-model")).await, "");
    assert!(
        alice
            .entry_error(modify, change(BOB, "lend", "admin"))
            .await
            .starts_with("unsupported modify cloud action \"lend\"")
    );
}

#[tokio::test]
async fn administrators_of_the_broker_are_made_and_unmade() {
    let world = World::new().await;
    let (admin, alice) = (world.login(ADMIN).await, world.login(ALICE).await);
    let change = |action: &str| json!({"changes": [{"user-tag": format!("user-{ALICE}"), "action": action, "access": "superuser"}]});
    let modify = "Controller(12).ModifyControllerAccess";
    let refused = alice.call(modify, change("grant")).await;
    assert!(refused.is_err() || refused.unwrap()["results"][0]["error"] != Value::Null);
    assert_eq!(admin.entry_error(modify, change("grant")).await, "");
    let access = "Controller(12).GetControllerAccess";
    let me = json!({"entities": [{"tag": format!("user-{ALICE}")}]});
    assert_eq!(alice.ok(access, me.clone()).await["results"][0]["result"]["access"], "superuser");
    assert_eq!(admin.entry_error(modify, change("revoke")).await, "");
    assert_eq!(alice.ok(access, me).await["results"][0]["result"]["access"], "login");
}
