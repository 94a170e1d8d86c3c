//! How long the audit log is kept: what is forgotten by order and by age, each time with a signed statement of what that
//! was, so that what is left can still be checked.

use chrono::{DateTime, Days, NaiveTime, Utc};
use jimm_store::audit::{self, Class};

use crate::broker::{Broker, Requester};
use crate::clock::delta;
use crate::error::{Error, Result};

/// Batches that one statement forgets, and chains that are looked for at a time.
const BATCHES: i64 = 1000;
const CHAINS: i64 = 100;
/// Months for which there are partitions ahead.
const AHEAD: i32 = 2;
/// Chains of so many days are looked after for writers that are gone.
const LEFT: Days = Days::new(40);

impl Broker {
    /// Forgets what is older; tells how much that was.
    pub async fn purge_audit_log(&self, who: &Requester, date: &str) -> Result<u64> {
        let before = super::audit_log::time("date", date)?.ok_or_else(|| Error::bad_request("no date given"))?;
        let count = self.forget_audit(&Class::ALL, before, &who.tag()).await?;
        tracing::info!(count, before = %before, requester = %who.name, "audit log purged");
        Ok(count)
    }

    /// Makes room for the months to come, tells how chains ended whose writers are gone, and forgets what is older than
    /// each class is kept.
    pub async fn keep_audit(&self) -> Result<()> {
        let today = self.clock.now().date_naive();
        audit::make_partitions(&mut *self.store.acquire().await?, today, AHEAD).await?;
        // Not yesterday's: its last batches may still be on their way.
        if let (Some(from), Some(until)) = (today.checked_sub_days(LEFT), today.checked_sub_days(Days::new(2))) {
            let closed = self.ledger.close_left(&self.store, from, until).await?;
            if closed > 0 {
                tracing::info!(closed, "audit chains closed whose writers are gone");
            }
        }
        for (class, kept) in &self.settings.audit.retention {
            let Some(kept) = kept else { continue };
            // Whole days, so that nearly no batch is cut in two.
            let before = (self.clock.now() - delta(*kept)).date_naive().and_time(NaiveTime::MIN).and_utc();
            let count = self.forget_audit(&[*class], before, "retention").await?;
            if count > 0 {
                tracing::info!(count, class = class.as_str(), "audit log purged of what is older than it is kept");
            }
        }
        Ok(())
    }

    async fn forget_audit(&self, classes: &[Class], before: DateTime<Utc>, why: &str) -> Result<u64> {
        let mut count = 0;
        for class in classes {
            let names = audit::droppable(&mut *self.store.acquire().await?, *class, before).await?;
            for name in names {
                match self.drop_audit(&name, why).await {
                    Ok(dropped) => count += dropped,
                    // Row by row then, or the next time.
                    Err(error) => tracing::warn!(error = %error, partition = name, "partition not dropped"),
                }
            }
        }
        loop {
            // A connection for each part, so that others get theirs.
            let chains = audit::oldest_chains(&mut *self.store.acquire().await?, classes, before, CHAINS).await?;
            if chains.is_empty() {
                return Ok(count);
            }
            for chain in chains {
                loop {
                    let mut tx = self.store.begin().await?;
                    let purged = audit::purge_chain(&mut tx, chain, before, BATCHES).await?;
                    self.ledger.tell_purged(&mut tx, &purged, why).await?;
                    tx.commit().await?;
                    count += purged.entries;
                    if !purged.more {
                        break;
                    }
                }
            }
        }
    }

    async fn drop_audit(&self, name: &str, why: &str) -> Result<u64> {
        let mut tx = self.store.begin().await?;
        let purged = audit::drop_partition(&mut tx, name).await?;
        self.ledger.tell_purged(&mut tx, &purged, why).await?;
        tx.commit().await?;
        Ok(purged.entries)
    }
}
