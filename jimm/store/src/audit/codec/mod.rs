//! How entries lie in a batch: as JSON in which what is the same for many entries stands once.
//!
//! `{"v":2,"t":BASE,"o":[[conversation,identity,model,client,auth]…],"m":[[facade,version,method]…],"e":[ENTRY…]}`,
//! times in microseconds. An entry is `[time - BASE, o, m, message]`, a reply has a fifth member, its duration; a sixth
//! one is an object with what few entries have: `i` object, `p` parameters, `r` outcome, `e` errors.

mod decode;
mod encode;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{AuditEntry, BatchId, Class, Failure, Note, What};
use crate::{Result, StoreError};
pub use decode::decode;
use decode::decode_old;
pub use encode::Encoder;

/// What a batch has besides its place and its hashes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// The time of its first entry, and of its last, in microseconds.
    pub first: i64,
    /// See `first`.
    pub last: i64,
    /// How many entries.
    pub size: i32,
    /// Who asks in it.
    pub identities: Vec<String>,
    /// On which models.
    pub models: Vec<String>,
    /// Which methods.
    pub methods: Vec<String>,
    /// The entries.
    pub entries: Vec<u8>,
}

/// Those entries of a batch that are not older than that, as a batch.
pub(super) fn cut(batch: BatchId, entries: &[u8], keep: impl Fn(&AuditEntry) -> bool) -> Result<Body> {
    if batch.chain.class == Class::Legacy {
        return cut_old(batch, entries, keep);
    }
    let mut encoder = Encoder::default();
    for entry in decode(batch, entries)?.into_iter().filter(|entry| keep(entry)) {
        encoder.push(&note(entry));
    }
    Ok(encoder.take())
}

fn cut_old(batch: BatchId, entries: &[u8], keep: impl Fn(&AuditEntry) -> bool) -> Result<Body> {
    let left: Vec<AuditEntry> = decode_old(batch, entries)?.into_iter().filter(|entry| keep(entry)).collect();
    let values: Vec<Value> = serde_json::from_slice(entries).map_err(corrupt)?;
    let kept: Vec<&Value> = left.iter().filter_map(|entry| values.get(entry.place.n)).collect();
    let times = || left.iter().map(|entry| entry.time.timestamp_micros());
    let distinct = |get: fn(&AuditEntry) -> &str| -> Vec<String> {
        let found: BTreeSet<&str> = left.iter().map(get).collect();
        found.into_iter().map(str::to_owned).collect()
    };
    Ok(Body {
        first: times().min().unwrap_or_default(),
        last: times().max().unwrap_or_default() + 1,
        size: i32::try_from(left.len()).unwrap_or(i32::MAX),
        identities: distinct(|entry| &entry.origin.identity),
        models: distinct(|entry| &entry.origin.model),
        methods: distinct(|entry| &entry.facade_method),
        entries: serde_json::to_vec(&kept).map_err(corrupt)?,
    })
}

fn note(entry: AuditEntry) -> Note {
    let what = match entry.elapsed {
        None => What::Asked(entry.params.map(|params| params.to_string().into_boxed_str())),
        Some(elapsed) => {
            let failure = entry
                .errors
                .map(|errors| Box::new(Failure { outcome: entry.outcome.into(), errors: errors.to_string() }));
            What::Answered { elapsed, failure }
        }
    };
    Note {
        time: entry.time,
        origin: entry.origin,
        message_id: entry.message_id,
        facade: entry.facade_name,
        version: entry.facade_version,
        method: entry.facade_method,
        object_id: entry.object_id,
        what,
    }
}

fn corrupt(error: serde_json::Error) -> StoreError {
    sqlx::Error::Decode(error.into()).into()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use uuid::Uuid;

    use std::sync::Arc;

    use chrono::DateTime;

    use super::super::{Chain, Origin};
    use super::*;

    fn note(micros: i64, method: &str, what: What) -> Note {
        static ORIGIN: std::sync::LazyLock<Arc<Origin>> = std::sync::LazyLock::new(|| {
            Arc::new(Origin { conversation: "c0".into(), identity: "user-a\"\0".into(), ..Origin::default() })
        });
        Note {
            time: DateTime::from_timestamp_micros(micros).unwrap(),
            origin: ORIGIN.clone(),
            message_id: -7,
            facade: "Block".into(),
            version: 2,
            method: method.into(),
            object_id: String::new(),
            what,
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut encoder = Encoder::default();
        let asked = What::Asked(Some("{\"a\":[1]}".into()));
        let failure = Failure { outcome: "not-found".into(), errors: "{\"results\":[]}".into() };
        let failed = What::Answered { elapsed: 12, failure: Some(Box::new(failure)) };
        let notes = [
            note(1_700_000_000_000_000, "List", asked),
            note(1_700_000_000_000_009, "List", What::Answered { elapsed: 0, failure: None }),
            Note { object_id: "7\n".into(), ..note(1_699_999_999_999_999, "Next", What::Asked(None)) },
            note(1_700_000_000_000_010, "Get", failed),
        ];
        for note in &notes {
            encoder.push(note);
        }
        let body = encoder.take();
        assert_eq!((body.first, body.last, body.size), (1_699_999_999_999_999, 1_700_000_000_000_010, 4));
        assert_eq!(
            (body.methods.join(" "), body.identities.concat()),
            ("Get List Next".into(), "user-a\"\u{fffd}".into())
        );
        let day = NaiveDate::from_ymd_opt(2023, 11, 14).unwrap();
        let id = BatchId { chain: Chain { class: Class::Read, day, writer: Uuid::nil() }, seq: 3 };
        let read = decode(id, &body.entries).unwrap();
        let short: Vec<_> =
            read.iter().map(|e| (e.time.timestamp_micros() % 1000, e.is_response, &*e.outcome)).collect();
        assert_eq!(short, [(0, false, ""), (9, true, "ok"), (999, false, ""), (10, true, "not-found")]);
        assert_eq!((read[0].params.as_ref().unwrap()["a"][0].as_i64(), read[0].message_id), (Some(1), -7));
        assert_eq!((read[2].object_id.as_str(), read[3].elapsed), ("7\n", Some(12)));
        assert_eq!(read[1].place.to_string().parse(), Ok(read[1].place));
        let later = cut(id, &body.entries, |entry| entry.elapsed.is_some()).unwrap();
        assert_eq!((later.size, later.first), (2, 1_700_000_000_000_009));
        assert!(encoder.take().entries.len() < 60, "and begins anew");
    }
}
