//! Duties: what one replica at a time does again and again, whichever it is.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jimm_store::leases;

use crate::broker::Broker;
use crate::error::Result;

/// A replica that holds a duty and dies is replaced after this many of its periods, but not sooner than a few seconds.
const PERIODS: u32 = 3;
const SHORTEST: Duration = Duration::from_secs(5);
/// How often sessions that have expired are forgotten, and what is older than the audit log is kept.
const FORGET: Duration = Duration::from_secs(3600);
/// How often rights are looked through for what should not be there.
const RECONCILE: Duration = Duration::from_secs(6 * 3600);

/// Runs the duties until the broker stops.
pub fn run_duties(broker: &Arc<Broker>) {
    let controllers = broker.settings.controllers.poll_interval;
    let models = broker.settings.controllers.model_poll_interval;
    broker.tasks.spawn(run(Arc::clone(broker), "poll-controllers", controllers, |b| {
        Box::pin(async move { b.poll_controllers().await })
    }));
    broker.tasks.spawn(run(Arc::clone(broker), "recover-creations", models, |b| {
        Box::pin(async move { b.recover_creations().await })
    }));
    broker.tasks.spawn(run(Arc::clone(broker), "forget-sessions", FORGET, |b| {
        Box::pin(async move { b.forget_sessions().await })
    }));
    broker
        .tasks
        .spawn(run(Arc::clone(broker), "sweep-secrets", FORGET, |b| Box::pin(async move { b.sweep_secrets().await })));
    broker.tasks.spawn(run(Arc::clone(broker), "reconcile-access", RECONCILE, |b| {
        Box::pin(async move { b.reconcile_access().await })
    }));
    broker
        .tasks
        .spawn(run(Arc::clone(broker), "keep-audit", FORGET, |b| Box::pin(async move { b.keep_audit().await })));
    broker
        .tasks
        .spawn(run(Arc::clone(broker), "forget-events", FORGET, |b| Box::pin(async move { b.forget_events().await })));
    broker
        .tasks
        .spawn(run(Arc::clone(broker), "forget-jobs", FORGET, |b| Box::pin(async move { b.forget_jobs().await })));
    broker.tasks.spawn(run(Arc::clone(broker), "settle-arrivals", models, |b| {
        Box::pin(async move { b.settle_arrivals().await })
    }));
    broker.tasks.spawn(run(Arc::clone(broker), "follow-departures", models, |b| {
        Box::pin(async move { b.follow_departures().await })
    }));
}

type Duty = fn(Arc<Broker>) -> BoxFuture<'static, Result<()>>;

async fn run(broker: Arc<Broker>, name: &'static str, every: Duration, duty: Duty) {
    let length = (every * PERIODS).max(SHORTEST);
    let of_broker = Arc::clone(&broker);
    run_duty(broker, name, every, length, move || duty(Arc::clone(&of_broker))).await;
}

/// Does something again and again, on one replica at a time, until the broker stops. A turn that takes longer than
/// `length` is given up, and a replica that is silent for so long is replaced.
pub async fn run_duty(
    broker: Arc<Broker>,
    name: &'static str,
    every: Duration,
    length: Duration,
    duty: impl Fn() -> BoxFuture<'static, Result<()>>,
) {
    let owner = crate::clock::replica_id();
    while !broker.shutdown.is_cancelled() {
        let turn = async {
            let mine = leases::acquire(&mut *broker.store.acquire().await?, name, &owner, length).await?;
            if mine.is_some() { duty().await } else { Ok(()) }
        };
        match broker.shutdown.run_until_cancelled(tokio::time::timeout(length, turn)).await {
            Some(Ok(Err(error))) => tracing::warn!(duty = name, error = %error, "duty failed, it is tried again"),
            Some(Err(_)) => tracing::warn!(duty = name, "duty took too long, it is tried again"),
            _ => {}
        }
        tokio::select! {
            () = broker.shutdown.cancelled() => {}
            () = tokio::time::sleep(every) => {}
        }
    }
    let released = async { leases::release(&mut *broker.store.acquire().await?, name, &owner).await };
    if released.await.is_err() {
        tracing::debug!(duty = name, "duty not released: its lease runs out by itself");
    }
}
