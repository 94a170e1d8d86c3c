//! Duties, keys and sessions: who has charge, what is published, who is logged in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jimm_store::keys::SigningKey;
use jimm_store::sessions::Session;
use jimm_store::{keys, leases, sessions};
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, race};

const LONG: Duration = Duration::from_mins(1);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_has_a_duty() {
    let world = World::new().await;
    let outcomes = race(&world.store, 10, |store, number| async move {
        leases::acquire(&mut store.acquire().await.unwrap(), "poll", &number.to_string(), LONG).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().flatten().count(), 1);

    let mut conn = world.store.acquire().await.unwrap();
    let owner = outcomes.iter().flatten().next();
    assert_eq!(owner, Some(&1), "the first fence");
    assert_eq!(leases::acquire(&mut conn, "poll", "late", LONG).await.unwrap(), None);
    assert_eq!(leases::acquire(&mut conn, "other duty", "late", LONG).await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_changes_hands_when_its_lease_ran_out_or_was_given_up() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    assert_eq!(leases::acquire(&mut conn, "poll", "a", LONG).await.unwrap(), Some(1));
    assert_eq!(leases::acquire(&mut conn, "poll", "a", Duration::ZERO).await.unwrap(), Some(1), "kept");
    assert_eq!(leases::acquire(&mut conn, "poll", "b", LONG).await.unwrap(), Some(2), "ran out");
    let mut tx = world.store.begin().await.unwrap();
    assert!(!leases::hold(&mut tx, "poll", "a").await.unwrap());
    assert!(leases::hold(&mut tx, "poll", "b").await.unwrap());
    tx.rollback().await.unwrap();
    assert!(!leases::release(&mut conn, "poll", "a").await.unwrap());
    assert!(leases::release(&mut conn, "poll", "b").await.unwrap());
    assert_eq!(leases::acquire(&mut conn, "poll", "a", LONG).await.unwrap(), Some(4), "given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_published_until_they_retire() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let key = |kid: &str, from: i64| SigningKey {
        kid: kid.into(),
        algorithm: "EdDSA".into(),
        sealed: vec![1, 2, 3],
        public_jwk: json!({ "kid": kid }),
        created_at: at(from),
        active_from: at(from + 10),
        retires_at: None,
    };
    keys::insert(&mut conn, &key("old", 0)).await.unwrap();
    keys::insert(&mut conn, &key("new", 100)).await.unwrap();
    assert!(keys::retire(&mut conn, "old", at(200)).await.unwrap());
    assert!(!keys::retire(&mut conn, "old", at(900)).await.unwrap(), "settled");
    let kids = async |at| -> Vec<String> {
        let mut conn = world.store.acquire().await.unwrap();
        keys::published(&mut conn, at).await.unwrap().into_iter().map(|key| key.kid).collect()
    };
    assert_eq!(kids(at(199)).await, ["new", "old"]);
    assert_eq!(kids(at(200)).await, ["new"]);
    assert_eq!(keys::purge(&mut conn, at(300)).await.unwrap(), 1);
    assert_eq!(kids(at(0)).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_make_one_first_key() {
    let world = World::new().await;
    let made = race(&world.store, 6, |store, number| async move {
        let mut tx = store.begin().await.unwrap();
        keys::lock(&mut tx).await.unwrap();
        let first = keys::published(&mut tx, at(0)).await.unwrap().is_empty();
        if first {
            let key = SigningKey {
                kid: number.to_string(),
                algorithm: "EdDSA".into(),
                sealed: Vec::new(),
                public_jwk: json!({}),
                created_at: at(0),
                active_from: at(0),
                retires_at: None,
            };
            keys::insert(&mut tx, &key).await.unwrap();
        }
        tx.commit().await.unwrap();
        first
    })
    .await;
    assert_eq!(crate::support::hits(&made), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_stays_so() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let session = Session {
        id: Uuid::new_v4(),
        kind: "browser".into(),
        identity: "new@x".into(),
        sealed: Some(vec![7]),
        groups: vec!["staff".into()],
        auth_method: "device".into(),
        client_address: "192.0.2.1:5".into(),
        created_at: at(0),
        last_seen: at(0),
        expires_at: at(100),
        idle_seconds: 60,
        revoked_at: None,
    };
    assert!(sessions::insert(&mut conn, &session).await.unwrap());
    assert!(!sessions::insert(&mut conn, &session).await.unwrap(), "it is there");
    let ids = |rows: Vec<Session>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(sessions::live(&mut conn, None, at(59), 10).await.unwrap()), [session.id]);
    assert!(sessions::live(&mut conn, Some("other@x"), at(59), 10).await.unwrap().is_empty());
    assert_eq!(sessions::groups_of(&mut conn, "new@x", at(59)).await.unwrap(), ["staff"]);
    assert!(sessions::groups_of(&mut conn, "new@x", at(60)).await.unwrap().is_empty(), "unused for too long");
    assert!(sessions::live(&mut conn, Some("new@x"), at(60), 10).await.unwrap().is_empty(), "unused for too long");
    let standing = sessions::standing(&mut conn, "new@x", Some(session.id)).await.unwrap().unwrap();
    assert_eq!((standing.epoch, standing.disabled, standing.expires_at), (0, false, Some(at(100))));
    assert_eq!(sessions::standing(&mut conn, "nobody@x", Some(session.id)).await.unwrap(), None);
    assert!(sessions::touch(&mut conn, session.id, at(50), at(150)).await.unwrap());
    assert!(!sessions::touch(&mut conn, session.id, at(150), at(250)).await.unwrap(), "expired");
    let now = sessions::get(&mut conn, session.id).await.unwrap().unwrap();
    assert_eq!((now.last_seen, now.expires_at), (at(50), at(150)));
    assert_eq!(sessions::revoke_all(&mut conn, "new@x", at(60)).await.unwrap(), 1);
    assert!(!sessions::revoke(&mut conn, session.id, at(61)).await.unwrap());
    assert!(!sessions::touch(&mut conn, session.id, at(70), at(200)).await.unwrap(), "ended");
    assert_eq!(sessions::purge(&mut conn, at(151)).await.unwrap(), 1);
}
