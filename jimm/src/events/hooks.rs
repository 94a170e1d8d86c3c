//! Web hooks: every event is sent to every hook, signed, at least once and in order. One replica at a time feeds each hook,
//! from where its cursor stands; a hook that is dead holds up nobody else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use http::header::CONTENT_TYPE;
use jimm_proto::params::jimm_events::EventInfo;
use jimm_store::events;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::broker::{Broker, event_info};
use crate::error::{Error, Result};
use crate::jobs::{Duty, Feed, run_feed};
use crate::telemetry::Metrics;

/// Events of one request.
const PORTION: i64 = 100;
/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// When it was sent, what it is signed with, and which events it has.
const TIMESTAMP: &str = "x-jimm-timestamp";
const SIGNATURE: &str = "x-jimm-signature";
const DELIVERY: &str = "x-jimm-delivery";

/// Feeds every hook that is configured until the broker stops.
pub(super) fn run(broker: &Arc<Broker>, metrics: &Metrics) -> Result<()> {
    let settings = &broker.settings.events;
    if settings.hooks.is_empty() {
        return Ok(());
    }
    let client = crate::http_client::http_client(settings.hooks_ca.as_deref(), DEADLINE).map_err(Error::internal)?;
    for url in &settings.hooks {
        let digest = hex::encode(&Sha256::digest(url.as_bytes())[..8]);
        let hook = Hook {
            broker: Arc::clone(broker),
            metrics: metrics.clone(),
            client: client.clone(),
            url: url.clone(),
            name: shown(url),
            reader: format!("hook-{digest}"),
            key: hmac::Key::new(hmac::HMAC_SHA256, settings.hooks_secret.expose_secret().as_bytes()),
        };
        broker.tasks.spawn(run_feed(Arc::clone(broker), format!("web-hook-{digest}"), Box::new(hook)));
    }
    Ok(())
}

/// A hook without what may be secret in its URL.
fn shown(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    host.map_or_else(|| "hook".to_owned(), |(host, port)| format!("{host}:{port}"))
}

struct Hook {
    broker: Arc<Broker>,
    metrics: Metrics,
    client: reqwest::Client,
    url: String,
    name: String,
    reader: String,
    key: hmac::Key,
}

#[async_trait]
impl Feed for Hook {
    fn name(&self) -> &str {
        &self.name
    }

    async fn turn(&mut self, duty: &Duty) -> Result<bool, String> {
        let told = |error: jimm_store::StoreError| error.to_string();
        let found = {
            let mut conn = self.broker.store.acquire().await.map_err(told)?;
            let at = events::cursor(&mut conn, &self.reader).await.map_err(told)?;
            let (first, _) = events::range(&mut conn).await.map_err(told)?;
            if at < first - 1 {
                let lost = first - 1 - at;
                tracing::error!(hook = self.name, lost, "events were forgotten before the web hook took them");
            }
            events::after(&mut conn, at, PORTION).await.map_err(told)?
        };
        let Some(last) = found.last().map(|event| event.position) else { return Ok(false) };
        let is_more = i64::try_from(found.len()).is_ok_and(|count| count == PORTION);
        let wanted = &self.broker.settings.events.hooks_codes;
        let is_wanted = |code: &str| wanted.is_empty() || wanted.iter().any(|prefix| code.starts_with(prefix.as_str()));
        let sent: Vec<EventInfo> = found.into_iter().filter(|event| is_wanted(&event.code)).map(event_info).collect();
        if !sent.is_empty() {
            self.send(&sent).await?;
        }
        let mut tx = self.broker.store.begin().await.map_err(told)?;
        if !duty.keep(&mut tx).await.map_err(told)? {
            return Err("another replica has taken over".to_owned());
        }
        events::advance(&mut tx, &self.reader, last).await.map_err(told)?;
        tx.commit().await.map_err(told)?;
        self.metrics.webhook_sent(&self.name, sent.len());
        Ok(is_more)
    }

    fn failed(&self) {
        self.metrics.webhook_failed(&self.name);
    }
}

impl Hook {
    async fn send(&self, events: &[EventInfo]) -> Result<(), String> {
        let ends = (events.first().map_or(0, |event| event.id), events.last().map_or(0, |event| event.id));
        let body = json!({"broker": self.broker.settings.uuid, "events": events}).to_string();
        let timestamp = self.broker.clock.now().timestamp().to_string();
        let signature = hmac::sign(&self.key, format!("{timestamp}.{body}").as_bytes());
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, format!("sha256={}", hex::encode(signature.as_ref())))
            .header(DELIVERY, format!("{}-{}", ends.0, ends.1))
            .body(body);
        let answer = request.send().await.map_err(|error| chain(&error.without_url()))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("the hook answers {status}")) }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
