//! Batches on disk while the database is away: a file each, written aside, synced, renamed, and the directory synced, so
//! that what is there is whole and survives the machine. Files sort in the order in which they have to be written.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use jimm_store::audit::{Batch, BatchId, Body, Chain, Class};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chain;

const END: &str = ".batch";
const LOCK: &str = "lock";
/// No file of ours is larger.
const LARGEST: u64 = 256 << 20;

/// A directory with batches. One process at a time has it.
#[derive(Debug)]
pub(crate) struct Spill {
    dir: PathBuf,
    limit: u64,
    next: u64,
    _lock: File,
}

/// A batch on disk.
#[derive(Clone, Debug)]
pub(crate) struct Spilled {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Its entries; of those of an earlier process not known before it is read.
    size: usize,
}

/// Why a batch on disk is not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It cannot be read just now: files run out, the disk does not answer.
    Now(std::io::Error),
    /// It is not as it was written, or somebody took it away: so many entries are lost, as far as one knows.
    Lost(usize),
}

#[derive(Deserialize, Serialize)]
struct Head {
    class: String,
    day: NaiveDate,
    chain: Uuid,
    seq: i64,
    first: i64,
    last: i64,
    size: i32,
    identities: Vec<String>,
    models: Vec<String>,
    methods: Vec<String>,
    prev: String,
    hash: String,
}

impl Spill {
    /// Opens the directory: what is in it comes with it, in its order.
    pub(crate) fn open(dir: &Path, limit: u64) -> std::io::Result<(Self, Vec<Spilled>)> {
        std::fs::create_dir_all(dir)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK))?;
        lock.try_lock().map_err(|_| std::io::Error::other("another broker uses it: give each its own"))?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(END) {
                found.push(Spilled { path: entry.path(), bytes: entry.metadata()?.len(), size: 0 });
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let number = |it: &Spilled| it.path.file_stem()?.to_str()?.parse::<u64>().ok();
        let next = found.iter().filter_map(number).max().map_or(0, |last| last + 1);
        Ok((Self { dir: dir.to_owned(), limit, next, _lock: lock }, found))
    }

    /// How much may lie there.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Writes a batch; when this returns, it is there for good.
    pub(super) fn write(&mut self, batch: &Batch) -> std::io::Result<Spilled> {
        let body = &batch.body;
        let head = Head {
            class: batch.id.chain.class.as_str().to_owned(),
            day: batch.id.chain.day,
            chain: batch.id.chain.writer,
            seq: batch.id.seq,
            first: body.first,
            last: body.last,
            size: body.size,
            identities: body.identities.clone(),
            models: body.models.clone(),
            methods: body.methods.clone(),
            prev: hex::encode(&batch.prev),
            hash: hex::encode(&batch.hash),
        };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&body.entries);
        let path = self.dir.join(format!("{:020}{END}", self.next));
        let aside = path.with_extension("tmp");
        let mut file = File::create(&aside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, &path)?;
        File::open(&self.dir)?.sync_all()?;
        self.next += 1;
        Ok(Spilled { path, bytes: bytes.len() as u64, size: usize::try_from(body.size).unwrap_or(0) })
    }
}

impl Spilled {
    /// The batch. One that is not as it was written is put aside.
    pub(super) fn read(&self) -> Result<Batch, Unread> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        if let Err(error) = read {
            return Err(if self.is_gone(&error) {
                self.lost(&bytes, "somebody took it away")
            } else {
                Unread::Now(error)
            });
        }
        parse(&bytes).ok_or_else(|| {
            let _ = std::fs::rename(&self.path, self.path.with_extension("damaged"));
            self.lost(&bytes, "it is not as it was written, and kept as *.damaged")
        })
    }

    /// Whether it is not there though its directory is: where that is away as well, both may come back.
    fn is_gone(&self, error: &std::io::Error) -> bool {
        error.kind() == std::io::ErrorKind::NotFound && self.path.with_file_name(LOCK).exists()
    }

    fn lost(&self, bytes: &[u8], why: &str) -> Unread {
        let told = head(bytes).and_then(|(head, _)| usize::try_from(head.size).ok());
        let lost = told.unwrap_or(self.size).max(1);
        tracing::error!(path = %self.path.display(), lost, why, "spilled part of the audit log is lost");
        Unread::Lost(lost)
    }

    /// It is in the database.
    pub(super) fn remove(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// What is said of a batch, and its entries.
fn head(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

fn parse(bytes: &[u8]) -> Option<Batch> {
    let (head, entries) = head(bytes)?;
    let chain = Chain { class: Class::named(&head.class)?, day: head.day, writer: head.chain };
    let body = Body {
        first: head.first,
        last: head.last,
        size: head.size,
        identities: head.identities,
        models: head.models,
        methods: head.methods,
        entries: entries.to_vec(),
    };
    let (id, prev) = (BatchId { chain, seq: head.seq }, hex::decode(head.prev).ok()?);
    let hash = hex::decode(head.hash).ok()?;
    (chain::hash(id, &body, &prev) == hash).then_some(Batch { id, body, prev, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(n: i64) -> Batch {
        let body = Body { first: n, last: n, size: 1, entries: vec![b'x'; 10], ..Body::default() };
        chain::Chains::new().seal(Class::Read, body)
    }

    #[test]
    fn what_was_written_is_found_again_in_its_order() {
        let dir = tempfile::tempdir().unwrap();
        let (mut spill, found) = Spill::open(dir.path(), 1000).unwrap();
        assert!(found.is_empty());
        let batches: Vec<Batch> = (0..3).map(batch).collect();
        for batch in &batches {
            spill.write(batch).unwrap();
        }
        assert!(Spill::open(dir.path(), 1000).is_err(), "two at a time");
        drop(spill);
        let (mut spill, found) = Spill::open(dir.path(), 1000).unwrap();
        let read: Vec<Batch> = found.iter().map(|it| it.read().unwrap()).collect();
        assert_eq!(read, batches);
        found[0].remove().unwrap();
        let after = spill.write(&batches[0]).unwrap();
        assert!(after.path > found[2].path);
        let mut bytes = std::fs::read(&found[1].path).unwrap();
        *bytes.last_mut().unwrap() = b'y';
        std::fs::write(&found[1].path, bytes).unwrap();
        assert!(matches!(found[1].read(), Err(Unread::Lost(1))) && found[1].path.with_extension("damaged").exists());
        assert!(matches!(found[1].read(), Err(Unread::Lost(1))), "it is gone");
        std::fs::create_dir(&found[1].path).unwrap();
        assert!(matches!(found[1].read(), Err(Unread::Now(_))), "it cannot be read");
        std::fs::remove_file(dir.path().join(LOCK)).unwrap();
        std::fs::remove_dir(&found[1].path).unwrap();
        assert!(matches!(found[1].read(), Err(Unread::Now(_))), "the whole directory is away");
    }
}
