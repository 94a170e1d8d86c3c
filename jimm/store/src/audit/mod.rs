//! The audit log: who asked for what, and what was answered. Kept in batches, a row each, which are chained by hashes;
//! checkpoints say how far the chains go. This module keeps and reads them; it neither hashes nor signs.

mod chains;
mod codec;
mod exports;
mod keys;
mod list;
mod purge;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

pub use chains::{
    Checkpoint, End, batches_from, checkpoints, checkpoints_since, insert, insert_checkpoint, last_checkpoint,
    lock_checkpoints, make_partitions, open_chains,
};
pub use codec::{Body, Encoder, decode};
pub use exports::{chains_to_export, exported, note_exported};
pub use keys::{AuditKey, insert_key, keys, lock_keys};
pub use list::{Filter, list};
pub use purge::{Cut, Gone, Purged, drop_partition, droppable, oldest_chains, purge_chain};

/// For how long an entry is of interest: each class is kept for a time of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Somebody logged in, or tried to, or out.
    Login,
    /// Something may have changed.
    Change,
    /// Nothing has changed.
    Read,
    /// Written before there were classes.
    Legacy,
}

impl Class {
    /// Those that are written.
    pub const WRITTEN: [Self; 3] = [Self::Login, Self::Change, Self::Read];
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Login, Self::Change, Self::Read, Self::Legacy];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Change => "change",
            Self::Read => "read",
            Self::Legacy => "legacy",
        }
    }

    /// The class of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// A chain of batches: those of one class that one process wrote on one day.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Chain {
    /// What kind of entries.
    pub class: Class,
    /// The day of the batches' first entries, UTC.
    pub day: NaiveDate,
    /// Who wrote it.
    pub writer: Uuid,
}

/// The place of a batch.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BatchId {
    /// In which chain.
    pub chain: Chain,
    /// The how many-eth there, from 0.
    pub seq: i64,
}

/// The place of an entry, which is its name for ever: `day/class/writer/batch/entry`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// In which batch.
    pub batch: BatchId,
    /// The how many-eth there, from 0.
    pub n: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BatchId { chain: Chain { class, day, writer }, seq } = self.batch;
        write!(f, "{day}/{}/{writer}/{seq}/{}", class.as_str(), self.n)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split('/').collect();
        let [day, class, writer, seq, n] = parts[..] else { return Err(()) };
        let chain = Chain {
            class: Class::named(class).ok_or(())?,
            day: day.parse().map_err(|_| ())?,
            writer: writer.parse().map_err(|_| ())?,
        };
        let batch = BatchId { chain, seq: seq.parse().map_err(|_| ())? };
        Ok(Self { batch, n: n.parse().map_err(|_| ())? })
    }
}

/// Who asks, and from where: the same for many entries.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Origin {
    /// Which connection.
    pub conversation: String,
    /// The tag of who asked.
    pub identity: String,
    /// `controller/model`, on model connections.
    pub model: String,
    /// The address of the socket.
    pub client: String,
    /// How the identity logged in.
    pub auth_method: String,
}

/// A request or a reply, to be kept.
#[derive(Clone, Debug)]
pub struct Note {
    /// When.
    pub time: DateTime<Utc>,
    /// Who asks.
    pub origin: Arc<Origin>,
    /// The request id on the connection.
    pub message_id: i64,
    /// The facade asked.
    pub facade: Arc<str>,
    /// Its version.
    pub version: u32,
    /// The method asked.
    pub method: Arc<str>,
    /// The object asked; mostly none.
    pub object_id: String,
    /// What there is to tell of it.
    pub what: What,
}

/// What there is to tell of a request or a reply.
#[derive(Clone, Debug)]
pub enum What {
    /// It was asked, with these parameters: JSON, as far as they may be kept.
    Asked(Option<Box<str>>),
    /// It was answered.
    Answered {
        /// How long that took, in microseconds.
        elapsed: u64,
        /// What went wrong.
        failure: Option<Box<Failure>>,
    },
}

/// What went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its kind.
    pub outcome: Cow<'static, str>,
    /// `{"results": […]}`, JSON.
    pub errors: String,
}

/// A request or a reply, as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its place.
    pub place: Place,
    /// When.
    pub time: DateTime<Utc>,
    /// Who asks.
    pub origin: Arc<Origin>,
    /// The request id on the connection.
    pub message_id: i64,
    /// The facade asked.
    pub facade_name: Arc<str>,
    /// The method asked.
    pub facade_method: Arc<str>,
    /// The version of the facade.
    pub facade_version: u32,
    /// The object asked.
    pub object_id: String,
    /// How it ended, on replies: `ok`, or the kind of failure; else empty.
    pub outcome: String,
    /// How long it took, on replies, in microseconds.
    pub elapsed: Option<u64>,
    /// Whether it is the reply.
    pub is_response: bool,
    /// What was asked, as far as it may be kept.
    pub params: Option<Value>,
    /// What went wrong.
    pub errors: Option<Value>,
}

/// A batch, chained.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its place.
    pub id: BatchId,
    /// What is in it.
    pub body: Body,
    /// The hash of the one before it in the chain.
    pub prev: Vec<u8>,
    /// Its own.
    pub hash: Vec<u8>,
}
