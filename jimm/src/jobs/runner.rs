//! Workers: each claims a job, keeps its lease alive while the job runs, and gives it back when the broker stops.
//!
//! A worker that cannot renew its lease stops at once: another one has the job, and every write about it is fenced.

use std::sync::Arc;
use std::time::Duration;

use jimm_store::jobs::{self, Job, Lease};
use tokio_util::sync::CancellationToken;

use crate::broker::controllers::{bootstrap_job, destroy};
use crate::broker::models::upgrade;
use crate::broker::upkeep::sealing;
use crate::broker::{Broker, Outcome, Work, migration};
use crate::error::Result;

/// The kinds of jobs that workers do, one job a worker.
const KINDS: &[&str] = &[sealing::KIND, upgrade::KIND];
/// The kinds that mostly wait for others: each has a task of its own, and far more go on at a time.
const WAITING_KINDS: &[&str] = &[migration::KIND];
/// The kinds that run a `juju` client for a long time: each has a task of its own, and few go on at a time.
const CLIENT_KINDS: &[&str] = &[bootstrap_job::KIND, destroy::KIND];
/// Clients that one replica runs at a time.
const CLIENTS: usize = 4;
/// How long a job that failed for a passing reason waits before it is tried again: from, to.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Runs the workers until the broker stops.
pub fn run_workers(broker: &Arc<Broker>) {
    let workers = broker.settings.jobs.workers.max(1);
    let wake = Arc::new(tokio::sync::Notify::new());
    broker.tasks.spawn(listen(Arc::clone(broker), wake.clone()));
    for number in 0..workers {
        broker.tasks.spawn(work(Arc::clone(broker), number, wake.clone()));
    }
    let moves = broker.settings.jobs.migrations.max(1);
    broker.tasks.spawn(dispatch(Arc::clone(broker), wake.clone(), "moves", WAITING_KINDS, moves));
    broker.tasks.spawn(dispatch(Arc::clone(broker), wake, "clients", CLIENT_KINDS, CLIENTS));
}

/// Claims jobs that have tasks of their own, as many as may go on at a time.
async fn dispatch(
    broker: Arc<Broker>,
    wake: Arc<tokio::sync::Notify>,
    name: &'static str,
    kinds: &'static [&'static str],
    most: usize,
) {
    let owner = format!("{}-{name}", crate::clock::replica_id());
    let room = Arc::new(tokio::sync::Semaphore::new(most));
    while let Some(Ok(permit)) = broker.shutdown.run_until_cancelled(Arc::clone(&room).acquire_owned()).await {
        let woken = wake.notified();
        match claim(&broker, kinds, &owner).await {
            Ok(Some(job)) => {
                let broker = Arc::clone(&broker);
                broker.tasks.clone().spawn(async move {
                    run(&broker, job).await;
                    drop(permit);
                });
            }
            Ok(None) => wait(&broker, woken).await,
            Err(error) => {
                tracing::warn!(error = %error, jobs = name, "cannot look for jobs, trying again");
                wait(&broker, woken).await;
            }
        }
    }
}

/// Wakes workers when Postgres tells of a job.
async fn listen(broker: Arc<Broker>, wake: Arc<tokio::sync::Notify>) {
    let listening = async {
        loop {
            if let Ok(mut listener) = broker.store.listen(&[jobs::CHANNEL_READY]).await {
                wake.notify_waiters();
                while listener.recv().await.is_ok() {
                    wake.notify_waiters();
                }
            }
            // Postgres is away: the workers' own polling goes on.
            tokio::time::sleep(BACKOFF.0).await;
        }
    };
    broker.shutdown.run_until_cancelled(listening).await;
}

async fn work(broker: Arc<Broker>, number: usize, wake: Arc<tokio::sync::Notify>) {
    let owner = format!("{}-{number}", crate::clock::replica_id());
    while !broker.shutdown.is_cancelled() {
        let woken = wake.notified();
        match claim(&broker, KINDS, &owner).await {
            Ok(Some(job)) => run(&broker, job).await,
            Ok(None) => wait(&broker, woken).await,
            Err(error) => {
                tracing::warn!(error = %error, "cannot look for jobs, trying again");
                wait(&broker, woken).await;
            }
        }
    }
}

async fn wait(broker: &Broker, woken: impl Future<Output = ()>) {
    tokio::select! {
        () = broker.shutdown.cancelled() => {}
        () = woken => {}
        () = tokio::time::sleep(broker.settings.jobs.poll_interval) => {}
    }
}

async fn claim(broker: &Broker, kinds: &[&str], owner: &str) -> Result<Option<Job>> {
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let mut conn = broker.store.acquire().await?;
    Ok(jobs::claim(&mut conn, &kinds, owner, broker.settings.jobs.lease).await?)
}

async fn run(broker: &Arc<Broker>, job: Job) {
    let lease = job.lease();
    let leave = broker.shutdown.child_token();
    let work = Work { lease, leave: leave.clone(), job };
    tracing::info!(job.id = work.job.id, job.kind = %work.job.kind, job.key = %work.job.key, job.step = %work.job.step, attempt = work.job.attempts, "job taken up");
    let outcome = tokio::select! {
        outcome = run_kind(broker, &work) => outcome,
        () = keep(broker, lease, &leave) => Outcome::Left,
    };
    let given_back = match outcome {
        Outcome::Ended => return,
        Outcome::Left => give_back(broker, lease, Duration::ZERO, "").await,
        Outcome::Later(after) => give_back(broker, lease, after, "").await,
        Outcome::Again(error) => {
            let attempt = u32::try_from(work.job.attempts.clamp(0, 16)).unwrap_or(0);
            let after = BACKOFF.0.saturating_mul(1 << attempt.min(10)).min(BACKOFF.1);
            tracing::warn!(job.id = work.job.id, job.key = %work.job.key, error = %error, "job is tried again");
            give_back(broker, lease, after, error.message()).await
        }
    };
    if let Err(error) = given_back {
        // Its lease runs out, and somebody takes it up then.
        tracing::warn!(job.id = work.job.id, error = %error, "job could not be given back");
    }
}

async fn run_kind(broker: &Arc<Broker>, work: &Work) -> Outcome {
    match work.job.kind.as_str() {
        sealing::KIND => sealing::run(broker, work).await,
        upgrade::KIND => upgrade::run(broker, work).await,
        bootstrap_job::KIND => Box::pin(bootstrap_job::run(broker, work)).await,
        destroy::KIND => Box::pin(destroy::run(broker, work)).await,
        _ => migration::run(broker, work).await,
    }
}

async fn give_back(broker: &Broker, lease: Lease, after: Duration, error: &str) -> Result<bool> {
    let mut conn = broker.store.acquire().await?;
    Ok(jobs::reschedule(&mut conn, lease, after, error).await?)
}

/// Renews the lease until it cannot be: then the job has to be left.
async fn keep(broker: &Broker, lease: Lease, leave: &CancellationToken) {
    let length = broker.settings.jobs.lease;
    let mut last = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(length / 3).await;
        let renewed = async {
            let mut conn = broker.store.acquire().await?;
            jobs::heartbeat(&mut conn, lease, length).await
        };
        match tokio::time::timeout(length / 3, renewed).await {
            Ok(Ok(true)) => last = tokio::time::Instant::now(),
            Ok(Ok(false)) => break,
            // Postgres is away: as long as the lease holds, nobody else has the job.
            _ if last.elapsed() < length => {}
            _ => break,
        }
    }
    leave.cancel();
}
