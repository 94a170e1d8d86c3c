//! The mirror: what it is told, by whom, after which accidents; and that what differs is found and put right.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use jimm::mirror::Mirrored;
use jimm_authz::{Authorizer as _, Object, OpenFga, Relation, Tuple, User};
use jimm_store::mirror;
use jimm_tests::openfga::{Keeps, OpenFgaServer};
use jimm_tests::process::eventually;

use crate::world::{World, replica, settings, tuple};

const SOON: Duration = Duration::from_secs(20);

impl World {
    /// Waits until nothing is left to be told.
    pub(crate) async fn told(&self) {
        eventually("everything is told", Duration::from_secs(60), async || {
            let mut conn = self.store.acquire().await.unwrap();
            mirror::standing(&mut conn).await.unwrap().newest.is_none().then_some(())
        })
        .await;
    }

    /// The server behind the mirror, to be written to past it.
    async fn aside(&self) -> OpenFga {
        OpenFga::open(&settings(&self.server), None, Arc::new(|_, _, _| {})).await.unwrap()
    }
}

async fn reads(authorizer: &Mirrored, name: &str) -> Result<bool, String> {
    let decision = authorizer.check(&User::new(name), Relation::Reader, &Object::model("m")).await;
    decision.map(|decision| decision.allowed).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_server_that_is_down_lets_nobody_do_anything_and_loses_nothing() {
    let Some(server) = OpenFgaServer::with(Keeps::File, None).await else { return };
    let world = World::on(server).await;
    let right = tuple("user:bob@x reader model:m");
    world.add(&right).await;
    assert_eq!(reads(&world.mirrored, "bob@x").await, Ok(true));

    world.server.kill();
    let error = reads(&world.mirrored, "bob@x").await.unwrap_err();
    assert!(error.contains("OpenFGA does not answer"), "{error}");
    world.remove(&right).await;
    world.add(&tuple("user:eve@x reader model:m")).await;
    let error = reads(&world.mirrored, "bob@x").await.unwrap_err();
    assert!(error.contains("OpenFGA has not been told all changes of rights yet"), "{error}");
    assert_eq!(world.mirror.backlog().await.unwrap().0, 2);
    assert!(world.mirror.ready().await.is_err());

    world.server.restart().unwrap();
    eventually("it decides again", SOON, async || reads(&world.mirrored, "eve@x").await.ok().filter(|yes| *yes)).await;
    assert_eq!(reads(&world.mirrored, "bob@x").await, Ok(false));
    assert_eq!(world.mirror.backlog().await.unwrap().0, 0);
}

#[tokio::test]
async fn a_server_that_lost_everything_is_told_everything_again() {
    let Some(world) = World::new().await else { return };
    world.add_all(&["user:bob@x member group:g", "group:g#member reader model:m"]).await;
    assert_eq!(reads(&world.mirrored, "bob@x").await, Ok(true));
    world.server.kill();
    world.server.restart().unwrap();
    eventually("it knows everything", SOON, async || reads(&world.mirrored, "bob@x").await.ok().filter(|yes| *yes))
        .await;
}

#[tokio::test]
async fn replicas_share_one_store_and_see_each_others_changes_at_once() {
    let Some(world) = World::new().await else { return };
    let (others, guards): (Vec<_>, Vec<_>) =
        futures_util::future::join_all((0..3).map(|_| replica(&world.store, settings(&world.server))))
            .await
            .into_iter()
            .map(|(mirror, guard)| (Mirrored(mirror), guard))
            .unzip();
    let stores: Vec<String> = others.iter().map(|it| it.0.server().unwrap().store().to_owned()).collect();
    assert!(stores.iter().all(|store| store == world.mirror.server().unwrap().store()), "{stores:?}");
    let right = tuple("user:bob@x reader model:m");
    for turn in 0..20 {
        world.add(&right).await;
        assert_eq!(reads(&others[turn % 3], "bob@x").await, Ok(true));
        world.remove(&right).await;
        assert_eq!(reads(&others[(turn + 1) % 3], "bob@x").await, Ok(false));
    }
    drop(guards);
}

#[tokio::test]
async fn what_was_there_before_is_told_when_a_mirror_begins() {
    let Some(world) = World::new().await else { return };
    let before = world.mirror.server().unwrap();
    assert!(mirror::deactivate(&mut world.store.acquire().await.unwrap()).await.unwrap());
    world.add_all(&["user:bob@x reader model:m", "user:eve@x reader model:m"]).await;
    eventually("the replica notices that rights are mirrored no more, and begins anew", SOON, async || {
        reads(&world.mirrored, "bob@x").await.ok().filter(|yes| *yes)
    })
    .await;
    assert_eq!(before.store(), world.mirror.server().unwrap().store());
    assert_eq!(world.mirror.compare(false).await.unwrap().there, 2);
}

#[tokio::test]
async fn a_strangers_store_is_refused() {
    let Some(world) = World::new().await else { return };
    world.aside().await.write(&[tuple("user:bob@x reader model:m")], &[]).await.unwrap();
    let db = jimm_tests::postgres::TestDb::create().await;
    let store = jimm_store::Store::connect(&db.url, &jimm_store::PoolOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let other = jimm::mirror::Mirror::new(store, settings(&world.server), Arc::new(|_, _, _| {}), shutdown);
    let error = other.set_up().await.unwrap_err().to_string();
    assert!(error.contains("holds rights that this broker did not write"), "{error}");
    assert!(world.aside().await.has(&tuple("user:bob@x reader model:m")).await.unwrap());
}

#[tokio::test]
async fn what_differs_is_found_and_put_right() {
    let Some(world) = World::new().await else { return };
    let rights: Vec<Tuple> = (0..250).map(|n| tuple(&format!("user:u{n}@x reader model:m"))).collect();
    let mut tx = world.store.begin().await.unwrap();
    for right in &rights {
        jimm_store::tuples::insert(&mut tx, &jimm::tuple_rows::to_row(right)).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.told().await;
    let drift = world.mirror.compare(false).await.unwrap();
    assert_eq!((drift.here, drift.there, drift.missing_count, drift.extra_count), (250, 250, 0, 0));

    let intruder = tuple("user:eve@x administrator model:m");
    world.aside().await.write(std::slice::from_ref(&intruder), &rights[10..14]).await.unwrap();
    assert_eq!(reads(&world.mirrored, "eve@x").await, Ok(true), "that is what has to be found");
    for repair in [false, true] {
        let mut drift = world.mirror.compare(repair).await.unwrap();
        drift.missing.sort();
        let mut expected = rights[10..14].to_vec();
        expected.sort();
        assert_eq!((drift.missing, drift.missing_count), (expected, 4));
        assert_eq!((drift.extra, drift.extra_count), (vec![intruder.clone()], 1));
    }
    let drift = world.mirror.compare(false).await.unwrap();
    assert_eq!((drift.here, drift.there, drift.missing_count, drift.extra_count), (250, 250, 0, 0));
    assert_eq!(reads(&world.mirrored, "eve@x").await, Ok(false));
    assert_eq!(reads(&world.mirrored, "u10@x").await, Ok(true));
}

#[tokio::test]
async fn rights_that_change_meanwhile_are_no_difference() {
    let Some(world) = World::new().await else { return };
    let stop = tokio_util::sync::CancellationToken::new();
    let changes = Cell::new(0);
    let change = async {
        while !stop.is_cancelled() {
            let n = changes.get();
            let right = tuple(&format!("user:u{}@x reader model:m", n % 40));
            world.add(&right).await;
            world.remove(&tuple(&format!("user:u{}@x reader model:m", (n + 20) % 40))).await;
            changes.set(n + 1);
        }
    };
    let look = async {
        // However slow the machine is, there have to be some.
        for turn in (0..).take_while(|turn| *turn < 10 || changes.get() < 10) {
            let drift = world.mirror.compare(turn % 2 == 0).await.unwrap();
            assert_eq!((drift.missing, drift.extra), (vec![], vec![]), "turn {turn}");
        }
        stop.cancel();
    };
    tokio::join!(change, look);
    world.told().await;
    let drift = world.mirror.compare(false).await.unwrap();
    assert_eq!((drift.missing_count, drift.extra_count), (0, 0));
    assert_eq!(drift.here, drift.there);
}
