//! Relation tuples that a broker remembers: what it changes itself it knows at once, what others change as soon as
//! Postgres tells, and when Postgres does not tell it remembers nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jimm::broker::rights::access::StoredTuples;
use jimm::broker::rights::remembered::Remembered;
use jimm::broker::{AccountEvents, ModelEvents, SummaryEvents};
use jimm::tuple_rows::to_row;
use jimm_authz::{
    Authorizer as _, BuiltIn, Object, ObjectKind, Relation, Result, Subject, Tuple, TupleReader, Tuples, User,
};
use jimm_store::{PoolOptions, Store, tuples};
use jimm_tests::process::{Frozen, eventually};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::World;

/// As long as a right may be had that was taken away elsewhere when Postgres no longer tells (600 ms), and time to be scheduled in.
const AT_MOST: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(30);

/// Counts reads.
struct Counting(StoredTuples, Arc<AtomicUsize>);

#[async_trait]
impl TupleReader for Counting {
    async fn tuples_on(&self, objects: &[Object], subjects: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        self.0.tuples_on(objects, subjects).await
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>> {
        self.0.tuples_of(subjects, kinds).await
    }

    async fn tuples_around(
        &self,
        objects: &[Object],
        subjects: &[Subject],
        sets: &[ObjectKind],
    ) -> Result<Option<Vec<Tuple>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.tuples_around(objects, subjects, sets).await
    }

    async fn tuples_beneath(&self, objects: &[Object]) -> Result<Option<Vec<Tuple>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.tuples_beneath(objects).await
    }
}

/// What a broker has of it.
struct Replica {
    store: Store,
    authorizer: BuiltIn<Remembered<Counting>>,
    reads: Arc<AtomicUsize>,
    _listening: DropGuard,
}

impl Replica {
    #[expect(clippy::disallowed_methods, reason = "ends with the guard")]
    async fn of(world: &World, name: &str) -> Self {
        let options = PoolOptions { application_name: name.into(), ..PoolOptions::default() };
        let store = Store::connect(&world.db.url, &options).await.unwrap();
        let stop = CancellationToken::new();
        let (accounts, summaries) = (AccountEvents::new(), SummaryEvents::new());
        tokio::spawn(ModelEvents::new().run(accounts, summaries, store.clone(), stop.clone()));
        let reads = Arc::new(AtomicUsize::new(0));
        let counting = Counting(StoredTuples::new(store.clone()), Arc::clone(&reads));
        let authorizer = BuiltIn::new(Remembered::new(counting, store.changes().clone()));
        Self { store, authorizer, reads, _listening: stop.drop_guard() }
    }

    async fn may_read(&self, user: &str) -> bool {
        self.authorizer.check(&User::new(user), Relation::Reader, &Object::model("m")).await.unwrap().allowed
    }

    /// The same, and whether Postgres was asked.
    async fn looks(&self, user: &str) -> (bool, bool) {
        let before = self.reads.load(Ordering::SeqCst);
        (self.may_read(user).await, self.reads.load(Ordering::SeqCst) > before)
    }

    async fn add(&self, text: &str) {
        let mut tx = self.store.begin().await.unwrap();
        assert!(tuples::insert(&mut tx, &to_row(&tuple(text))).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn remove(&self, text: &str) {
        let mut tx = self.store.begin().await.unwrap();
        assert!(tuples::delete(&mut tx, &to_row(&tuple(text))).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Until it answers without asking.
    async fn knows(&self, user: &str) {
        eventually("it is remembered", SOON, || async { (!self.looks(user).await.1).then_some(()) }).await;
    }
}

fn tuple(text: &str) -> Tuple {
    let words: Vec<&str> = text.split(' ').collect();
    Tuple::new(words[0].parse().unwrap(), words[1].parse().unwrap(), words[2].parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_answered_from_memory_and_own_changes_are_known_at_once() {
    let world = World::new().await;
    let broker = Replica::of(&world, "one").await;
    broker.add("user:alice@x member group:g").await;
    for _ in 0..20 {
        broker.add("group:g#member reader model:m").await;
        assert!(broker.may_read("alice@x").await);
        assert!(!broker.may_read("bob@x").await);
        broker.knows("alice@x").await;
        broker.knows("bob@x").await;
        assert!(broker.may_read("alice@x").await);
        broker.remove("group:g#member reader model:m").await;
        assert!(!broker.may_read("alice@x").await, "what is taken away is gone when the transaction is over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_is_known_when_postgres_tells_however_they_do_it() {
    let world = World::new().await;
    let (broker, other) = (Replica::of(&world, "one").await, Replica::of(&world, "two").await);
    for change in [
        "DELETE FROM relation_tuples",
        "TRUNCATE relation_tuples",
        "UPDATE relation_tuples SET subject_id = 'eve@x' WHERE subject_id = 'alice@x'",
    ] {
        other.add("user:alice@x reader model:m").await;
        eventually("it is heard of", AT_MOST, || async { broker.may_read("alice@x").await.then_some(()) }).await;
        broker.knows("alice@x").await;
        world.db.execute(change).await.unwrap();
        eventually("it is heard of", AT_MOST, || async { (!broker.may_read("alice@x").await).then_some(()) }).await;
        world.db.execute("TRUNCATE relation_tuples").await.unwrap();
    }
}

/// The server's process that tells a broker of changes.
async fn teller(world: &World, name: &str) -> u32 {
    let query = format!(
        "SELECT pid::text FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = '{name}' AND query LIKE 'LISTEN%'"
    );
    let pid = || async { world.db.fetch(&query).await.unwrap() };
    eventually("it listens", SOON, pid).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_postgres_tells_no_more_nothing_is_remembered() {
    let world = World::new().await;
    let (broker, other) = (Replica::of(&world, "one").await, Replica::of(&world, "two").await);
    other.add("user:alice@x reader model:m").await;
    broker.knows("alice@x").await;
    let teller = teller(&world, "one").await;
    let frozen = Frozen::new(teller);
    other.remove("user:alice@x reader model:m").await;
    let began = Instant::now();
    eventually("it is not trusted", AT_MOST, || async { (!broker.may_read("alice@x").await).then_some(()) }).await;
    assert!(began.elapsed() < AT_MOST);
    assert_eq!(broker.looks("alice@x").await, (false, true), "Postgres is asked each time");
    assert_eq!(broker.looks("alice@x").await, (false, true), "Postgres is asked each time");
    drop(frozen);
    broker.knows("alice@x").await;
    assert!(!broker.may_read("alice@x").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_forgets_what_it_may_have_missed() {
    let world = World::new().await;
    let (broker, other) = (Replica::of(&world, "one").await, Replica::of(&world, "two").await);
    for _ in 0..5 {
        other.add("user:alice@x reader model:m").await;
        eventually("it is heard of", SOON, || async { broker.may_read("alice@x").await.then_some(()) }).await;
        broker.knows("alice@x").await;
        let teller = teller(&world, "one").await;
        let mut tx = other.store.begin().await.unwrap();
        assert!(tuples::delete(&mut tx, &to_row(&tuple("user:alice@x reader model:m"))).await.unwrap());
        world.db.execute(&format!("SELECT pg_terminate_backend({teller})")).await.unwrap();
        tx.commit().await.unwrap();
        eventually("it is not trusted", AT_MOST, || async { (!broker.may_read("alice@x").await).then_some(()) }).await;
        broker.knows("alice@x").await;
        assert!(!broker.may_read("alice@x").await);
    }
}
