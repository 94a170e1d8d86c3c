//! The schema: made once however many start at once, left alone by an older release.

use jimm_store::{PoolOptions, Store, StoreError, leases};
use jimm_tests::postgres::TestDb;

use crate::support::race;

async fn connect(db: &TestDb) -> Store {
    Store::connect(&db.url, &PoolOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once() {
    let db = TestDb::create().await;
    let store = connect(&db).await;
    let outcomes = race(&store, 4, |store, _| async move { store.migrate().await }).await;
    for outcome in outcomes {
        outcome.unwrap();
    }
    let twice =
        "SELECT count(*)::text FROM (SELECT version FROM _sqlx_migrations GROUP BY version HAVING count(*) > 1) d";
    assert_eq!(db.fetch(twice).await.unwrap().as_deref(), Some("0"));
    store.ping().await.unwrap();
    store.migrate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused_and_left_alone() {
    let db = TestDb::create().await;
    let store = connect(&db).await;
    store.migrate().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (29990101000000, 'from the future', true, '\\x00', 0)";
    db.execute(newer).await.unwrap();
    let refused = connect(&db).await.migrate().await.unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { database: 29_990_101_000_000, .. }), "{refused:?}");
    assert!(!refused.could_retry());
    assert!(refused.to_string().contains("start a newer release"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_runs_goes_on_while_a_newer_one_expands_the_schema() {
    let db = TestDb::create().await;
    let store = connect(&db).await;
    store.migrate().await.unwrap();
    let mut conn = store.acquire().await.unwrap();
    let minute = std::time::Duration::from_mins(1);
    assert_eq!(leases::acquire(&mut conn, "poll", "me", minute).await.unwrap(), Some(1));
    db.execute("ALTER TABLE leases ADD COLUMN comment text NOT NULL DEFAULT ''").await.unwrap();
    // The statement was prepared against the old shape.
    assert_eq!(leases::acquire(&mut conn, "poll", "me", minute).await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_changed_behind_our_back_is_an_error() {
    let db = TestDb::create().await;
    let store = connect(&db).await;
    store.migrate().await.unwrap();
    db.execute("UPDATE _sqlx_migrations SET checksum = '\\x00'").await.unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(refused, StoreError::Migrate(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_postgres_is_told_as_such() {
    let options = PoolOptions { acquire_timeout: std::time::Duration::from_secs(1), ..PoolOptions::default() };
    // Port 1 of the loopback: nobody listens there.
    let refused = Store::connect("postgresql://nobody@127.0.0.1:1/none", &options).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert!(refused.could_retry());
}
