//! The audit log as auditors read it, who they are, and how long it is kept. Writing it is for the sessions and the relay.

use chrono::{DateTime, Utc};
use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::jimm_audit::{AuditEvent, AuditEventBody, AuditEvents, FindAuditEventsRequest};
use jimm_store::audit::{self, AuditEntry, Filter};
use serde_json::{Value, json};

use super::users::parse_user_tag;
use super::{Broker, Requester};
use crate::clock::delta;
use crate::error::{Error, Result};

/// Events of a page that nobody asked a length for, and at most.
const PAGE: (i64, i64) = (50, 1000);
/// Batches that one statement forgets.
const BATCHES: i64 = 1000;

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
        };
        let limit = if request.limit < 1 { PAGE.0 } else { request.limit.min(PAGE.1) };
        let found = audit::list(&mut *self.store.acquire().await?, &filter, request.offset, limit).await?;
        Ok(AuditEvents { events: found.into_iter().map(event).collect() })
    }

    /// Forgets what is older; tells how much that was.
    pub async fn purge_audit_log(&self, who: &Requester, date: &str) -> Result<u64> {
        let before = time("date", date)?.ok_or_else(|| Error::bad_request("no date given"))?;
        let count = self.forget_audit(before).await?;
        tracing::info!(count, before = %before, requester = %who.name, "audit log purged");
        Ok(count)
    }

    /// Forgets what is older than the log is kept; nothing when it is kept for ever.
    pub async fn forget_old_audit(&self) -> Result<()> {
        let Some(kept) = self.settings.audit_retention else { return Ok(()) };
        let count = self.forget_audit(self.clock.now() - delta(kept)).await?;
        if count > 0 {
            tracing::info!(count, "audit log purged of what is older than it is kept");
        }
        Ok(())
    }

    async fn forget_audit(&self, before: DateTime<Utc>) -> Result<u64> {
        let mut count = 0;
        loop {
            // A connection for each part, so that others get theirs.
            let gone = audit::purge(&mut *self.store.acquire().await?, before, BATCHES).await?;
            count += gone.entries;
            if !gone.more {
                return Ok(count);
            }
        }
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

fn time(name: &str, text: &str) -> Result<Option<DateTime<Utc>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    parsed
        .map(Some)
        .map_err(|_| Error::bad_request(format!("invalid {name:?} filter: write a time as in 2026-11-21T08:00:00Z")))
}

fn event(entry: AuditEntry) -> AuditEvent {
    let what = AuditEventBody {
        conversation_id: entry.conversation_id.to_string(),
        message_id: entry.message_id,
        facade_name: entry.facade_name.to_string(),
        facade_method: entry.facade_method.to_string(),
        facade_version: i64::from(entry.facade_version),
        object_id: entry.object_id,
        user_tag: entry.identity.to_string(),
        model: entry.model.to_string(),
        is_response: entry.is_response,
        params: entry.params,
        // As the reference tells a success.
        errors: entry.errors.or_else(|| entry.is_response.then(no_error)),
    };
    AuditEvent { time: entry.time.into(), what }
}

fn no_error() -> Value {
    json!({"results": [{"error": {"code": "", "message": ""}}]})
}
