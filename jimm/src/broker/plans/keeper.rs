//! Who carries out which plans: each plan that goes on has a lease, taken by whichever replica comes first and kept while
//! it lives. It starts and ends the work, and knows nothing of what that is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jimm_store::{leases, plans};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::carry::carry;
use crate::broker::Broker;
use crate::error::Result;

/// How often leases are renewed and new plans found, when nobody tells of them.
const TICK: Duration = Duration::from_secs(2);
/// A replica that is silent for so long is replaced.
const LEASE: Duration = Duration::from_secs(8);
/// What the names of the leases begin with.
const PREFIX: &str = "plans/";

/// A plan that this replica carries out; the work ends with it.
struct Charge {
    work: JoinHandle<()>,
    _ends: DropGuard,
}

/// Carries out the plans that nobody else does, until the broker stops.
pub fn run_plans(broker: &Arc<Broker>) {
    let (changed, ended) = (watch::Sender::new(()), watch::Sender::new(()));
    broker.tasks.spawn(listen(Arc::clone(broker), changed.clone(), ended.clone()));
    broker.tasks.spawn(keep(Arc::clone(broker), changed, ended));
}

/// Tells that a plan was changed, and that something has happened that a plan may wait for.
async fn listen(broker: Arc<Broker>, changed: watch::Sender<()>, ended: watch::Sender<()>) {
    let listening = async {
        loop {
            if let Ok(mut listener) = broker.store.listen(&[plans::CHANNEL_CHANGED]).await {
                while let Ok(told) = listener.recv().await {
                    // A payload names the model whose move or upgrade has ended.
                    if told.is_none_or(|told| told.payload.is_empty()) {
                        changed.send_replace(());
                    }
                    ended.send_replace(());
                }
            }
            // Postgres is away: plans are looked at every now and then all the same.
            tokio::time::sleep(TICK).await;
        }
    };
    broker.shutdown.run_until_cancelled(listening).await;
}

async fn keep(broker: Arc<Broker>, changed: watch::Sender<()>, ended: watch::Sender<()>) {
    let owner = crate::clock::replica_id();
    let mut charges = HashMap::<i64, Charge>::new();
    let mut changed = changed.subscribe();
    while !broker.shutdown.is_cancelled() {
        match tokio::time::timeout(LEASE, take_charge(&broker, &owner)).await {
            Ok(Ok(mine)) => {
                // Work that has ended, or died, and left a plan that goes on: it begins anew, from the rows.
                charges.retain(|plan, charge| mine.contains(plan) && !charge.work.is_finished());
                for plan in mine {
                    charges.entry(plan).or_insert_with(|| begin(&broker, plan, ended.subscribe()));
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "cannot see who carries out plans, trying again"),
            Err(_) => tracing::warn!("cannot see in time who carries out plans, trying again"),
        }
        tokio::select! {
            () = broker.shutdown.cancelled() => {}
            told = changed.changed() => drop(told),
            () = tokio::time::sleep(TICK) => {}
        }
    }
    drop(charges);
    let released = async { leases::release_all(&mut *broker.store.acquire().await?, PREFIX, &owner).await };
    if !matches!(tokio::time::timeout(TICK, released).await, Ok(Ok(_))) {
        tracing::debug!("leases of plans not released: they run out by themselves");
    }
}

/// The plans that are this replica's from now on.
async fn take_charge(broker: &Broker, owner: &str) -> Result<Vec<i64>> {
    let mut conn = broker.store.acquire().await?;
    let live = plans::live(&mut conn).await?;
    if live.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = live.iter().map(|plan| lease_of(*plan)).collect();
    let mine = leases::acquire_many(&mut conn, &names, owner, LEASE).await?;
    Ok(mine.iter().filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok()).collect())
}

fn begin(broker: &Arc<Broker>, plan: i64, news: watch::Receiver<()>) -> Charge {
    let stop = CancellationToken::new();
    let (stopped, shutdown) = (stop.clone(), broker.shutdown.clone());
    let work = to_its_end(Arc::clone(broker), plan, news);
    let work = broker.tasks.spawn(async move {
        tokio::select! { () = work => {}, () = stopped.cancelled() => {}, () = shutdown.cancelled() => {} }
    });
    Charge { work, _ends: stop.drop_guard() }
}

/// Carries a plan out, and gives its lease back.
async fn to_its_end(broker: Arc<Broker>, plan: i64, news: watch::Receiver<()>) {
    carry(Arc::clone(&broker), plan, news).await;
    let forgotten = async { leases::forget(&mut *broker.store.acquire().await?, &[lease_of(plan)]).await };
    if let Err(error) = forgotten.await {
        tracing::debug!(plan.id = plan, %error, "lease of a plan that has ended stays behind");
    }
}

/// The name of the lease of a plan.
fn lease_of(plan: i64) -> String {
    format!("{PREFIX}{plan}")
}
