//! Checkpoints: signed statements of how far the chains go and what was purged of them, a chain of their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use chrono::{DateTime, NaiveDate, Utc};
use jimm_store::audit::{self, AuditKey, Batch, Chain, Checkpoint, Purged};
use jimm_store::{PgConnection, Store};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chain::sha256;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::secrets::{self, SecretStore};

/// Signs statements about the audit log, and knows how far this process has come with it.
pub struct Ledger {
    broker: Uuid,
    kid: String,
    key: Ed25519KeyPair,
    clock: Arc<dyn Clock>,
    ends: Mutex<BTreeMap<Chain, End>>,
}

/// How far a chain goes in the database.
#[derive(Clone, Debug)]
struct End {
    seq: i64,
    hash: Vec<u8>,
    entries: u64,
    /// The last batch that a checkpoint tells of.
    told: Option<i64>,
    /// Whether a checkpoint says that nothing more comes.
    closed: bool,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Ledger {
    /// A ledger with the newest key; makes the first one if there is none.
    pub async fn open(
        broker: Uuid,
        store: &Store,
        secrets: &Arc<dyn SecretStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let known = audit::keys(&mut *store.acquire().await?).await?;
        let row = match known.into_iter().next() {
            Some(row) => row,
            None => make_key(store, secrets, clock.now()).await?,
        };
        let private = secrets.open(&place(&row.kid), &row.sealed).await?;
        let key = Ed25519KeyPair::from_pkcs8(private.expose_secret()).map_err(Error::internal)?;
        if key.public_key().as_ref() != row.public {
            return Err(Error::internal("the public half of the audit log's key is not that of its private half"));
        }
        Ok(Self { broker, kid: row.kid, key, clock, ends: Mutex::default() })
    }

    /// A batch of ours is in the database.
    pub(crate) fn written(&self, batch: &Batch) {
        let mut ends = self.ends();
        let new = End { seq: -1, hash: Vec::new(), entries: 0, told: None, closed: false };
        let end = ends.entry(batch.id.chain).or_insert(new);
        if batch.id.seq > end.seq {
            (end.seq, end.hash) = (batch.id.seq, batch.hash.clone());
            end.entries += u64::try_from(batch.body.size).unwrap_or(0);
        }
    }

    /// Tells in a checkpoint how far our chains have come, if they have come further. Those of days before this one are
    /// said to have ended; with `closing` all of them.
    pub async fn checkpoint(&self, store: &Store, closing: bool) -> Result<()> {
        let today = self.clock.now().date_naive();
        // A batch of the day before may still wait for a moment.
        let ends_by = today.pred_opt().unwrap_or(today);
        let is_over = |chain: &Chain| closing || chain.day < ends_by;
        let news: Vec<(Chain, End, bool)> = self
            .ends()
            .iter()
            .map(|(chain, end)| (*chain, end.clone(), is_over(chain)))
            .filter(|(_, end, over)| end.told < Some(end.seq) || (*over && !end.closed))
            .collect();
        if news.is_empty() {
            return Ok(());
        }
        let heads: Vec<Value> =
            news.iter().map(|(chain, end, over)| head(chain, end.seq, &end.hash, Some(end.entries), *over)).collect();
        let mut tx = store.begin().await?;
        self.state(&mut tx, "heads", Value::Array(heads)).await?;
        tx.commit().await?;
        let mut ends = self.ends();
        for (chain, told, over) in news {
            if over && ends.get(&chain).is_some_and(|end| end.seq == told.seq) && chain.day < ends_by {
                ends.remove(&chain);
            } else if let Some(end) = ends.get_mut(&chain) {
                (end.told, end.closed) = (end.told.max(Some(told.seq)), over);
            }
        }
        Ok(())
    }

    /// Tells how chains of days gone by have ended whose writers did not tell it.
    pub async fn close_left(&self, store: &Store, from: NaiveDate, until: NaiveDate) -> Result<usize> {
        let mut tx = store.begin().await?;
        audit::lock_checkpoints(&mut tx).await?;
        let ends = audit::open_chains(&mut tx, from, until).await?;
        let mut closed = std::collections::BTreeSet::new();
        for statement in audit::checkpoints_since(&mut tx, from.and_time(chrono::NaiveTime::MIN).and_utc()).await? {
            let body: Value = serde_json::from_str(&statement.body).unwrap_or_default();
            for head in body["heads"].as_array().into_iter().flatten().filter(|head| head["closed"] == true) {
                closed.insert((name_of(head), head["seq"].as_i64().unwrap_or(-1)));
            }
        }
        let left: Vec<Value> = ends
            .iter()
            .map(|(chain, seq, hash)| (*seq, head(chain, *seq, hash, None, true)))
            .filter(|(seq, head)| !closed.contains(&(name_of(head), *seq)))
            .map(|(_, head)| head)
            .collect();
        let count = left.len();
        if count > 0 {
            self.state(&mut tx, "heads", Value::Array(left)).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Tells what was purged, in the transaction that purges it.
    pub async fn tell_purged(&self, tx: &mut PgConnection, purged: &Purged, why: &str) -> Result<()> {
        if purged.gone.is_empty() && purged.cut.is_empty() {
            return Ok(());
        }
        let gone: Vec<Value> =
            purged.gone.iter().map(|it| head(&it.chain, it.through, &it.hash, None, false)).collect();
        let cut: Vec<Value> = purged
            .cut
            .iter()
            .map(|it| {
                let mut cut = head(&it.batch.chain, it.batch.seq, &it.hash, None, false);
                cut["content"] = json!(sha256(&it.entries));
                cut
            })
            .collect();
        self.state(tx, "purged", json!({"why": why, "entries": purged.entries, "gone": gone, "cut": cut})).await
    }

    /// Adds a statement to those there are, and signs it.
    async fn state(&self, tx: &mut PgConnection, what: &str, statement: Value) -> Result<()> {
        audit::lock_checkpoints(tx).await?;
        let last = audit::last_checkpoint(tx).await?;
        let no = last.as_ref().map_or(1, |last| last.no + 1);
        let prev = last.map_or_else(|| hex::encode(super::chain::NOTHING), |last| sha256(last.body.as_bytes()));
        let at = self.clock.now();
        let body = json!({"no": no, "prev": prev, "at": at, "broker": self.broker, what: statement}).to_string();
        let signature = self.key.sign(body.as_bytes()).as_ref().to_vec();
        let checkpoint = Checkpoint { no, at, body, kid: self.kid.clone(), signature };
        audit::insert_checkpoint(tx, &checkpoint).await?;
        tracing::info!(checkpoint.no = no, checkpoint.hash = sha256(checkpoint.body.as_bytes()), "audit checkpoint");
        Ok(())
    }

    fn ends(&self) -> MutexGuard<'_, BTreeMap<Chain, End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn head(chain: &Chain, seq: i64, hash: &[u8], entries: Option<u64>, closed: bool) -> Value {
    let Chain { class, day, writer } = chain;
    let mut head = json!({"class": class.as_str(), "day": day, "chain": writer, "seq": seq, "hash": hex::encode(hash)});
    if let Some(entries) = entries {
        head["entries"] = json!(entries);
    }
    if closed {
        head["closed"] = json!(true);
    }
    head
}

fn name_of(head: &Value) -> String {
    ["class", "day", "chain"].map(|part| head[part].as_str().unwrap_or_default()).join("/")
}

async fn make_key(store: &Store, secrets: &Arc<dyn SecretStore>, now: DateTime<Utc>) -> Result<AuditKey> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(Error::internal)?;
    let public = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(Error::internal)?.public_key().as_ref().to_vec();
    // The key is called by what it is, so that whoever knows the name cannot be shown another one.
    let kid = sha256(&public);
    let sealed = secrets.seal(&place(&kid), pkcs8.as_ref()).await?;
    let key = AuditKey { kid, public, sealed, created_at: now };
    let mut tx = store.begin().await?;
    audit::lock_keys(&mut tx).await?;
    // Another replica may have been faster.
    if let Some(known) = audit::keys(&mut tx).await?.into_iter().next() {
        return Ok(known);
    }
    audit::insert_key(&mut tx, &key).await?;
    tx.commit().await?;
    tracing::info!(kid = key.kid, "key of the audit log made");
    Ok(key)
}

fn place(kid: &str) -> String {
    secrets::row("audit_keys", kid, "sealed")
}
