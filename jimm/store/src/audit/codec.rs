//! How entries lie in a batch: as JSON in which what is the same for many entries stands once.
//!
//! `{"v":2,"t":BASE,"o":[[conversation,identity,model,client,auth]…],"m":[[facade,version,method]…],"e":[ENTRY…]}`,
//! times in microseconds. An entry is `[time - BASE, o, m, message]`, a reply has a fifth member, its duration; a sixth
//! one is an object with what few entries have: `i` object, `p` parameters, `r` outcome, `e` errors.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use super::{AuditEntry, BatchId, Class, Failure, Note, Origin, Place, What};
use crate::{Result, StoreError};

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

/// Gathers notes to a batch.
#[derive(Debug, Default)]
pub struct Encoder {
    base: i64,
    first: i64,
    last: i64,
    size: i32,
    origins: Vec<Arc<Origin>>,
    origin_places: HashMap<usize, usize>,
    methods: Vec<(Arc<str>, u32, Arc<str>)>,
    method_places: HashMap<Arc<str>, Vec<usize>>,
    entries: String,
}

impl Encoder {
    /// How many notes there are.
    pub fn size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(0)
    }

    /// How many bytes they take, roughly.
    pub fn bytes(&self) -> usize {
        self.entries.len() + 200 * self.origins.len() + 60 * self.methods.len()
    }

    /// Adds a note.
    pub fn push(&mut self, note: &Note) {
        let time = note.time.timestamp_micros();
        if self.size == 0 {
            (self.base, self.first, self.last) = (time, time, time);
        } else {
            self.entries.push(',');
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.size += 1;
        let (origin, method) = (self.origin(&note.origin), self.method(note));
        let out = &mut self.entries;
        out.push('[');
        number(out, time - self.base);
        for place in [origin, method] {
            out.push(',');
            number(out, i64::try_from(place).unwrap_or(i64::MAX));
        }
        out.push(',');
        number(out, note.message_id);
        match &note.what {
            What::Asked(params) => {
                if params.is_some() || !note.object_id.is_empty() {
                    out.push_str(",null");
                    extra(out, &note.object_id, params.as_deref(), None);
                }
            }
            What::Answered { elapsed, failure } => {
                out.push(',');
                number(out, i64::try_from(*elapsed).unwrap_or(i64::MAX));
                if failure.is_some() || !note.object_id.is_empty() {
                    extra(out, &note.object_id, None, failure.as_deref());
                }
            }
        }
        out.push(']');
    }

    fn origin(&mut self, origin: &Arc<Origin>) -> usize {
        // Which we hold: no other one can come to lie there.
        *self.origin_places.entry(Arc::as_ptr(origin).addr()).or_insert_with(|| {
            self.origins.push(Arc::clone(origin));
            self.origins.len() - 1
        })
    }

    fn method(&mut self, note: &Note) -> usize {
        let (methods, known) = (&mut self.methods, self.method_places.get(&note.method));
        let is_it = |place: &&usize| methods[**place].1 == note.version && methods[**place].0 == note.facade;
        if let Some(place) = known.and_then(|known| known.iter().find(is_it)) {
            return *place;
        }
        methods.push((Arc::clone(&note.facade), note.version, Arc::clone(&note.method)));
        self.method_places.entry(Arc::clone(&note.method)).or_default().push(methods.len() - 1);
        methods.len() - 1
    }

    /// The batch; the encoder begins anew.
    pub fn take(&mut self) -> Body {
        let this = std::mem::take(self);
        let mut out = String::with_capacity(this.bytes() + 64);
        out.push_str("{\"v\":2,\"t\":");
        number(&mut out, this.base);
        out.push_str(",\"o\":[");
        for (n, origin) in this.origins.iter().enumerate() {
            out.push_str(if n == 0 { "[" } else { ",[" });
            let Origin { conversation, identity, model, client, auth_method } = &**origin;
            for (n, part) in [conversation, identity, model, client, auth_method].into_iter().enumerate() {
                out.push_str(if n == 0 { "" } else { "," });
                text(&mut out, part);
            }
            out.push(']');
        }
        out.push_str("],\"m\":[");
        for (n, (facade, version, method)) in this.methods.iter().enumerate() {
            out.push_str(if n == 0 { "[" } else { ",[" });
            text(&mut out, facade);
            out.push(',');
            number(&mut out, i64::from(*version));
            out.push(',');
            text(&mut out, method);
            out.push(']');
        }
        out.push_str("],\"e\":[");
        out.push_str(&this.entries);
        out.push_str("]}");
        let distinct = |texts: BTreeSet<&str>| -> Vec<String> { texts.into_iter().map(clean).collect() };
        Body {
            first: this.first,
            last: this.last,
            size: this.size,
            identities: distinct(this.origins.iter().map(|it| it.identity.as_str()).collect()),
            models: distinct(this.origins.iter().map(|it| it.model.as_str()).collect()),
            methods: distinct(this.methods.iter().map(|(.., method)| &**method).collect()),
            entries: out.into_bytes(),
        }
    }
}

/// Postgres keeps no NUL; a client may send one, and what it did is to be kept all the same.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn text(out: &mut String, text: &str) {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::String(clean(text)).to_string());
    }
}

fn number(out: &mut String, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

fn extra(out: &mut String, object_id: &str, params: Option<&str>, failure: Option<&Failure>) {
    let mut mark = ",{\"";
    let mut member = |out: &mut String, name: &str| {
        out.push_str(mark);
        out.push_str(name);
        out.push_str("\":");
        mark = ",\"";
    };
    if !object_id.is_empty() {
        member(out, "i");
        text(out, object_id);
    }
    if let Some(params) = params {
        member(out, "p");
        out.push_str(params);
    }
    if let Some(Failure { outcome, errors }) = failure {
        member(out, "r");
        text(out, outcome);
        member(out, "e");
        out.push_str(errors);
    }
    out.push('}');
}

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

fn decode_old(batch: BatchId, entries: &[u8]) -> Result<Vec<AuditEntry>> {
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

    use super::super::Chain;
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
