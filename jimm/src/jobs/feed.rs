//! Feeds: what one replica at a time hands over to somebody outside, portion by portion, from where the last one stopped.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jimm_store::leases;

use crate::broker::Broker;

/// How often to look for news.
const LOOK: Duration = Duration::from_secs(1);
/// How long after a hand-over that failed the next is tried: from, to.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How long a replica may be silent before another one takes over; longer than a hand-over may take.
const LEASE: Duration = Duration::from_secs(45);

/// Something that is fed.
#[async_trait]
pub trait Feed: Send {
    /// What people call it, in the log.
    fn name(&self) -> &str;

    /// Hands over what there is; tells whether there is more at once. Called while this replica has the duty.
    async fn turn(&mut self, duty: &Duty) -> Result<bool, String>;

    /// A turn failed.
    fn failed(&self);
}

/// The right to feed it.
#[derive(Debug)]
pub struct Duty {
    /// The name of the lease.
    pub name: String,
    /// Who has it.
    pub owner: String,
}

impl Duty {
    /// Takes the duty or keeps it, on a connection or in a transaction; `false` when another replica has it.
    pub async fn keep(&self, conn: &mut jimm_store::PgConnection) -> jimm_store::Result<bool> {
        Ok(leases::acquire(conn, &self.name, &self.owner, LEASE).await?.is_some())
    }
}

/// Feeds until the broker stops. What does not work is tried again ever later; nobody else waits for it.
pub async fn run_feed(broker: Arc<Broker>, duty: String, mut feed: Box<dyn Feed>) {
    let duty = Duty { name: duty, owner: crate::clock::replica_id() };
    let mut wait = BACKOFF.0;
    let mut failing = false;
    loop {
        let turn = async {
            let told = |error: jimm_store::StoreError| error.to_string();
            let mine = duty.keep(&mut *broker.store.acquire().await.map_err(told)?).await.map_err(told)?;
            if mine { feed.turn(&duty).await } else { Ok(false) }
        };
        let pause = match broker.shutdown.run_until_cancelled(turn).await {
            None => break,
            Some(Ok(is_more)) => {
                if std::mem::take(&mut failing) {
                    tracing::info!(feed = feed.name(), "it is taken again");
                }
                wait = BACKOFF.0;
                if is_more { Duration::ZERO } else { LOOK }
            }
            Some(Err(error)) => {
                feed.failed();
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(feed = feed.name(), error, "it is not taken: it is tried again");
                }
                let pause = wait;
                wait = (wait * 2).min(BACKOFF.1);
                pause
            }
        };
        if broker.shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
    }
    let released = async { leases::release(&mut *broker.store.acquire().await?, &duty.name, &duty.owner).await };
    if released.await.is_err() {
        tracing::debug!(feed = feed.name(), "duty not released: its lease runs out by itself");
    }
}
