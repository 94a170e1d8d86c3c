//! Tuples there: written and removed whether they were there or not, and read page by page.

use std::time::Duration;

use openfga_client::client::{ReadRequest, ReadRequestTupleKey, WriteRequest, WriteRequestDeletes, WriteRequestWrites};

use super::{CONSISTENCY, Client, OpenFga, words};
use crate::authorizer::Result;
use crate::names::{Subject, Tuple};

/// How long one write may take. The server is told, and gives it up then too.
const WRITE: Duration = Duration::from_secs(2);
/// How long one page may take.
const READ: Duration = Duration::from_secs(5);
/// What to do about a tuple to add that is there, or one to remove that is not.
const IGNORE: &str = "ignore";
/// Tuples of one page, as many as there may be.
const PAGE: i32 = 100;

/// Tuples of one write at most: what servers take unless they are told otherwise.
pub const WRITES_AT_ONCE: usize = 100;

/// Whether the tuple is one that OpenFGA is told: the model knows it, its names are not too long, and it says more than that
/// those who have a relation have it, which OpenFGA does not take.
pub fn is_mirrored(tuple: &Tuple) -> bool {
    let Tuple { subject, relation, object } = tuple;
    let says_nothing =
        matches!(subject, Subject::Set { object: set, relation: had } if set == object && had == relation);
    tuple.is_valid() && !says_nothing && words::fits(tuple)
}

/// Some of the tuples there.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// They.
    pub tuples: Vec<Tuple>,
    /// Tuples that are none of ours, as they are written there.
    pub foreign: Vec<String>,
    /// Where the next page begins; empty on the last.
    pub next: String,
}

impl OpenFga {
    /// Makes the tuples of `added` be there and those of `removed` not, all at once. Together at most
    /// [`WRITES_AT_ONCE`], none of them twice.
    pub async fn write(&self, added: &[Tuple], removed: &[Tuple]) -> Result<()> {
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        let request = WriteRequest {
            store_id: self.store.clone(),
            writes: (!added.is_empty()).then(|| WriteRequestWrites {
                tuple_keys: added.iter().map(words::key).collect(),
                on_duplicate: IGNORE.to_owned(),
            }),
            deletes: (!removed.is_empty()).then(|| WriteRequestDeletes {
                tuple_keys: removed.iter().map(words::bare_key).collect(),
                on_missing: IGNORE.to_owned(),
            }),
            authorization_model_id: self.model.clone(),
        };
        self.call("Write", WRITE, request, async |mut client: Client, request| client.write(request).await)
            .await
            .map(|_| ())
    }

    /// The page that begins there; the first for an empty text.
    pub async fn read_page(&self, from: &str) -> Result<Page> {
        self.read(None, from).await
    }

    /// Whether the tuple is there.
    pub async fn has(&self, tuple: &Tuple) -> Result<bool> {
        let key = words::key(tuple);
        let key = ReadRequestTupleKey { user: key.user, relation: key.relation, object: key.object };
        Ok(!self.read(Some(key), "").await?.tuples.is_empty())
    }

    async fn read(&self, tuple_key: Option<ReadRequestTupleKey>, from: &str) -> Result<Page> {
        let request = ReadRequest {
            store_id: self.store.clone(),
            tuple_key,
            page_size: Some(PAGE),
            continuation_token: from.to_owned(),
            consistency: CONSISTENCY,
        };
        let answer =
            self.call("Read", READ, request, async |mut client: Client, request| client.read(request).await).await?;
        let mut page = Page { next: answer.continuation_token, ..Page::default() };
        for key in answer.tuples.into_iter().filter_map(|tuple| tuple.key) {
            match words::read(&key).filter(|_| key.condition.is_none()) {
                Some(tuple) => page.tuples.push(tuple),
                None => page.foreign.push(format!("{} {} {}", key.user, key.relation, key.object)),
            }
        }
        Ok(page)
    }
}
