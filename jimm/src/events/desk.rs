//! The desk where events arrive: it gives them their places, has them audited and counted, and wakes those who follow.
//! Every replica has one; each event is passed on by one of them.

use std::sync::Arc;
use std::time::Duration;

use jimm_store::audit::{Class, Note, Origin, What};
use jimm_store::events::{self, CHANNEL_NOTED, CHANNEL_PLACED, Event};

use crate::audit::AuditQueue;
use crate::broker::Broker;
use crate::error::Result;
use crate::telemetry::Metrics;

/// Events that get their places at a time.
const PORTION: i64 = 500;
/// How often to look when nothing is heard, and how long after a failure the next look is.
const LOOK: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(500);
/// How long one portion may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Passes events on until the broker stops.
pub(super) async fn run(broker: Arc<Broker>, audit: AuditQueue, metrics: Metrics) {
    let shutdown = broker.shutdown.clone();
    let working = async {
        loop {
            if let Err(error) = listen(&broker, &audit, &metrics).await {
                tracing::debug!(error = %error, "events wait: the database is away");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    shutdown.run_until_cancelled(working).await;
    // What was noted until now is passed on by whoever comes next, or here if there is time.
    let _ = tokio::time::timeout(AGAIN, place(&broker, &audit, &metrics)).await;
}

async fn listen(broker: &Broker, audit: &AuditQueue, metrics: &Metrics) -> Result<()> {
    let mut listener = broker.store.listen(&[CHANNEL_NOTED, CHANNEL_PLACED]).await?;
    loop {
        place(broker, audit, metrics).await?;
        let Ok(heard) = tokio::time::timeout(LOOK, listener.recv()).await else {
            let (_, last) = events::range(&mut *broker.store.acquire().await?).await?;
            broker.happenings.come_to(last);
            continue;
        };
        if let Some(told) = heard?.filter(|told| told.channel == CHANNEL_PLACED) {
            broker.happenings.come_to(told.payload.parse().unwrap_or_default());
        }
    }
}

/// Gives places to what waits. What is audited in vain, because the transaction fails, is audited again.
async fn place(broker: &Broker, audit: &AuditQueue, metrics: &Metrics) -> Result<()> {
    loop {
        let placing = async {
            let mut tx = broker.store.begin().await?;
            let placed = events::place(&mut tx, PORTION).await?;
            for event in &placed {
                audit.push(Class::Change, audited(event));
            }
            tx.commit().await?;
            Ok::<_, crate::error::Error>(placed)
        };
        let placed = tokio::time::timeout(DEADLINE, placing).await.map_err(crate::error::Error::internal)??;
        for event in &placed {
            metrics.event(&event.code);
        }
        let Some(last) = placed.last() else { return Ok(()) };
        broker.happenings.come_to(last.position);
    }
}

/// An event as an entry of the audit log: its code is the entry's.
fn audited(event: &Event) -> Note {
    let (area, what) = event.code.split_once('.').unwrap_or((&event.code, ""));
    let by = event.data.get("by").and_then(|by| by.as_str()).unwrap_or_default();
    let told = serde_json::json!({
        "position": event.position, "kind": event.kind, "uuid": event.uuid, "name": event.name, "data": event.data,
    });
    let model = if event.kind == "model" { event.name.clone() } else { String::new() };
    Note {
        time: event.time,
        origin: Arc::new(Origin {
            conversation: "events".to_owned(),
            identity: format!("user-{by}"),
            model,
            ..Origin::default()
        }),
        message_id: event.position,
        facade: area.into(),
        version: 1,
        method: what.into(),
        object_id: String::new(),
        what: What::Asked(Some(told.to_string().into())),
    }
}
