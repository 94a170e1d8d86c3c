//! What is written is what is read, and what belongs to a row goes with it.

use chrono::{DateTime, Utc};
use jimm_store::clouds::{self, Priority, Region};
use jimm_store::controllers::{self, NewController};
use jimm_store::credentials::{self, NewCredential};
use jimm_store::offers::{self, NewOffer};
use jimm_store::{StoreError, identities, models, placement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::World;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_keeps_the_name_it_knows() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    assert!(identities::ensure(&mut conn, "bob@x").await.unwrap());
    assert!(!identities::ensure(&mut conn, "bob@x").await.unwrap());
    identities::record_login(&mut conn, "bob@x", "Bob", at(5)).await.unwrap();
    let bob = identities::record_login(&mut conn, "bob@x", "", at(1)).await.unwrap();
    assert_eq!((bob.display_name.as_str(), bob.last_login), ("Bob", Some(at(5))));
    assert!(identities::set_disabled(&mut conn, "bob@x", true).await.unwrap());
    assert!(identities::get(&mut conn, "bob@x").await.unwrap().unwrap().disabled);
    assert_eq!(identities::list(&mut conn, "ob@", "", 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn placement_sees_priority_and_load() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    for (position, name) in [(0, "east"), (1, "west")] {
        let region = Region { cloud: "aws".into(), name: name.into(), position, ..Region::default() };
        clouds::put_region(&mut conn, &region).await.unwrap();
    }
    let names: Vec<String> = clouds::regions(&mut conn, "aws").await.unwrap().into_iter().map(|r| r.name).collect();
    assert_eq!(names, ["east", "west"]);
    for (controller_uuid, region, priority) in [(world.c1, "east", 10), (world.c2, "east", 10), (world.c2, "west", 1)] {
        let priority = Priority { controller_uuid, cloud: "aws".into(), region: region.into(), priority };
        clouds::put_priority(&mut conn, &priority).await.unwrap();
    }
    world.model("m").await;
    assert!(controllers::set_deprecated(&mut conn, world.c1, true).await.unwrap());
    let found = placement::hosts(&mut conn, "aws", "east", "").await.unwrap();
    let told: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.priority, c.models, c.deprecated)).collect();
    assert_eq!(told, [("c1", 10, 1, true), ("c2", 10, 0, false)]);
    assert_eq!(placement::hosts(&mut conn, "aws", "", "").await.unwrap().len(), 3);

    assert!(clouds::delete_priorities(&mut conn, world.c2, "aws").await.unwrap());
    assert_eq!(clouds::priorities(&mut conn, "aws").await.unwrap().len(), 1);
    let refused = clouds::delete(&mut conn, "aws").await.unwrap_err();
    assert!(matches!(refused, StoreError::Reference { .. }), "a controller runs in it: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_is_read_as_written() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let new = NewController {
        uuid: Uuid::new_v4(),
        name: "c3".into(),
        addresses: vec!["10.0.0.1:17070".into(), "[::1]:17070".into()],
        public_address: "c3.example.com:443".into(),
        ca_certificate: "PEM".into(),
        tls_hostname: "juju-apiserver".into(),
        agent_version: "3.6.11".into(),
        cloud: "aws".into(),
        region: "east".into(),
        admin_username: "admin".into(),
        admin_sealed: Some(vec![0, 255]),
        facades: json!({ "ModelManager": [9, 10] }),
    };
    controllers::insert(&mut conn, &new).await.unwrap();
    let read = controllers::get_by_name(&mut conn, "c3").await.unwrap().unwrap();
    assert_eq!((read.uuid, &read.addresses, &read.admin_sealed), (new.uuid, &new.addresses, &new.admin_sealed));
    assert_eq!((&read.facades, read.deprecated, read.unavailable_since), (&new.facades, false, None));
    assert!(!controllers::set_seen(&mut conn, new.uuid, "3.6.11", &new.facades).await.unwrap(), "no news");
    assert!(controllers::set_seen(&mut conn, new.uuid, "3.6.12", &new.facades).await.unwrap());

    let same_name = NewController { uuid: Uuid::new_v4(), ..new.clone() };
    let taken = controllers::insert(&mut conn, &same_name).await.unwrap_err();
    assert_eq!(taken.conflict(), Some(controllers::NAME_KEY));
    let same_uuid = NewController { name: "c4".into(), ..new.clone() };
    let taken = controllers::insert(&mut conn, &same_uuid).await.unwrap_err();
    assert_eq!(taken.conflict(), Some(controllers::UUID_KEY));
    let elsewhere = NewController { uuid: Uuid::new_v4(), name: "c5".into(), cloud: "nowhere".into(), ..new };
    let refused = controllers::insert(&mut conn, &elsewhere).await.unwrap_err();
    assert!(matches!(refused, StoreError::Reference { .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_found_by_what_they_use() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let (one, two) = (world.model("one").await, world.model("two").await);
    let mut tx = world.store.begin().await.unwrap();
    assert!(models::set_credential(&mut tx, one, "alice@x", "cred").await.unwrap());
    tx.commit().await.unwrap();
    let credential = NewCredential {
        cloud: "aws".into(),
        owner: "alice@x".into(),
        name: "cred".into(),
        auth_type: "access-key".into(),
        ..NewCredential::default()
    };
    credentials::put(&mut conn, &credential).await.unwrap();
    assert!(credentials::set_valid(&mut conn, "aws", "alice@x", "cred", false, "key revoked").await.unwrap());
    let read = credentials::of_owner_and_cloud(&mut conn, "alice@x", "aws").await.unwrap();
    assert_eq!((read[0].valid, read[0].invalid_reason.as_str()), (Some(false), "key revoked"));
    let using = models::using_credential(&mut conn, "aws", "alice@x", "cred").await.unwrap();
    assert_eq!(using.iter().map(|model| model.uuid).collect::<Vec<_>>(), [one]);
    assert!(credentials::delete(&mut conn, "aws", "alice@x", "cred").await.unwrap(), "the model only names it");

    let mut paged = Vec::new();
    while let Some(model) = models::list(&mut conn, paged.last().copied(), 1).await.unwrap().pop() {
        paged.push(model.uuid);
    }
    let mut all = vec![one, two];
    all.sort_unstable();
    assert_eq!(paged, all);
    assert_eq!(models::get_many(&mut conn, &[two, Uuid::new_v4()]).await.unwrap().len(), 1);
    assert_eq!(models::of_controller(&mut conn, world.c1).await.unwrap().len(), 2);
    assert_eq!(models::delete_of_controller(&mut conn, world.c1).await.unwrap().len(), 2);
    assert!(controllers::delete(&mut conn, world.c1).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_go_with_their_model() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let model_uuid = world.model("m").await;
    let offer = NewOffer {
        uuid: Uuid::new_v4(),
        model_uuid,
        name: "db".into(),
        url: "alice@x/m.db".into(),
        application: "postgresql".into(),
        details: Value::Null,
    };
    offers::insert(&mut conn, &offer).await.unwrap();
    let taken = offers::insert(&mut conn, &NewOffer { uuid: Uuid::new_v4(), ..offer.clone() }).await.unwrap_err();
    assert_eq!(taken.conflict(), Some(offers::URL_KEY));
    let read = offers::get_by_url(&mut conn, "alice@x/m.db").await.unwrap().unwrap();
    assert_eq!((read.uuid, read.details), (offer.uuid, json!({})));
    assert!(offers::update(&mut conn, offer.uuid, "pg", &json!({ "endpoints": ["db"] })).await.unwrap());
    assert_eq!(offers::of_model(&mut conn, model_uuid).await.unwrap()[0].application, "pg");
    assert!(models::delete(&mut conn, model_uuid).await.unwrap());
    assert!(offers::get(&mut conn, offer.uuid).await.unwrap().is_none());
}
