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
use secrecy::SecretString;

use crate::broker::Broker;
use crate::broker::upkeep::audit_log::event;
use crate::config::ExportSettings;
use crate::error::{Error, Result};
use crate::jobs::{Duty, Feed, run_feed};
use crate::telemetry::Metrics;

/// Batches of a portion, and events that are handed over at a time.
const BATCHES: i64 = 4;
const EVENTS: usize = 1000;
/// How long one hand-over may take; shorter than a replica has the duty without a sign of life.
const DEADLINE: Duration = Duration::from_secs(20);
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
        let export = Export { broker: Arc::clone(broker), metrics: metrics.clone(), name, sink };
        broker.tasks.spawn(run_feed(Arc::clone(broker), format!("audit-export-{name}"), Box::new(export)));
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

/// One of them, and how far it has come.
struct Export {
    broker: Arc<Broker>,
    metrics: Metrics,
    name: &'static str,
    sink: Box<dyn Sink>,
}

#[async_trait]
impl Feed for Export {
    fn name(&self) -> &str {
        self.name
    }

    /// One round over the chains.
    async fn turn(&mut self, duty: &Duty) -> Result<bool, String> {
        let told = |error: jimm_store::StoreError| error.to_string();
        let broker = Arc::clone(&self.broker);
        let from = broker.clock.now().date_naive().checked_sub_days(DAYS).unwrap_or_default();
        let chains = {
            let mut conn = broker.store.acquire().await.map_err(told)?;
            audit::chains_to_export(&mut conn, self.name, from).await.map_err(told)?
        };
        let mut is_more = false;
        for (chain, after) in chains {
            let batches = {
                let mut conn = broker.store.acquire().await.map_err(told)?;
                audit::exported(&mut conn, chain, after, BATCHES).await.map_err(told)?
            };
            is_more |= i64::try_from(batches.len()).is_ok_and(|count| count == BATCHES);
            let (events, ends) = events_of(batches)?;
            for portion in portions(&events, &ends) {
                hand_over(&mut *self.sink, portion.events).await?;
                if !note(&broker, self.name, duty, portion.whole).await.map_err(told)? {
                    return Err("another replica has taken over".to_owned());
                }
                self.metrics.audit_exported(self.name, portion.events.len());
            }
        }
        Ok(is_more)
    }

    fn failed(&self) {
        self.metrics.audit_export_failed(self.name);
    }
}

/// What is handed over at a time, and the last batch that has come whole with it.
struct Portion<'a> {
    events: &'a [AuditEvent],
    whole: Option<BatchId>,
}

/// How many events there are up to the end of a batch.
type End = (usize, BatchId);

/// The events of batches, and the end of each.
fn events_of(batches: Vec<Batch>) -> Result<(Vec<AuditEvent>, Vec<End>), String> {
    let (mut events, mut ends) = (Vec::new(), Vec::new());
    for batch in batches {
        let entries = audit::decode(batch.id, &batch.body.entries).map_err(|error| error.to_string())?;
        events.extend(entries.into_iter().map(event));
        ends.push((events.len(), batch.id));
    }
    Ok((events, ends))
}

fn portions<'a>(events: &'a [AuditEvent], ends: &[End]) -> Vec<Portion<'a>> {
    // Batches without events have come whole with an empty one.
    let some = if events.is_empty() && !ends.is_empty() { vec![events] } else { events.chunks(EVENTS).collect() };
    let mut done = 0;
    let portion = |events: &'a [AuditEvent]| {
        done += events.len();
        let whole = ends.iter().rev().find(|(end, _)| *end <= done).map(|(_, id)| *id);
        Portion { events, whole }
    };
    some.into_iter().map(portion).collect()
}

async fn hand_over(sink: &mut dyn Sink, events: &[AuditEvent]) -> Result<(), String> {
    if events.is_empty() {
        return Ok(());
    }
    let put = tokio::time::timeout(DEADLINE, sink.put(events)).await;
    put.map_err(|_| "it is not taken in time".to_owned())?
}

/// Notes how far it has come, unless another replica does that by now. Each portion keeps the duty by this: a hand-over of
/// many would else outlast it.
async fn note(broker: &Broker, name: &str, duty: &Duty, whole: Option<BatchId>) -> jimm_store::Result<bool> {
    let mut tx = broker.store.begin().await?;
    if !duty.keep(&mut tx).await? {
        return Ok(false);
    }
    if let Some(whole) = whole {
        audit::note_exported(&mut tx, name, whole).await?;
    }
    tx.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::{Chain, Class};

    #[test]
    fn a_portion_knows_which_batches_have_come_whole() {
        let chain = Chain { class: Class::Read, day: chrono::NaiveDate::default(), writer: uuid::Uuid::nil() };
        let id = |seq| BatchId { chain, seq };
        let events = vec![AuditEvent::default(); 2 * EVENTS + 1];
        let ends = [(10, id(0)), (EVENTS - 1, id(1)), (2 * EVENTS + 1, id(2))];
        let portions: Vec<_> = portions(&events, &ends).iter().map(|it| (it.events.len(), it.whole)).collect();
        assert_eq!(portions, [(EVENTS, Some(id(1))), (EVENTS, Some(id(1))), (1, Some(id(2)))]);
        let long = [(2 * EVENTS + 1, id(0))];
        let portions: Vec<_> = super::portions(&events, &long).iter().map(|it| it.whole).collect();
        assert_eq!(portions, [None, None, Some(id(0))]);
        assert_eq!(super::portions(&[], &[(0, id(0))]).first().map(|it| it.whole), Some(Some(id(0))));
        assert!(super::portions(&[], &[]).is_empty());
    }
}
