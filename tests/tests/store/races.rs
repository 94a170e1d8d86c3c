//! Writers that race on a row: none overwrites what another just wrote without knowing of it.

use jimm_store::credentials::NewCredential;
use jimm_store::models::{MODE_CREATING, MODE_MIGRATING, MODE_NONE, NewModel, Refresh};
use jimm_store::{StoreError, cloud_defaults, controllers, credentials, models};
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, hits, race};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_moves_of_a_model_one_begins() {
    let world = World::new().await;
    let uuid = world.model("m").await;
    let begun = race(&world.store, 16, |store, _| async move {
        let mut conn = store.acquire().await.unwrap();
        models::set_mode(&mut conn, uuid, MODE_NONE, MODE_MIGRATING).await.unwrap()
    })
    .await;
    assert_eq!(hits(&begun), 1);
    assert_eq!(world.get(uuid).await.mode, MODE_MIGRATING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_moves_from_where_it_is_once() {
    let world = World::new().await;
    let uuid = world.model("m").await;
    let (c1, c2) = (world.c1, world.c2);
    let mut conn = world.store.acquire().await.unwrap();
    assert!(models::set_mode(&mut conn, uuid, MODE_NONE, MODE_MIGRATING).await.unwrap());
    let moved = race(&world.store, 16, move |store, _| async move {
        let mut tx = store.begin().await.unwrap();
        let moved = models::move_to(&mut tx, uuid, c1, c2).await.unwrap();
        tx.commit().await.unwrap();
        moved
    })
    .await;
    assert_eq!(hits(&moved), 1);
    let model = world.get(uuid).await;
    assert_eq!((model.controller_uuid, model.mode.as_str()), (c2, MODE_NONE));

    let late = Refresh { status: "from the former home".into(), ..Refresh::default() };
    assert_eq!(models::refresh(&mut conn, c1, &[(uuid, late.clone())], model.updated_at).await.unwrap(), 0);
    let told = Refresh { status: "available".into(), units: 3, ..Refresh::default() };
    assert_eq!(models::refresh(&mut conn, c2, &[(uuid, told)], model.updated_at).await.unwrap(), 1);
    let model = world.get(uuid).await;
    assert_eq!((model.status.as_str(), model.units), ("available", 3));
    let older = model.refreshed_at.unwrap() - chrono::TimeDelta::seconds(1);
    assert_eq!(models::refresh(&mut conn, c2, &[(uuid, late)], older).await.unwrap(), 0, "older news than known");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_the_row_reads_what_the_last_one_wrote() {
    let world = World::new().await;
    let uuid = world.model("m").await;
    let c1 = world.c1;
    race(&world.store, 16, move |store, _| async move {
        let mut tx = store.begin().await.unwrap();
        let model = models::get_for_update(&mut tx, uuid).await.unwrap().unwrap();
        let told = Refresh { units: model.units + 1, ..Refresh::default() };
        assert_eq!(models::refresh(&mut tx, c1, &[(uuid, told)], model.created_at).await.unwrap(), 1);
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(world.get(uuid).await.units, 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once() {
    let world = World::new().await;
    let template = world.new_model("same");
    let outcomes = race(&world.store, 8, |store, number| {
        let mode = if number % 2 == 0 { MODE_CREATING } else { MODE_NONE };
        let model = NewModel { uuid: Uuid::new_v4(), mode: mode.into(), ..template.clone() };
        async move { models::insert(&mut store.acquire().await.unwrap(), &model).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for outcome in refused {
        assert_eq!(outcome.unwrap_err().conflict(), Some(models::NAME_KEY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserved_name_becomes_the_model_the_controller_made() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let reserved = NewModel { mode: MODE_CREATING.into(), ..world.new_model("new") };
    models::insert(&mut conn, &reserved).await.unwrap();
    assert!(models::list(&mut conn, None, 10).await.unwrap().is_empty(), "not a model yet");
    assert_eq!(models::count_by_controller(&mut conn).await.unwrap(), [(world.c1, 1)], "but counts for placement");
    let uuid = Uuid::new_v4();
    assert!(models::confirm_created(&mut conn, reserved.uuid, uuid).await.unwrap());
    assert!(!models::confirm_created(&mut conn, reserved.uuid, uuid).await.unwrap());
    let model = models::get_by_name(&mut conn, "alice@x", "new").await.unwrap().unwrap();
    assert_eq!((model.uuid, model.mode.as_str()), (uuid, MODE_NONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_not_removed_while_it_moves() {
    let world = World::new().await;
    let uuid = world.model("m").await;
    let (c1, c2) = (world.c1, world.c2);
    let mut conn = world.store.acquire().await.unwrap();
    assert!(models::set_mode(&mut conn, uuid, MODE_NONE, MODE_MIGRATING).await.unwrap());
    assert!(!models::delete_settled(&mut conn, uuid, c1, MODE_NONE).await.unwrap());
    let mut tx = world.store.begin().await.unwrap();
    assert!(models::move_to(&mut tx, uuid, c1, c2).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!models::delete_settled(&mut conn, uuid, c1, MODE_NONE).await.unwrap(), "gone from c1, not gone");
    assert!(models::delete_settled(&mut conn, uuid, c2, MODE_NONE).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn life_goes_one_way() {
    let world = World::new().await;
    let uuid = world.model("m").await;
    let mut conn = world.store.acquire().await.unwrap();
    assert!(models::set_life(&mut conn, uuid, "dying").await.unwrap());
    assert!(!models::set_life(&mut conn, uuid, "alive").await.unwrap());
    assert!(models::set_life(&mut conn, uuid, "dead").await.unwrap());
    assert!(!models::set_life(&mut conn, uuid, "dying").await.unwrap());
    assert_eq!(world.get(uuid).await.life, "dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn different_defaults_set_at_once_all_stay() {
    let world = World::new().await;
    race(&world.store, 12, |store, number| async move {
        let mut tx = store.begin().await.unwrap();
        let value = json!({ format!("key{number}"): number });
        cloud_defaults::set(&mut tx, "alice@x", "aws", "", &value).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    let mut conn = world.store.acquire().await.unwrap();
    let defaults = cloud_defaults::of_cloud(&mut conn, "alice@x", "aws").await.unwrap();
    assert_eq!(defaults[0].defaults.as_object().unwrap().len(), 12);

    let outcome = race(&world.store, 12, |store, number| async move {
        let mut conn = store.acquire().await.unwrap();
        cloud_defaults::unset(&mut conn, "alice@x", "aws", "", &[format!("key{number}")]).await.unwrap()
    })
    .await;
    assert_eq!(hits(&outcome), 12);
    let defaults = cloud_defaults::of_cloud(&mut conn, "alice@x", "aws").await.unwrap();
    assert_eq!(defaults[0].defaults, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_new_once() {
    let world = World::new().await;
    let new = race(&world.store, 8, |store, number| async move {
        let credential = NewCredential {
            cloud: "aws".into(),
            owner: "bob@x".into(),
            name: "c".into(),
            auth_type: "access-key".into(),
            sealed: Some(vec![u8::try_from(number).unwrap()]),
            valid: None,
        };
        credentials::put(&mut store.acquire().await.unwrap(), &credential).await.unwrap()
    })
    .await;
    assert_eq!(hits(&new), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_has_one_beginning_and_one_end() {
    let world = World::new().await;
    let c1 = world.c1;
    let since = world.get(world.model("m").await).await.created_at;
    let news = race(&world.store, 8, move |store, number| async move {
        let since = since + chrono::TimeDelta::seconds(i64::try_from(number).unwrap());
        let mut conn = store.acquire().await.unwrap();
        controllers::set_unavailable(&mut conn, c1, since, "connection refused").await.unwrap()
    })
    .await;
    assert_eq!(hits(&news), 1);
    let news = race(&world.store, 8, move |store, _| async move {
        controllers::set_available(&mut store.acquire().await.unwrap(), c1).await.unwrap()
    })
    .await;
    assert_eq!(hits(&news), 1);
    let controller = controllers::get(&mut world.store.acquire().await.unwrap(), c1).await.unwrap().unwrap();
    assert_eq!((controller.unavailable_since, controller.unavailable_reason.as_str()), (None, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_is_not_removed_under_a_model_that_comes() {
    let world = World::new().await;
    let mut tx = world.store.begin().await.unwrap();
    let model = world.new_model("m");
    models::insert(&mut tx, &model).await.unwrap();
    let (store, c1) = (world.store.clone(), world.c1);
    let mut removals = tokio::task::JoinSet::new();
    removals.spawn(async move { controllers::delete(&mut store.acquire().await.unwrap(), c1).await });
    tx.commit().await.unwrap();
    let outcome = removals.join_next().await.unwrap().unwrap();
    assert!(matches!(outcome, Err(StoreError::Reference { .. })), "{outcome:?}");
}
