//! Readers: which connections are kept at hand, and that nobody starves or waits for ever because of them.

use std::time::Duration;

use jimm_store::{PoolOptions, Store};
use sqlx::Connection as _;

use crate::support::World;

const SOON: Duration = Duration::from_secs(20);

async fn server_process(reader: &mut sqlx::PgConnection) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(reader).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_connection_used_is_the_next_one() {
    let world = World::new().await;
    let (mut first, mut second) = (world.store.reader().await.unwrap(), world.store.reader().await.unwrap());
    let (one, two) = (server_process(&mut first).await, server_process(&mut second).await);
    first.done();
    second.done();
    for expected in [two, two] {
        let mut reader = world.store.reader().await.unwrap();
        assert_eq!(server_process(&mut reader).await, expected);
        reader.done();
    }
    let (mut first, mut second) = (world.store.reader().await.unwrap(), world.store.reader().await.unwrap());
    assert_eq!((server_process(&mut first).await, server_process(&mut second).await), (two, one));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_to_the_end_is_not_kept() {
    let world = World::new().await;
    let mut reader = world.store.reader().await.unwrap();
    let slow = server_process(&mut reader).await;
    let cut = tokio::time::timeout(
        Duration::from_millis(50),
        sqlx::query("SELECT pg_sleep(1), generate_series(1, 10)").execute(&mut *reader),
    );
    assert!(cut.await.is_err(), "it sleeps for longer");
    drop(reader);
    let mut next = world.store.reader().await.unwrap();
    assert_ne!(server_process(&mut next).await, slow, "that one is still at it");
    next.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_pool_keeps_none_and_closing_waits_for_none() {
    let world = World::new().await;
    let options = PoolOptions { max_connections: 2, ..PoolOptions::default() };
    let small = Store::connect(&world.db.url, &options).await.unwrap();
    for _ in 0..4 {
        small.reader().await.unwrap().done();
    }
    let both = async { (small.begin().await.unwrap(), small.acquire().await.unwrap()) };
    drop(tokio::time::timeout(SOON, both).await.expect("nobody holds a connection"));

    let late = world.store.reader().await.unwrap();
    world.store.reader().await.unwrap().done();
    let closing = tokio_util::task::TaskTracker::new().spawn({
        let store = world.store.clone();
        async move { store.close().await }
    });
    late.done();
    tokio::time::timeout(SOON, closing).await.expect("it closes").unwrap();
}
