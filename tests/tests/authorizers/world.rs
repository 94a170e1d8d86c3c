//! One database, decided by twice: by the broker itself, and by OpenFGA that its rights are mirrored to.

use std::collections::HashSet;
use std::sync::Arc;

use jimm::broker::rights::access::StoredTuples;
use jimm::broker::rights::remembered::Remembered;
use jimm::broker::{AccountEvents, ModelEvents, SummaryEvents};
use jimm::mirror::{Mirror, Mirrored};
use jimm::tuple_rows::to_row;
use jimm_authz::{Authorizer, BuiltIn, OpenFgaSettings, Tuple};
use jimm_store::tuples;
use jimm_store::{PoolOptions, Store};
use jimm_tests::openfga::{KEY, OpenFgaServer};
use jimm_tests::postgres::TestDb;
use tokio_util::sync::{CancellationToken, DropGuard};

/// `"user:alice@x administrator model:m"`; spaces in names are written `_`.
pub(crate) fn tuple(text: &str) -> Tuple {
    let words: Vec<&str> = text.split(' ').collect();
    Tuple::new(words[0].parse().unwrap(), words[1].parse().unwrap(), words[2].parse().unwrap())
}

/// The settings for a server.
pub(crate) fn settings(server: &OpenFgaServer) -> OpenFgaSettings {
    OpenFgaSettings {
        tls: false,
        host: "127.0.0.1".into(),
        port: server.port,
        store: "jimm-test".into(),
        model: None,
        token: Some(KEY.into()),
        ca_cert: None,
    }
}

pub(crate) struct World {
    _db: TestDb,
    pub(crate) store: Store,
    pub(crate) server: OpenFgaServer,
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) built_in: BuiltIn<Remembered<StoredTuples>>,
    pub(crate) mirrored: Mirrored,
    _tending: DropGuard,
    _listening: DropGuard,
}

/// What a broker hears of changes, until the guard goes.
#[expect(clippy::disallowed_methods, reason = "ends with the guard")]
fn listen(store: &Store) -> DropGuard {
    let stop = CancellationToken::new();
    let (accounts, summaries) = (AccountEvents::new(), SummaryEvents::new());
    tokio::spawn(ModelEvents::new().run(accounts, summaries, store.clone(), stop.clone()));
    stop.drop_guard()
}

/// A replica's mirror, tended until the guard goes.
#[expect(clippy::disallowed_methods, reason = "ends with the guard")]
pub(crate) async fn replica(store: &Store, settings: OpenFgaSettings) -> (Arc<Mirror>, DropGuard) {
    let shutdown = CancellationToken::new();
    let mirror = Arc::new(Mirror::new(store.clone(), settings, Arc::new(|_, _, _| {}), shutdown.clone()));
    mirror.set_up().await.unwrap();
    tokio::spawn(Arc::clone(&mirror).tend());
    (mirror, shutdown.drop_guard())
}

impl World {
    /// Nothing where no server has been built.
    pub(crate) async fn new() -> Option<Self> {
        Some(Self::on(OpenFgaServer::start().await?).await)
    }

    pub(crate) async fn on(server: OpenFgaServer) -> Self {
        let db = TestDb::create().await;
        let store = Store::connect(&db.url, &PoolOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        let (mirror, tending) = replica(&store, settings(&server)).await;
        let listening = listen(&store);
        let built_in = BuiltIn::new(Remembered::new(StoredTuples::new(store.clone()), store.changes().clone()));
        let mirrored = Mirrored(Arc::clone(&mirror));
        Self { _db: db, store, server, mirror, built_in, mirrored, _tending: tending, _listening: listening }
    }

    pub(crate) async fn add(&self, tuple: &Tuple) {
        let mut tx = self.store.begin().await.unwrap();
        tuples::insert(&mut tx, &to_row(tuple)).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn remove(&self, tuple: &Tuple) {
        let mut tx = self.store.begin().await.unwrap();
        tuples::delete(&mut tx, &to_row(tuple)).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn add_all(&self, texts: &[&str]) {
        for text in texts {
            self.add(&tuple(text)).await;
        }
    }

    /// Makes these and no others be there, in one transaction.
    pub(crate) async fn become_these(&self, now: &HashSet<Tuple>, before: &HashSet<Tuple>) {
        let mut tx = self.store.begin().await.unwrap();
        for gone in before.difference(now) {
            tuples::delete(&mut tx, &to_row(gone)).await.unwrap();
        }
        for new in now.difference(before) {
            tuples::insert(&mut tx, &to_row(new)).await.unwrap();
        }
        tx.commit().await.unwrap();
        // A decision waits for it, and on a busy machine not long enough.
        self.told().await;
    }

    /// Both authorizers, by name.
    pub(crate) fn both(&self) -> [(&'static str, &dyn Authorizer); 2] {
        [("built-in", &self.built_in), ("OpenFGA", &self.mirrored)]
    }
}
