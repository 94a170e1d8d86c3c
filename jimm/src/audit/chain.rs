//! Batches become a chain here: each has the hash of the one before it. The hash covers everything that a reader goes by;
//! what is hashed is written down in docs/guides/audit.md, so that others can check it.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::DateTime;
use jimm_store::audit::{Batch, BatchId, Body, Chain, Class};
use uuid::Uuid;

/// What the first batch of a chain has in place of a hash before it.
pub(crate) const NOTHING: [u8; 32] = [0; 32];

/// The chains that this process writes.
#[derive(Debug)]
pub(crate) struct Chains {
    writer: Uuid,
    /// Where the next batch of a class goes.
    ends: BTreeMap<Class, (BatchId, Vec<u8>)>,
}

impl Chains {
    /// Chains of a writer that has written nothing.
    pub(crate) fn new() -> Self {
        Self { writer: Uuid::new_v4(), ends: BTreeMap::new() }
    }

    /// Makes the next batch of its class.
    pub(crate) fn seal(&mut self, class: Class, body: Body) -> Batch {
        let day = DateTime::from_timestamp_micros(body.first).unwrap_or_default().date_naive();
        let (id, prev) = match self.ends.get(&class) {
            // Where the clock was set back, the chain goes on.
            Some((last, hash)) if last.chain.day >= day => {
                (BatchId { chain: last.chain, seq: last.seq + 1 }, hash.clone())
            }
            _ => (BatchId { chain: Chain { class, day, writer: self.writer }, seq: 0 }, NOTHING.to_vec()),
        };
        let hash = hash(id, &body, &prev);
        self.ends.insert(class, (id, hash.clone()));
        Batch { id, body, prev, hash }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// The hash of a batch.
pub(crate) fn hash(id: BatchId, body: &Body, prev: &[u8]) -> Vec<u8> {
    let index = serde_json::json!([body.identities, body.models, body.methods]).to_string();
    let BatchId { chain: Chain { class, day, writer }, seq } = id;
    let header = format!(
        "jimm audit batch\n{}\n{day}\n{writer}\n{seq}\n{}\n{}\n{}\n{}\n{}\n{}\n",
        class.as_str(),
        body.first,
        body.last,
        body.size,
        sha256(index.as_bytes()),
        hex::encode(prev),
        sha256(&body.entries),
    );
    digest(&SHA256, header.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(first: i64) -> Body {
        Body { first, last: first, size: 1, entries: first.to_string().into_bytes(), ..Body::default() }
    }

    #[test]
    fn batches_of_a_class_and_day_are_a_chain() {
        let mut chains = Chains::new();
        let day = 86_400_000_000;
        let one = chains.seal(Class::Read, body(1));
        let two = chains.seal(Class::Read, body(2));
        let other = chains.seal(Class::Change, body(3));
        let next = chains.seal(Class::Read, body(day));
        let back = chains.seal(Class::Read, body(4));
        assert_eq!((one.id.seq, &one.prev[..]), (0, &NOTHING[..]));
        assert_eq!((two.id.seq, &two.prev), (1, &one.hash));
        assert_eq!((other.id.seq, &other.prev[..]), (0, &NOTHING[..]));
        assert_eq!((next.id.seq, next.id.chain.day > one.id.chain.day), (0, true));
        assert_eq!((back.id.chain, back.id.seq), (next.id.chain, 1), "a clock set back begins no chain anew");
        let changed = Body { methods: vec!["Other".into()], ..two.body.clone() };
        assert_ne!(hash(two.id, &changed, &two.prev), two.hash, "the index is covered too");
    }
}
