//! Who keeps the summaries of which controllers: each controller has a lease, taken by whichever replica comes first and
//! kept while it lives. It starts and ends the work, and knows nothing of what that is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jimm_store::{leases, summaries};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::controller::tend;
use crate::broker::Broker;
use crate::error::Result;

/// How often leases are renewed and new controllers found.
const TICK: Duration = Duration::from_secs(2);
/// A replica that is silent for so long is replaced.
const LEASE: Duration = Duration::from_secs(8);
/// What the names of the leases begin with.
const PREFIX: &str = "summaries/";

/// A controller that this replica has charge of; the work ends with it.
struct Charge {
    wanted: Arc<Notify>,
    _ends: DropGuard,
}

/// Keeps the summaries of the controllers that nobody else keeps, until the broker stops.
pub fn run_keeper(broker: &Arc<Broker>) {
    broker.tasks.spawn(keep(Arc::clone(broker)));
}

async fn keep(broker: Arc<Broker>) {
    let owner = crate::clock::replica_id();
    let mut charges = HashMap::<Uuid, Charge>::new();
    let mut known = HashSet::new();
    let mut wanted = broker.summary_events.wanted();
    while !broker.shutdown.is_cancelled() {
        match tokio::time::timeout(LEASE, take_charge(&broker, &owner)).await {
            Ok(Ok((controllers, mine))) => {
                forget(&broker, known.difference(&controllers)).await;
                charges.retain(|uuid, _| mine.contains(uuid));
                for uuid in mine {
                    charges.entry(uuid).or_insert_with(|| begin(&broker, uuid));
                }
                known = controllers;
            }
            Ok(Err(error)) => tracing::warn!(%error, "cannot see who keeps the summaries of models, trying again"),
            Err(_) => tracing::warn!("cannot see in time who keeps the summaries of models, trying again"),
        }
        tokio::select! {
            () = broker.shutdown.cancelled() => {}
            () = tokio::time::sleep(TICK) => {}
            () = pass_on(&mut wanted, &charges, &known) => {}
        }
    }
    drop(charges);
    let released = async { leases::release_all(&mut *broker.store.acquire().await?, PREFIX, &owner).await };
    if !matches!(tokio::time::timeout(TICK, released).await, Ok(Ok(_))) {
        tracing::debug!("leases of summaries not released: they run out by themselves");
    }
}

/// All controllers, and those that are this replica's from now on.
async fn take_charge(broker: &Broker, owner: &str) -> Result<(HashSet<Uuid>, HashSet<Uuid>)> {
    let mut conn = broker.store.acquire().await?;
    let controllers = summaries::controllers(&mut conn).await?;
    let names: Vec<String> = controllers.iter().map(|uuid| format!("{PREFIX}{uuid}")).collect();
    let mine = leases::acquire_many(&mut conn, &names, owner, LEASE).await?;
    let mine = mine.iter().filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok()).collect();
    Ok((controllers.into_iter().collect(), mine))
}

/// Controllers that are no longer there leave no leases behind.
async fn forget(broker: &Broker, gone: impl Iterator<Item = &Uuid>) {
    let names: Vec<String> = gone.map(|uuid| format!("{PREFIX}{uuid}")).collect();
    if names.is_empty() {
        return;
    }
    let forgotten = async { leases::forget(&mut *broker.store.acquire().await?, &names).await };
    if let Err(error) = forgotten.await {
        tracing::debug!(%error, "leases of controllers that are gone stay behind");
    }
}

fn begin(broker: &Arc<Broker>, controller: Uuid) -> Charge {
    let wanted = Arc::new(Notify::new());
    let stop = CancellationToken::new();
    let work = tend(Arc::clone(broker), controller, Arc::clone(&wanted));
    let (stopped, shutdown) = (stop.clone(), broker.shutdown.clone());
    broker.tasks.spawn(async move {
        tokio::select! { () = work => {}, () = stopped.cancelled() => {}, () = shutdown.cancelled() => {} }
    });
    Charge { wanted, _ends: stop.drop_guard() }
}

/// Wakes the work of those that are wanted, until a controller is that nobody here has heard of.
async fn pass_on(wanted: &mut broadcast::Receiver<Uuid>, charges: &HashMap<Uuid, Charge>, known: &HashSet<Uuid>) {
    loop {
        match wanted.recv().await {
            Ok(uuid) => match charges.get(&uuid) {
                Some(charge) => charge.wanted.notify_one(),
                None if known.contains(&uuid) => {}
                None => return,
            },
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
