//! Requests that a controller has not answered yet: for the log, for replays, and for telling the client when the
//! controller goes away.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::session::asked::Asked;

/// Requests of one connection at most.
const MAX: usize = 4096;
/// A request larger than this cannot be replayed, nor one more when this many bytes are held.
const MAX_HELD: usize = 1 << 20;
const MAX_HELD_ALL: usize = 16 << 20;

/// Which of a connection's upstreams.
pub(super) type UpstreamNo = u32;

/// One request.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) asked: Asked,
    pub(super) began: Instant,
    /// Where the answer will come from.
    pub(super) upstream: UpstreamNo,
    /// The frame, to send it once more.
    pub(super) held: Option<Utf8Bytes>,
}

/// All of one connection.
#[derive(Debug, Default)]
pub(super) struct InFlightTable {
    requests: BTreeMap<u64, InFlight>,
    held: usize,
}

impl InFlightTable {
    /// Remembers a request; `false` when there are too many.
    pub(super) fn insert(&mut self, mut request: InFlight) -> bool {
        if self.requests.len() >= MAX {
            return false;
        }
        let size = request.held.as_ref().map_or(0, |text| text.len());
        if size > MAX_HELD || self.held + size > MAX_HELD_ALL {
            request.held = None;
        } else {
            self.held += size;
        }
        if let Some(old) = self.requests.insert(request.asked.request_id, request) {
            self.forget(&old);
        }
        true
    }

    /// The request was answered.
    pub(super) fn remove(&mut self, id: u64) -> Option<InFlight> {
        let request = self.requests.remove(&id)?;
        self.forget(&request);
        Some(request)
    }

    /// Everything that an upstream will not answer any more.
    pub(super) fn remove_of(&mut self, upstream: UpstreamNo) -> Vec<InFlight> {
        let ids: Vec<u64> =
            self.requests.values().filter(|it| it.upstream == upstream).map(|it| it.asked.request_id).collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Whether nothing waits for this upstream.
    pub(super) fn is_done_with(&self, upstream: UpstreamNo) -> bool {
        !self.requests.values().any(|it| it.upstream == upstream)
    }

    /// Whether an answer of this upstream should come soon.
    pub(super) fn is_waited_for(&self, upstream: UpstreamNo) -> bool {
        self.requests.values().any(|it| it.upstream == upstream && !it.asked.waits_for_events())
    }

    /// Whether nothing is in work but waits for events.
    pub(super) fn is_idle(&self) -> bool {
        self.requests.values().all(|it| it.asked.waits_for_events())
    }

    fn forget(&mut self, request: &InFlight) {
        self.held -= request.held.as_ref().map_or(0, |text| text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::asked::AskedMethod;
    use crate::telemetry::Endpoint;

    fn request(id: u64, upstream: UpstreamNo, held: Option<String>) -> InFlight {
        let asked = Asked {
            request_id: id,
            object_id: String::new(),
            method: AskedMethod::new(Endpoint::Model, "Client", 8, "FullStatus").into(),
        };
        InFlight { asked, began: Instant::now(), upstream, held: held.map(Into::into) }
    }

    #[test]
    fn large_requests_are_tracked_but_not_held() {
        let mut table = InFlightTable::default();
        assert!(table.insert(request(1, 0, Some("x".repeat(MAX_HELD + 1)))));
        assert!(table.remove(1).unwrap().held.is_none());
        for id in 0..40 {
            assert!(table.insert(request(id, 0, Some("x".repeat(MAX_HELD)))));
        }
        assert!(table.held <= MAX_HELD_ALL);
        assert_eq!(table.remove_of(0).len(), 40);
        assert_eq!(table.held, 0);
    }

    #[test]
    fn an_id_used_twice_counts_once_and_the_table_is_bounded() {
        let mut table = InFlightTable::default();
        for _ in 0..2 {
            assert!(table.insert(request(7, 0, Some("x".into()))));
        }
        assert_eq!(table.held, 1);
        for id in 100.. {
            if !table.insert(request(id, 1, None)) {
                break;
            }
        }
        assert_eq!(table.requests.len(), MAX);
        assert!(!table.is_done_with(1));
        assert!(!table.is_idle());
    }
}
