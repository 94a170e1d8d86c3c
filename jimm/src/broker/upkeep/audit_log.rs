//! The audit log as auditors read it, and who they are. Writing it is for the sessions and the relay, forgetting it for
//! `audit_keeping`.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::jimm_audit::{
    AuditBatch, AuditBatches, AuditCheckpoint, AuditCheckpoints, AuditEvent, AuditEventBody, AuditEvents, AuditKey,
    FindAuditEventsRequest,
};
use jimm_store::audit::{self, AuditEntry, Batch, Filter, Place};
use serde_json::{Value, json};

use crate::audit::event_code;
use crate::broker::identity::users::parse_user_tag;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// Events of a page that nobody asked a length for, and at most.
const PAGE: (i64, i64) = (50, 1000);
/// Batches and checkpoints of one answer.
const BATCHES: i64 = 8;
const CHECKPOINTS: i64 = 1000;

impl Broker {
    /// The events that are asked for. The caller may read the log.
    pub async fn find_audit_events(&self, request: &FindAuditEventsRequest) -> Result<AuditEvents> {
        if request.offset < 0 {
            return Err(Error::bad_request("the offset must not be negative"));
        }
        let filter = Filter {
            after: time("after", &request.after)?,
            before: time("before", &request.before)?,
            identity: request.user_tag.clone(),
            model: request.model.clone(),
            method: request.method.clone(),
            newest_first: request.sort_time,
            from: cursor(&request.cursor)?,
        };
        let offset = if filter.from.is_some() { 0 } else { request.offset };
        let limit = if request.limit < 1 { PAGE.0 } else { request.limit.min(PAGE.1) };
        let found = audit::list(&mut *self.store.acquire().await?, &filter, offset, limit).await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
        let last = found.last().filter(|_| is_full);
        let cursor = last.map(|last| format!("{}@{}", last.time.timestamp_micros(), last.place)).unwrap_or_default();
        Ok(AuditEvents { events: found.into_iter().map(event).collect(), cursor })
    }

    /// What was signed about the log, from a number on. At the beginning, that is brought up to date.
    pub async fn audit_checkpoints(&self, after: i64) -> Result<AuditCheckpoints> {
        if after == 0 {
            self.ledger.checkpoint(&self.store, false).await?;
        }
        let mut conn = self.store.acquire().await?;
        let keys = audit::keys(&mut conn).await?.into_iter();
        let found = audit::checkpoints(&mut conn, after, CHECKPOINTS).await?.into_iter();
        Ok(AuditCheckpoints {
            keys: keys.map(|key| AuditKey { kid: key.kid, public: hex::encode(key.public) }).collect(),
            checkpoints: found
                .map(|it| AuditCheckpoint {
                    no: it.no,
                    body: it.body,
                    kid: it.kid,
                    signature: hex::encode(it.signature),
                })
                .collect(),
        })
    }

    /// The batches of the log as they are chained, from a place on.
    pub async fn audit_batches(&self, after: &str) -> Result<AuditBatches> {
        let wrong = || Error::bad_request("after is no place in the audit log: use the one that the last answer told");
        let from = match after {
            "" => None,
            text => Some(Place::from_str(text).map_err(|()| wrong())?.batch),
        };
        let found = audit::batches_from(&mut *self.store.acquire().await?, from, BATCHES).await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|count| count == BATCHES);
        let last = found.last().filter(|_| is_full).map(|last| Place { batch: last.id, n: 0 }.to_string());
        Ok(AuditBatches { batches: found.into_iter().map(batch).collect(), after: last.unwrap_or_default() })
    }

    /// Lets a user read the log, or no longer. Done already is done.
    pub async fn set_audit_access(&self, who: &Requester, user_tag: &str, granted: bool) -> Result<()> {
        let user = parse_user_tag(user_tag)?.to_string();
        let log = Object::controller(self.settings.uuid);
        let mut tx = self.store.begin().await?;
        if granted {
            self.ensure_identity(&mut tx, &user).await?;
            self.add_tuple(&mut tx, Subject::user(&user), Relation::AuditLogViewer, &log).await?;
        } else {
            self.remove_tuple(&mut tx, Subject::user(&user), Relation::AuditLogViewer, &log).await?;
        }
        tx.commit().await?;
        tracing::info!(user, granted, requester = %who.name, "access to the audit log changed");
        Ok(())
    }
}

pub(in crate::broker) fn time(name: &str, text: &str) -> Result<Option<DateTime<Utc>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    parsed
        .map(Some)
        .map_err(|_| Error::bad_request(format!("invalid {name:?} filter: write a time as in 2026-11-21T08:00:00Z")))
}

fn cursor(text: &str) -> Result<Option<(DateTime<Utc>, Place)>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parse = || {
        let (time, place) = text.split_once('@')?;
        Some((DateTime::from_timestamp_micros(time.parse().ok()?)?, place.parse().ok()?))
    };
    parse().map(Some).ok_or_else(|| Error::bad_request("the cursor is not one that an answer told"))
}

fn batch(batch: Batch) -> AuditBatch {
    let (chain, body) = (batch.id.chain, batch.body);
    AuditBatch {
        class: chain.class.as_str().to_owned(),
        day: chain.day.to_string(),
        chain: chain.writer.to_string(),
        seq: batch.id.seq,
        first: body.first,
        last: body.last,
        size: body.size,
        identities: body.identities,
        models: body.models,
        methods: body.methods,
        entries: String::from_utf8_lossy(&body.entries).into_owned(),
        prev: hex::encode(batch.prev),
        hash: hex::encode(batch.hash),
    }
}

/// An entry as clients read it.
pub(crate) fn event(entry: AuditEntry) -> AuditEvent {
    let origin = &entry.origin;
    let what = AuditEventBody {
        conversation_id: origin.conversation.clone(),
        message_id: entry.message_id,
        facade_name: entry.facade_name.to_string(),
        facade_method: entry.facade_method.to_string(),
        facade_version: i64::from(entry.facade_version),
        object_id: entry.object_id,
        user_tag: origin.identity.clone(),
        model: origin.model.clone(),
        is_response: entry.is_response,
        params: entry.params,
        // As the reference tells a success.
        errors: entry.errors.or_else(|| entry.is_response.then(no_error)),
        id: entry.place.to_string(),
        class: entry.place.batch.chain.class.as_str().to_owned(),
        event_code: event_code(&entry.facade_name, &entry.facade_method),
        outcome: entry.outcome,
        elapsed_us: entry.elapsed,
        client_address: origin.client.clone(),
        auth_method: origin.auth_method.clone(),
    };
    AuditEvent { time: entry.time.into(), what }
}

fn no_error() -> Value {
    json!({"results": [{"error": {"code": "", "message": ""}}]})
}
