//! Whether the audit log is what was written: its batches, their chains and the signed checkpoints are checked here, on this
//! machine, from what the broker or a file has of them. How it is all hashed is in docs/guides/audit.md.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jimm_proto::params::jimm_audit::{AuditBatch, AuditCheckpoint, AuditKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A chain's class, day and writer.
type Chain = (String, String, String);

/// More faults than this are counted only.
const FAULTS: usize = 100;

/// A line of a file that is checked without the broker.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Record {
    /// A key that signs.
    Key(AuditKey),
    /// A signed statement.
    Checkpoint(AuditCheckpoint),
    /// A batch.
    Batch(AuditBatch),
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Report {
    pub(crate) ok: bool,
    pub(crate) entries: u64,
    pub(crate) batches: u64,
    pub(crate) chains: u64,
    pub(crate) checkpoints: u64,
    /// Of purges that were told.
    pub(crate) purged: u64,
    /// Older than the chains: nothing is known about them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) unchained: u64,
    /// The last checkpoint, as `NUMBER:HASH`: to be noted elsewhere.
    pub(crate) anchor: String,
    /// The keys that signed.
    pub(crate) keys: Vec<String>,
    pub(crate) faults: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What is believed without a proof.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// The key, if one was noted.
    pub(crate) key: Option<String>,
    /// A checkpoint that was noted, `NUMBER:HASH`.
    pub(crate) anchor: Option<(i64, String)>,
}

#[derive(Default)]
struct Stretch {
    first: i64,
    last: i64,
    first_prev: String,
    hashes: BTreeMap<i64, String>,
}

/// Checks records in whatever portions they come.
#[derive(Default)]
pub(crate) struct Check {
    trust: Trust,
    report: Report,
    keys: BTreeMap<String, Vec<u8>>,
    last: Option<(i64, String)>,
    anchor_seen: bool,
    /// How far chains have to go at least: number and hash of a batch.
    heads: BTreeMap<Chain, BTreeMap<i64, String>>,
    /// Up to where they were purged, and what was cut.
    gone: BTreeMap<Chain, BTreeMap<i64, String>>,
    cut: BTreeMap<(Chain, i64), (String, String)>,
    chains: BTreeMap<Chain, Stretch>,
    /// Batches whose content is not what their hash says: cut, or changed.
    doubtful: BTreeMap<(Chain, i64), (String, String)>,
    more_faults: usize,
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

impl Check {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, ..Self::default() }
    }

    fn fault(&mut self, text: String) {
        if self.report.faults.len() < FAULTS {
            self.report.faults.push(text);
        } else {
            self.more_faults += 1;
        }
    }

    pub(crate) fn key(&mut self, key: &AuditKey) {
        let public = hex::decode(&key.public).unwrap_or_default();
        if sha256(&public) != key.kid {
            self.fault(format!("key {} is not the one of that name", key.kid));
            return;
        }
        self.keys.insert(key.kid.clone(), public);
    }

    /// A statement; they come in their order. What it says of how far chains go counts when `heads` is true: of those
    /// that are made while batches are read it does not.
    pub(crate) fn checkpoint(&mut self, it: &AuditCheckpoint, heads: bool) {
        self.report.checkpoints += 1;
        let name = format!("checkpoint {}", it.no);
        let signature = hex::decode(&it.signature).unwrap_or_default();
        let public = self.keys.get(&it.kid);
        let is_signed = public.is_some_and(|public| {
            UnparsedPublicKey::new(&ED25519, public).verify(it.body.as_bytes(), &signature).is_ok()
        });
        if !is_signed {
            self.fault(format!("{name} is not signed by the key it names"));
        }
        if self.trust.key.as_ref().is_some_and(|key| *key != it.kid) {
            self.fault(format!("{name} is signed by the key {}, which is not the expected one", it.kid));
        }
        if !self.report.keys.contains(&it.kid) {
            self.report.keys.push(it.kid.clone());
        }
        let body: Value = serde_json::from_str(&it.body).unwrap_or_default();
        let (no, hash) = (body["no"].as_i64().unwrap_or(0), sha256(it.body.as_bytes()));
        let (before, prev) = self.last.clone().unwrap_or((0, "0".repeat(64)));
        if no != it.no || no != before + 1 {
            self.fault(format!("{name} does not follow checkpoint {before}: one is missing or was moved"));
        } else if body["prev"] != Value::String(prev) {
            self.fault(format!("{name} follows another checkpoint {before} than the one that is there"));
        }
        if let Some((number, known)) = &self.trust.anchor
            && *number == no
        {
            self.anchor_seen = true;
            if *known != hash {
                self.fault(format!("{name} is not the one that was noted"));
            }
        }
        self.last = Some((no, hash));
        if is_signed {
            self.believe(&body, heads);
        }
    }

    fn believe(&mut self, body: &Value, heads: bool) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let chain = |it: &Value| (text(&it["class"]), text(&it["day"]), text(&it["chain"]));
        let seq = |it: &Value| it["seq"].as_i64().unwrap_or(-1);
        for it in body["heads"].as_array().into_iter().flatten().filter(|_| heads) {
            self.heads.entry(chain(it)).or_default().insert(seq(it), text(&it["hash"]));
        }
        let purged = &body["purged"];
        self.report.purged += purged["entries"].as_u64().unwrap_or(0);
        for it in purged["gone"].as_array().into_iter().flatten() {
            self.gone.entry(chain(it)).or_default().insert(seq(it), text(&it["hash"]));
        }
        for it in purged["cut"].as_array().into_iter().flatten() {
            self.cut.insert((chain(it), seq(it)), (text(&it["hash"]), text(&it["content"])));
        }
    }

    /// A batch; those of a chain come in their order.
    pub(crate) fn batch(&mut self, it: &AuditBatch) {
        let size = u64::try_from(it.size).unwrap_or(0);
        if it.class == "legacy" {
            self.report.unchained += size;
            return;
        }
        self.report.batches += 1;
        self.report.entries += size;
        let chain = (it.class.clone(), it.day.clone(), it.chain.clone());
        let content = sha256(it.entries.as_bytes());
        if hash(it, &content) != it.hash {
            self.doubtful.insert((chain.clone(), it.seq), (it.hash.clone(), content));
        }
        let mut wrong = None;
        if let Some(stretch) = self.chains.get_mut(&chain) {
            if it.seq != stretch.last + 1 {
                wrong =
                    Some(format!("{} does not follow batch {}: some are missing", named(&chain, it.seq), stretch.last));
            } else if stretch.hashes.get(&stretch.last) != Some(&it.prev) {
                wrong = Some(format!("{} follows another batch {}", named(&chain, it.seq), stretch.last));
            }
            stretch.last = it.seq;
            stretch.hashes.insert(it.seq, it.hash.clone());
        } else {
            let hashes = BTreeMap::from([(it.seq, it.hash.clone())]);
            let stretch = Stretch { first: it.seq, last: it.seq, first_prev: it.prev.clone(), hashes };
            self.chains.insert(chain, stretch);
        }
        if let Some(text) = wrong {
            self.fault(text);
        }
    }

    /// What was found, when everything has come.
    pub(crate) fn end(mut self) -> Report {
        self.judge_doubtful();
        self.judge_beginnings();
        self.judge_ends();
        if self.trust.anchor.is_some() && !self.anchor_seen {
            self.fault("the checkpoint that was noted is not there any more".to_owned());
        }
        if self.last.is_none() && self.report.batches > 0 {
            self.fault("there is no checkpoint".to_owned());
        }
        if self.more_faults > 0 {
            self.report.faults.push(format!("and {} more", self.more_faults));
        }
        self.report.chains = self.chains.len() as u64;
        self.report.anchor = self.last.map(|(no, hash)| format!("{no}:{hash}")).unwrap_or_default();
        self.report.ok = self.report.faults.is_empty();
        self.report
    }

    fn judge_doubtful(&mut self) {
        for ((chain, seq), found) in std::mem::take(&mut self.doubtful) {
            if self.cut.get(&(chain.clone(), seq)) != Some(&found) {
                self.fault(format!("{} was changed", named(&chain, seq)));
            }
        }
    }

    fn judge_beginnings(&mut self) {
        let mut faults = Vec::new();
        for (chain, stretch) in &self.chains {
            let before = stretch.first - 1;
            let known = if before < 0 {
                Some("0".repeat(64))
            } else {
                self.gone.get(chain).and_then(|gone| gone.get(&before)).cloned()
            };
            match known {
                None => faults.push(format!(
                    "{} is the first one of its chain: those before are missing, and no purge tells of them",
                    named(chain, stretch.first)
                )),
                Some(prev) if prev != stretch.first_prev => {
                    faults.push(format!(
                        "{} follows another batch than the one that was there",
                        named(chain, stretch.first)
                    ));
                }
                Some(_) => {}
            }
        }
        for text in faults {
            self.fault(text);
        }
    }

    fn judge_ends(&mut self) {
        let mut faults = Vec::new();
        for (chain, heads) in &self.heads {
            let purged = self.gone.get(chain).and_then(|gone| gone.keys().max()).copied().unwrap_or(-1);
            for (seq, hash) in heads.iter().filter(|(seq, _)| **seq > purged) {
                match self.chains.get(chain).and_then(|stretch| stretch.hashes.get(seq)) {
                    Some(there) if there == hash => {}
                    Some(_) => faults.push(format!("{} is not the one that a checkpoint tells of", named(chain, *seq))),
                    None => faults.push(format!("{} is missing, of which a checkpoint tells", named(chain, *seq))),
                }
            }
        }
        for text in faults {
            self.fault(text);
        }
    }
}

fn named((class, day, writer): &Chain, seq: i64) -> String {
    format!("batch {day}/{class}/{writer}/{seq}")
}

fn hash(it: &AuditBatch, content: &str) -> String {
    let index = serde_json::json!([it.identities, it.models, it.methods]).to_string();
    let header = format!(
        "jimm audit batch\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{content}\n",
        it.class,
        it.day,
        it.chain,
        it.seq,
        it.first,
        it.last,
        it.size,
        sha256(index.as_bytes()),
        it.prev,
    );
    sha256(header.as_bytes())
}
