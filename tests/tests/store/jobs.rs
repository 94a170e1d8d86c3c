//! Jobs: one alive for a key, each claim for one worker, and nothing written by a worker that lost its lease.

use std::time::Duration;

use jimm_store::jobs::{self, CHANNEL_CHANGED, CHANNEL_READY, FAILED, Filter, Job, NewJob, PENDING, SUCCESSFUL};
use jimm_store::{Store, job_logs};
use serde_json::json;

use crate::support::{World, hits, race};

const LONG: Duration = Duration::from_mins(1);

fn new(key: &str) -> NewJob {
    NewJob { kind: "migrate-model".into(), key: key.into(), requested_by: "alice@x".into(), ..NewJob::default() }
}

async fn enqueue(store: &Store, key: &str) -> (Job, bool) {
    jobs::enqueue(&mut store.acquire().await.unwrap(), &new(key)).await.unwrap()
}

async fn claim(store: &Store, owner: &str, lease: Duration) -> Option<Job> {
    jobs::claim(&mut store.acquire().await.unwrap(), &["migrate-model".into()], owner, lease).await.unwrap()
}

async fn get(store: &Store, id: i64) -> Job {
    jobs::get(&mut store.acquire().await.unwrap(), id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_is_alive_for_a_key() {
    let world = World::new().await;
    let outcomes = race(&world.store, 12, |store, _| async move { enqueue(&store, "m1").await }).await;
    assert_eq!(hits(&outcomes.iter().map(|outcome| outcome.1).collect::<Vec<_>>()), 1);
    assert!(outcomes.iter().all(|outcome| outcome.0.id == outcomes[0].0.id), "all get the same job");

    let job = claim(&world.store, "w", LONG).await.unwrap();
    let mut conn = world.store.acquire().await.unwrap();
    assert!(jobs::finish(&mut conn, job.lease(), "moved").await.unwrap());
    let (second, is_new) = enqueue(&world.store, "m1").await;
    assert!(is_new && second.id != job.id, "there is room again");
    assert_eq!(jobs::latest(&mut conn, "migrate-model", "m1").await.unwrap().unwrap().id, second.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_is_claimed_by_one_worker() {
    let world = World::new().await;
    for n in 0..20 {
        enqueue(&world.store, &n.to_string()).await;
    }
    let claimed = race(&world.store, 10, |store, number| async move {
        let mut mine = Vec::new();
        while let Some(job) = claim(&store, &number.to_string(), LONG).await {
            mine.push(job.id);
        }
        mine
    })
    .await;
    // A worker may find the last ones just being taken and stop; nobody takes one twice.
    let mut all: Vec<i64> = claimed.into_iter().flatten().collect();
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "claimed twice");
    assert_eq!(count, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let world = World::new().await;
    enqueue(&world.store, "m1").await;
    let first = claim(&world.store, "first", Duration::ZERO).await.unwrap();
    let second = claim(&world.store, "second", LONG).await.expect("the first one's lease has run out");
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(claim(&world.store, "third", LONG).await.is_none());

    let mut tx = world.store.begin().await.unwrap();
    let stale = first.lease();
    assert!(!jobs::hold(&mut tx, stale).await.unwrap());
    assert!(!jobs::heartbeat(&mut tx, stale, LONG).await.unwrap());
    assert!(!jobs::advance(&mut tx, stale, "moved", &json!({ "by": "first" })).await.unwrap());
    assert!(!jobs::set_message(&mut tx, stale, "late").await.unwrap());
    assert!(!job_logs::append(&mut tx, stale, "late").await.unwrap());
    assert!(!jobs::reschedule(&mut tx, stale, Duration::ZERO, "late").await.unwrap());
    assert!(!jobs::finish(&mut tx, stale, "late").await.unwrap());
    assert!(!jobs::fail(&mut tx, stale, "late").await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(get(&world.store, first.id).await, second, "as the second one claimed it");

    let mut conn = world.store.acquire().await.unwrap();
    assert!(jobs::fail(&mut conn, second.lease(), "source is gone").await.unwrap());
    assert!(!jobs::heartbeat(&mut conn, second.lease(), LONG).await.unwrap(), "over is over");
    let job = get(&world.store, first.id).await;
    assert_eq!((job.state.as_str(), job.error.as_str(), job.is_over()), (FAILED, "source is gone", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_worker_goes_on_when_nobody_took_over() {
    let world = World::new().await;
    enqueue(&world.store, "m1").await;
    let job = claim(&world.store, "slow", Duration::ZERO).await.unwrap();
    assert!(jobs::heartbeat(&mut world.store.acquire().await.unwrap(), job.lease(), LONG).await.unwrap());
    assert!(claim(&world.store, "other", LONG).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_held_in_a_transaction_is_not_taken_over() {
    let world = World::new().await;
    enqueue(&world.store, "m1").await;
    let first = claim(&world.store, "first", Duration::ZERO).await.unwrap();
    let mut tx = world.store.begin().await.unwrap();
    assert!(jobs::hold(&mut tx, first.lease()).await.unwrap());
    assert!(claim(&world.store, "second", LONG).await.is_none(), "the first one is writing");
    assert!(jobs::advance(&mut tx, first.lease(), "initiated", &json!({ "id": "x:1" })).await.unwrap());
    tx.commit().await.unwrap();
    let second = claim(&world.store, "second", LONG).await.unwrap();
    assert_eq!((second.step.as_str(), &second.data), ("initiated", &json!({ "id": "x:1" })), "starts from there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescheduled_job_waits_for_its_time() {
    let world = World::new().await;
    enqueue(&world.store, "m1").await;
    let mut conn = world.store.acquire().await.unwrap();
    let job = claim(&world.store, "w", LONG).await.unwrap();
    assert!(jobs::reschedule(&mut conn, job.lease(), LONG, "controller does not answer").await.unwrap());
    assert!(claim(&world.store, "w", LONG).await.is_none());
    let job = get(&world.store, job.id).await;
    assert_eq!((job.state.as_str(), job.error.as_str()), (PENDING, "controller does not answer"));
    world.db.execute("UPDATE jobs SET run_at = now()").await.unwrap();
    assert_eq!(claim(&world.store, "w", LONG).await.unwrap().attempts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_gaps() {
    let world = World::new().await;
    enqueue(&world.store, "m1").await;
    let lease = claim(&world.store, "w", LONG).await.unwrap().lease();
    race(&world.store, 10, move |store, number| async move {
        let mut conn = store.acquire().await.unwrap();
        assert!(job_logs::append(&mut conn, lease, &format!("line {number}")).await.unwrap());
    })
    .await;
    let mut conn = world.store.acquire().await.unwrap();
    let lines = job_logs::after(&mut conn, lease.job, 0, 100).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert_eq!(job_logs::after(&mut conn, lease.job, 8, 100).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_cancelled_and_forgotten() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let (first, _) = enqueue(&world.store, "m1").await;
    let (second, _) = enqueue(&world.store, "m2").await;
    assert!(jobs::request_cancel(&mut conn, second.id).await.unwrap());
    let job = claim(&world.store, "w", LONG).await.unwrap();
    assert_eq!(job.id, first.id, "first come, first served");
    assert!(jobs::finish(&mut conn, job.lease(), "").await.unwrap());
    assert!(!jobs::request_cancel(&mut conn, first.id).await.unwrap());

    let all = jobs::list(&mut conn, &Filter::default(), 10).await.unwrap();
    assert_eq!(all.iter().map(|job| job.id).collect::<Vec<_>>(), [second.id, first.id]);
    let over = Filter { states: vec![SUCCESSFUL.into()], ..Filter::default() };
    assert_eq!(jobs::list(&mut conn, &over, 10).await.unwrap()[0].id, first.id);
    let older = Filter { before: Some(second.id), ..Filter::default() };
    assert_eq!(jobs::list(&mut conn, &older, 10).await.unwrap().len(), 1);

    let soon = get(&world.store, first.id).await.finished_at.unwrap() + chrono::TimeDelta::seconds(1);
    assert_eq!(jobs::purge(&mut conn, soon, 10).await.unwrap(), 1);
    assert!(jobs::get(&mut conn, first.id).await.unwrap().is_none());
    assert!(jobs::get(&mut conn, second.id).await.unwrap().unwrap().cancel_requested);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_is_told() {
    let world = World::new().await;
    let mut listener = world.store.listen(&[CHANNEL_READY, CHANNEL_CHANGED]).await.unwrap();
    let mut tx = world.store.begin().await.unwrap();
    let (job, _) = jobs::enqueue(&mut tx, &new("m1")).await.unwrap();
    tx.commit().await.unwrap();
    let mut next = async || tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
    let told = next().await.unwrap();
    assert_eq!((told.channel.as_str(), told.payload.as_str()), (CHANNEL_READY, "migrate-model"));
    let lease = claim(&world.store, "w", LONG).await.unwrap().lease();
    assert!(jobs::set_message(&mut world.store.acquire().await.unwrap(), lease, "exporting").await.unwrap());
    let told = next().await.unwrap();
    assert_eq!((told.channel.as_str(), told.payload), (CHANNEL_CHANGED, job.id.to_string()));
}
