//! The queries over many models that a connection runs; they end with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::broker::ModelQuery;

/// The queries of a connection. One that is being waited for is in the hands of who waits.
#[derive(Debug, Default)]
pub struct Queries(Mutex<(u64, BTreeMap<String, Option<ModelQuery>>)>);

impl Queries {
    /// Keeps a query, and names it.
    pub fn keep(&self, query: ModelQuery) -> String {
        let mut kept = self.lock();
        kept.0 += 1;
        let id = kept.0.to_string();
        kept.1.insert(id.clone(), Some(query));
        id
    }

    /// Takes a query to wait for its answers; nothing when there is none, or somebody waits already.
    pub fn take(&self, id: &str) -> Option<ModelQuery> {
        self.lock().1.get_mut(id)?.take()
    }

    /// Gives it back, unless it was ended meanwhile.
    pub fn put_back(&self, id: &str, query: ModelQuery) {
        if let Some(place) = self.lock().1.get_mut(id) {
            *place = Some(query);
        }
    }

    /// Ends a query; tells whether there was one.
    pub fn end(&self, id: &str) -> bool {
        self.lock().1.remove(id).is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, BTreeMap<String, Option<ModelQuery>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
