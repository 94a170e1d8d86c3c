//! HTTP: lines of JSON, or OpenTelemetry's log protocol.

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use jimm_proto::params::jimm_audit::AuditEvent;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::shape::{lines, otlp};
use super::{Sink, Token};

/// What of an answer is looked at.
const LONGEST: usize = 64 * 1024;

/// A server that takes events.
pub(super) struct Push {
    client: reqwest::Client,
    url: String,
    token: Token,
    /// The host's name, for OpenTelemetry; without it lines are sent.
    host: Option<String>,
}

impl Push {
    pub(super) fn lines(client: reqwest::Client, url: &str, token: Token) -> Self {
        Self { client, url: url.to_owned(), token, host: None }
    }

    pub(super) fn otlp(client: reqwest::Client, url: &str, token: Token) -> Self {
        Self { client, url: url.to_owned(), token, host: Some(super::syslog::host_name()) }
    }
}

#[async_trait]
impl Sink for Push {
    async fn put(&mut self, events: &[AuditEvent]) -> Result<(), String> {
        let (kind, body) = match &self.host {
            None => ("application/x-ndjson", lines(events)?),
            Some(host) => ("application/json", otlp(host, events).to_string().into_bytes()),
        };
        let mut request = self.client.post(&self.url).header(CONTENT_TYPE, kind).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(|error| chain(&error.without_url()))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("the server answers {status}"));
        }
        let length = answer.content_length().unwrap_or(0);
        if self.host.is_some() && length > 0 && length <= LONGEST as u64 {
            // Refused for good, says the protocol: to send them again would not help.
            let told: Value = answer.json().await.unwrap_or_default();
            let rejected = &told["partialSuccess"]["rejectedLogRecords"];
            let rejected = rejected.as_i64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
            if rejected > 0 {
                tracing::error!(rejected, "audit events are rejected by the OTLP server");
            }
        }
        Ok(())
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
