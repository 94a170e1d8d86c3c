//! A migrated database with a cloud and two controllers in it, and writers that start at once.

use std::future::Future;
use std::sync::Arc;

use jimm_store::clouds::{self, NewCloud};
use jimm_store::controllers::{self, NewController};
use jimm_store::models::{self, NewModel};
use jimm_store::{PoolOptions, Store};
use jimm_tests::postgres::TestDb;
use tokio::sync::Barrier;
use uuid::Uuid;

/// A database of this test's own.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) c1: Uuid,
    pub(crate) c2: Uuid,
    pub(crate) db: TestDb,
}

impl World {
    pub(crate) async fn new() -> Self {
        let db = TestDb::create().await;
        let store = Store::connect(&db.url, &PoolOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        let (c1, c2) = (Uuid::new_v4(), Uuid::new_v4());
        let mut conn = store.acquire().await.unwrap();
        let cloud = NewCloud { name: "aws".into(), kind: "ec2".into(), ..NewCloud::default() };
        assert!(clouds::ensure(&mut conn, &cloud).await.unwrap());
        for (uuid, name) in [(c1, "c1"), (c2, "c2")] {
            let controller = NewController { uuid, name: name.into(), cloud: "aws".into(), ..NewController::default() };
            controllers::insert(&mut conn, &controller).await.unwrap();
        }
        drop(conn);
        Self { store, c1, c2, db }
    }

    /// A model of `alice@x` on the first controller.
    pub(crate) async fn model(&self, name: &str) -> Uuid {
        let model = self.new_model(name);
        models::insert(&mut self.store.acquire().await.unwrap(), &model).await.unwrap();
        model.uuid
    }

    pub(crate) fn new_model(&self, name: &str) -> NewModel {
        NewModel {
            uuid: Uuid::new_v4(),
            name: name.into(),
            owner: "alice@x".into(),
            controller_uuid: self.c1,
            cloud: "aws".into(),
            ..NewModel::default()
        }
    }

    /// The model's row now.
    pub(crate) async fn get(&self, uuid: Uuid) -> models::Model {
        models::get(&mut self.store.acquire().await.unwrap(), uuid).await.unwrap().unwrap()
    }
}

/// Runs `count` writers that all start at once, each told its number, and returns what they returned.
pub(crate) async fn race<T, F>(store: &Store, count: usize, writer: impl Fn(Store, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..count {
        let barrier = barrier.clone();
        let writer = writer(store.clone(), number);
        writers.spawn(async move {
            barrier.wait().await;
            writer.await
        });
    }
    writers.join_all().await
}

/// How many of the outcomes are `true`.
pub(crate) fn hits(outcomes: &[bool]) -> usize {
    outcomes.iter().filter(|hit| **hit).count()
}
