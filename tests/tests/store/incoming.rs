//! Models that come in: whoever knows an earlier attempt changes nothing of a later one.

use chrono::{DateTime, TimeDelta};
use jimm_store::incoming::{self, ABORTED, ACTIVE, IMPORTING, Incoming, PREPARED};
use serde_json::json;
use uuid::Uuid;

use crate::support::World;

#[tokio::test]
async fn an_earlier_attempt_changes_nothing_of_a_later_one() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let (model, mut now) = (Uuid::new_v4(), DateTime::UNIX_EPOCH);
    let mut attempts: Vec<Incoming> = Vec::new();
    for _ in 0..2 {
        now += TimeDelta::seconds(1);
        assert!(incoming::prepare(&mut conn, model, world.c1, &json!({}), "admin@x", now).await.unwrap());
        let attempt = incoming::get(&mut conn, model).await.unwrap().unwrap();
        assert!(incoming::set_state(&mut conn, &attempt, (PREPARED, IMPORTING), "", now).await.unwrap());
        attempts.push(attempt);
        if attempts.len() == 1 {
            let aborted = (IMPORTING, ABORTED);
            assert!(incoming::set_state(&mut conn, &attempts[0], aborted, "no", now).await.unwrap());
        }
    }
    let before = incoming::get(&mut conn, model).await.unwrap();
    for to in [PREPARED, ACTIVE, ABORTED] {
        assert!(!incoming::set_state(&mut conn, &attempts[0], (IMPORTING, to), "late", now).await.unwrap(), "{to}");
    }
    incoming::set_message(&mut conn, &attempts[0], "late").await.unwrap();
    let late = Incoming { state: IMPORTING.to_owned(), ..attempts[0].clone() };
    assert!(!incoming::forget(&mut conn, &late).await.unwrap());
    assert_eq!(incoming::get(&mut conn, model).await.unwrap(), before);

    assert!(incoming::set_state(&mut conn, &attempts[1], (IMPORTING, ABORTED), "no", now).await.unwrap());
    let over = incoming::get(&mut conn, model).await.unwrap().unwrap();
    assert!(incoming::forget(&mut conn, &over).await.unwrap());
    assert_eq!(incoming::get(&mut conn, model).await.unwrap(), None);
}
