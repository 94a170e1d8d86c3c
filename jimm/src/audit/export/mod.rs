//! Copies of the audit log for others: a file, syslog, HTTP, OTLP. One replica at a time feeds each of them, from where the
//! last one stopped, a portion at a time and never further than what was taken: at least once, in the order of each chain.

mod file;
mod push;
mod shape;
mod syslog;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Days;
use jimm_proto::params::jimm_audit::AuditEvent;
use jimm_store::audit::{self, Batch, BatchId};
use jimm_store::leases;
use secrecy::SecretString;

use crate::broker::Broker;
use crate::broker::audit_log::event;
use crate::config::ExportSettings;
use crate::error::{Error, Result};
use crate::telemetry::Metrics;

/// Batches of a portion, and events that are handed over at a time.
const BATCHES: i64 = 4;
const EVENTS: usize = 1000;
/// How often to look for news.
const LOOK: Duration = Duration::from_secs(1);
/// How long one hand-over may take, and how long after one that failed the next is tried: from, to.
const DEADLINE: Duration = Duration::from_secs(20);
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How long a replica may be silent before another one takes over; longer than a hand-over.
const LEASE: Duration = Duration::from_secs(45);
/// Chains of so many days are looked at: what comes later than that from somebody's disk is not exported.
const DAYS: Days = Days::new(40);

/// Where events go.
#[async_trait]
trait Sink: Send {
    /// Hands over events, in their order. When this returns, they have been taken.
    async fn put(&mut self, events: &[AuditEvent]) -> Result<(), String>;
}

/// Feeds everything that is configured until the broker stops.
pub fn run(broker: &Arc<Broker>, metrics: &Metrics) -> Result<()> {
    let settings = &broker.settings.audit.export;
    for (name, sink) in sinks(settings)? {
        broker.tasks.spawn(feed(Arc::clone(broker), metrics.clone(), name, sink));
    }
    Ok(())
}

fn sinks(settings: &ExportSettings) -> Result<Vec<(&'static str, Box<dyn Sink>)>> {
    let mut sinks: Vec<(&'static str, Box<dyn Sink>)> = Vec::new();
    if let Some(path) = &settings.file {
        sinks.push(("file", Box::new(file::Lines::new(path))));
    }
    if let Some(address) = &settings.syslog {
        sinks.push(("syslog", Box::new(syslog::Syslog::new(address, settings.ca.as_deref())?)));
    }
    let client = || crate::http_client::http_client(settings.ca.as_deref(), DEADLINE).map_err(Error::internal);
    if let Some(url) = &settings.http {
        sinks.push(("http", Box::new(push::Push::lines(client()?, url, settings.http_token.clone()))));
    }
    if let Some(url) = &settings.otlp {
        sinks.push(("otlp", Box::new(push::Push::otlp(client()?, url, settings.otlp_token.clone()))));
    }
    Ok(sinks)
}

type Token = Option<SecretString>;

async fn feed(broker: Arc<Broker>, metrics: Metrics, name: &'static str, mut sink: Box<dyn Sink>) {
    let (owner, duty) = (crate::clock::replica_id(), format!("audit-export-{name}"));
    let mut wait = BACKOFF.0;
    let mut failing = false;
    loop {
        let turn = turn(&broker, &metrics, name, &duty, &owner, &mut *sink);
        let pause = match broker.shutdown.run_until_cancelled(turn).await {
            None => break,
            Some(Ok(is_more)) => {
                if std::mem::take(&mut failing) {
                    tracing::info!(sink = name, "audit export goes on");
                }
                wait = BACKOFF.0;
                if is_more { Duration::ZERO } else { LOOK }
            }
            Some(Err(error)) => {
                metrics.audit_export_failed(name);
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(sink = name, error, "audit export waits: it is tried again");
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
    let released = async { leases::release(&mut *broker.store.acquire().await?, &duty, &owner).await };
    if released.await.is_err() {
        tracing::debug!(sink = name, "audit export not released: its lease runs out by itself");
    }
}

/// One round over the chains; tells whether there is more at once.
async fn turn(
    broker: &Broker,
    metrics: &Metrics,
    name: &'static str,
    duty: &str,
    owner: &str,
    sink: &mut dyn Sink,
) -> Result<bool, String> {
    let told = |error: jimm_store::StoreError| error.to_string();
    let from = broker.clock.now().date_naive().checked_sub_days(DAYS).unwrap_or_default();
    let chains = {
        let mut conn = broker.store.acquire().await.map_err(told)?;
        if leases::acquire(&mut conn, duty, owner, LEASE).await.map_err(told)?.is_none() {
            return Ok(false);
        }
        audit::chains_to_export(&mut conn, name, from).await.map_err(told)?
    };
    let mut is_more = false;
    for (chain, after) in chains {
        let batches = {
            let mut conn = broker.store.acquire().await.map_err(told)?;
            audit::exported(&mut conn, chain, after, BATCHES).await.map_err(told)?
        };
        is_more |= i64::try_from(batches.len()).is_ok_and(|count| count == BATCHES);
        let Some(last) = batches.last().map(|batch| batch.id) else { continue };
        let count = hand_over(sink, batches).await?;
        if !note(broker, name, duty, owner, last).await.map_err(told)? {
            return Err("another replica has taken over".to_owned());
        }
        metrics.audit_exported(name, count);
    }
    Ok(is_more)
}

async fn hand_over(sink: &mut dyn Sink, batches: Vec<Batch>) -> Result<usize, String> {
    let mut events = Vec::new();
    for batch in batches {
        let entries = audit::decode(batch.id, &batch.body.entries).map_err(|error| error.to_string())?;
        events.extend(entries.into_iter().map(event));
    }
    for portion in events.chunks(EVENTS) {
        let put = tokio::time::timeout(DEADLINE, sink.put(portion)).await;
        put.map_err(|_| "it is not taken in time".to_owned())??;
    }
    Ok(events.len())
}

/// Notes how far it has come, unless another replica does that by now.
async fn note(broker: &Broker, name: &str, duty: &str, owner: &str, last: BatchId) -> jimm_store::Result<bool> {
    let mut tx = broker.store.begin().await?;
    // What takes long keeps its lease by this.
    if leases::acquire(&mut tx, duty, owner, LEASE).await?.is_none() {
        return Ok(false);
    }
    audit::note_exported(&mut tx, name, last).await?;
    tx.commit().await?;
    Ok(true)
}
