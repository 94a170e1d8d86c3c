//! From notes to a batch. What it writes is told in `codec`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::Body;
use crate::audit::{Failure, Note, Origin, What};

/// Gathers notes to a batch.
#[derive(Debug, Default)]
pub struct Encoder {
    base: i64,
    /// The time of the first entry, and of the last.
    span: (i64, i64),
    size: i32,
    origins: Vec<Arc<Origin>>,
    origin_places: HashMap<usize, usize>,
    methods: Vec<(Arc<str>, u32, Arc<str>)>,
    method_places: HashMap<Arc<str>, Vec<usize>>,
    /// Where those of the last note are: the next one mostly has the same.
    last: (usize, usize),
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
            (self.base, self.span) = (time, (time, time));
        } else {
            self.entries.push(',');
        }
        self.span = (self.span.0.min(time), self.span.1.max(time));
        self.size += 1;
        let (origin, method) = (self.origin(&note.origin), self.method(note));
        self.last = (origin, method);
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
        if self.origins.get(self.last.0).is_some_and(|last| Arc::ptr_eq(last, origin)) {
            return self.last.0;
        }
        // Which we hold: no other one can come to lie there.
        *self.origin_places.entry(Arc::as_ptr(origin).addr()).or_insert_with(|| {
            self.origins.push(Arc::clone(origin));
            self.origins.len() - 1
        })
    }

    fn method(&mut self, note: &Note) -> usize {
        if self.methods.get(self.last.1).is_some_and(|(facade, version, method)| {
            Arc::ptr_eq(facade, &note.facade) && *version == note.version && Arc::ptr_eq(method, &note.method)
        }) {
            return self.last.1;
        }
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
        // The memory serves the next batch too.
        self.entries = this.entries;
        self.entries.clear();
        let distinct = |texts: BTreeSet<&str>| -> Vec<String> { texts.into_iter().map(clean).collect() };
        Body {
            first: this.span.0,
            last: this.span.1,
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
    out.push_str(itoa::Buffer::new().format(number));
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
