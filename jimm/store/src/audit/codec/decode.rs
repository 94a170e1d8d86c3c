//! From a batch to its entries, in today's form and in that of the first release.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use super::corrupt;
use crate::audit::{AuditEntry, BatchId, Class, Origin, Place};
use crate::{Result, StoreError};

#[derive(Deserialize)]
struct Doc {
    t: i64,
    o: Vec<(String, String, String, String, String)>,
    m: Vec<(Arc<str>, u32, Arc<str>)>,
    e: Vec<Entry>,
}

#[derive(Default)]
struct Entry {
    time: i64,
    origin: usize,
    method: usize,
    message_id: i64,
    elapsed: Option<u64>,
    extra: Extra,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Extra {
    i: String,
    p: Option<Value>,
    r: String,
    e: Option<Value>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry of the audit log")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Entry, A::Error> {
                Ok(Entry {
                    time: parts.next_element()?.unwrap_or_default(),
                    origin: parts.next_element()?.unwrap_or_default(),
                    method: parts.next_element()?.unwrap_or_default(),
                    message_id: parts.next_element()?.unwrap_or_default(),
                    elapsed: parts.next_element::<Option<u64>>()?.flatten(),
                    extra: parts.next_element()?.unwrap_or_default(),
                })
            }
        }
        from.deserialize_seq(Parts)
    }
}

#[derive(Deserialize)]
struct Old {
    time: DateTime<Utc>,
    conversation_id: String,
    message_id: i64,
    facade_name: Arc<str>,
    facade_method: Arc<str>,
    facade_version: u32,
    object_id: String,
    identity: String,
    model: String,
    is_response: bool,
    params: Option<Value>,
    errors: Option<Value>,
}

/// The entries of a batch.
pub fn decode(batch: BatchId, entries: &[u8]) -> Result<Vec<AuditEntry>> {
    if batch.chain.class == Class::Legacy {
        return decode_old(batch, entries);
    }
    let doc: Doc = serde_json::from_slice(entries).map_err(corrupt)?;
    let origins: Vec<Arc<Origin>> = doc
        .o
        .into_iter()
        .map(|(conversation, identity, model, client, auth_method)| {
            Arc::new(Origin { conversation, identity, model, client, auth_method })
        })
        .collect();
    let wrong = || StoreError::from(sqlx::Error::Decode("an entry of the audit log refers to nothing".into()));
    let read = |(n, entry): (usize, Entry)| -> Result<AuditEntry> {
        let (facade, version, method) = doc.m.get(entry.method).ok_or_else(wrong)?.clone();
        let is_response = entry.elapsed.is_some();
        let fine = if is_response { "ok".to_owned() } else { String::new() };
        Ok(AuditEntry {
            place: Place { batch, n },
            time: DateTime::from_timestamp_micros(doc.t.saturating_add(entry.time)).unwrap_or_default(),
            origin: origins.get(entry.origin).ok_or_else(wrong)?.clone(),
            message_id: entry.message_id,
            facade_name: facade,
            facade_method: method,
            facade_version: version,
            object_id: entry.extra.i,
            outcome: if entry.extra.r.is_empty() { fine } else { entry.extra.r },
            elapsed: entry.elapsed,
            is_response,
            params: entry.extra.p,
            errors: entry.extra.e,
        })
    };
    doc.e.into_iter().enumerate().map(read).collect()
}

pub(super) fn decode_old(batch: BatchId, entries: &[u8]) -> Result<Vec<AuditEntry>> {
    let old: Vec<Old> = serde_json::from_slice(entries).map_err(corrupt)?;
    let read = |(n, old): (usize, Old)| {
        let Old { conversation_id: conversation, identity, model, .. } = old;
        let outcome = match (old.is_response, &old.errors) {
            (false, _) => "",
            (true, None) => "ok",
            (true, Some(_)) => "failed",
        };
        AuditEntry {
            place: Place { batch, n },
            time: old.time,
            origin: Arc::new(Origin { conversation, identity, model, ..Origin::default() }),
            message_id: old.message_id,
            facade_name: old.facade_name,
            facade_method: old.facade_method,
            facade_version: old.facade_version,
            object_id: old.object_id,
            outcome: outcome.to_owned(),
            elapsed: None,
            is_response: old.is_response,
            params: old.params,
            errors: old.errors,
        }
    };
    Ok(old.into_iter().enumerate().map(read).collect())
}
