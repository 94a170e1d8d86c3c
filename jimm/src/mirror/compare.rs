//! Comparing Postgres and OpenFGA in both directions, and having put right what differs.
//!
//! Rights change while it looks: what seems to differ is looked at once more in both places, and then again where it was
//! looked at first, before it is told of; and what is put right goes through the outbox, as it stands in Postgres at that moment.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jimm_authz::{Error, OpenFga, Tuple, is_mirrored};
use jimm_store::mirror;
use jimm_store::tuples::{self, Filter, TupleRow};

use super::{Mirror, Result};
use crate::tuple_rows::{from_row, to_row};

/// Tuples of Postgres that are read at a time.
const PAGE: i64 = 1000;
/// How long what is put right may take to be told.
const PATIENCE: Duration = Duration::from_secs(30);
/// Differences that are told of one by one, of each kind.
pub(super) const TOLD: usize = 1000;

/// What differs.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// Tuples in Postgres, but for those that OpenFGA is not told.
    pub here: u64,
    /// Tuples in OpenFGA.
    pub there: u64,
    /// Tuples that OpenFGA should have and has not; some of them, when they are many.
    pub missing: Vec<Tuple>,
    /// How many.
    pub missing_count: u64,
    /// Tuples that OpenFGA should not have; some of them, when they are many.
    pub extra: Vec<Tuple>,
    /// How many.
    pub extra_count: u64,
    /// Tuples there that are none of the broker's: they give no rights, and are left alone.
    pub foreign: Vec<String>,
}

/// How to go about it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum How {
    /// Tell of it.
    Look,
    /// Put it right too.
    Repair,
    /// Nobody decides by the store yet: put it right without looking twice.
    First,
}

impl Mirror {
    /// What differs, put right when that is wanted.
    pub async fn compare(&self, repair: bool) -> Result<Drift> {
        let server = self.up_to_date().await?;
        let how = if repair { How::Repair } else { How::Look };
        let drift = self.go_through(&server, how).await?;
        if repair && let Some(newest) = self.newest().await? {
            self.wait_until_told(newest, PATIENCE).await?;
        }
        Ok(drift)
    }

    /// Makes a store that nobody decides by have what it should.
    pub(super) async fn tell_everything(&self, server: &OpenFga) -> Result<Drift> {
        let drift = self.go_through(server, How::First).await?;
        if let Some(newest) = self.newest().await? {
            self.deliver_up_to(server, newest).await?;
        }
        Ok(drift)
    }

    async fn newest(&self) -> Result<Option<i64>> {
        let standing = mirror::standing(&mut *self.store.acquire().await.map_err(Error::read)?).await;
        Ok(standing.map_err(Error::read)?.newest)
    }

    async fn go_through(&self, server: &OpenFga, how: How) -> Result<Drift> {
        let mut drift = Drift::default();
        let seen = self.look_there(server, how, &mut drift).await?;
        self.look_here(server, how, &seen, &mut drift).await?;
        Ok(drift)
    }

    /// Every tuple of OpenFGA: which of them should not be there. Returns what is there.
    async fn look_there(&self, server: &OpenFga, how: How, drift: &mut Drift) -> Result<HashSet<u64>> {
        let mut seen = HashSet::new();
        let mut from = String::new();
        loop {
            let page = server.read_page(&from).await?;
            drift.there += (page.tuples.len() + page.foreign.len()) as u64;
            drift.foreign.extend(page.foreign.into_iter().take(TOLD.saturating_sub(drift.foreign.len())));
            let rows: Vec<TupleRow> = page.tuples.iter().map(to_row).collect();
            let mut conn = self.store.acquire().await.map_err(Error::read)?;
            let suspects = mirror::unfounded(&mut conn, &rows).await.map_err(Error::read)?;
            drop(conn);
            seen.extend(rows.iter().map(fingerprint));
            let mut extra = Vec::new();
            for tuple in suspects.into_iter().filter_map(from_row) {
                if how == How::First || server.has(&tuple).await? {
                    extra.push(tuple);
                }
            }
            let extra = self.still_extra(how, extra).await?;
            self.put_right(how, &extra).await?;
            drift.extra_count += extra.len() as u64;
            drift.extra.extend(extra.into_iter().take(TOLD.saturating_sub(drift.extra.len())));
            if page.next.is_empty() {
                return Ok(seen);
            }
            from = page.next;
        }
    }

    /// Those that OpenFGA has not got meanwhile: they came back, and were told, between the two looks.
    async fn still_missing(&self, server: &OpenFga, how: How, missing: Vec<Tuple>) -> Result<Vec<Tuple>> {
        if how == How::First {
            return Ok(missing);
        }
        let mut still = Vec::new();
        for tuple in missing {
            if !server.has(&tuple).await? {
                still.push(tuple);
            }
        }
        Ok(still)
    }

    /// Those that Postgres has not got meanwhile: they came, and were told, between the two looks.
    async fn still_extra(&self, how: How, extra: Vec<Tuple>) -> Result<Vec<Tuple>> {
        if how == How::First || extra.is_empty() {
            return Ok(extra);
        }
        let rows: Vec<TupleRow> = extra.iter().map(to_row).collect();
        let mut conn = self.store.acquire().await.map_err(Error::read)?;
        let still = mirror::unfounded(&mut conn, &rows).await.map_err(Error::read)?;
        Ok(still.into_iter().filter_map(from_row).collect())
    }

    /// Every tuple of Postgres: which of them OpenFGA lacks.
    async fn look_here(&self, server: &OpenFga, how: How, seen: &HashSet<u64>, drift: &mut Drift) -> Result<()> {
        let mut after: Option<TupleRow> = None;
        loop {
            let mut conn = self.store.acquire().await.map_err(Error::read)?;
            let page = tuples::list(&mut conn, &Filter::default(), after.as_ref(), PAGE).await.map_err(Error::read)?;
            let Some(last) = page.last().cloned() else { return Ok(()) };
            let ours = page.into_iter().filter(|row| from_row(row.clone()).is_some_and(|tuple| is_mirrored(&tuple)));
            let ours: Vec<TupleRow> = ours.collect();
            drift.here += ours.len() as u64;
            let unseen: Vec<TupleRow> = ours.into_iter().filter(|row| !seen.contains(&fingerprint(row))).collect();
            drop(conn);
            let mut lacking = Vec::new();
            for row in unseen {
                let Some(tuple) = from_row(row.clone()) else { continue };
                if how == How::First || !server.has(&tuple).await? {
                    lacking.push(row);
                }
            }
            let mut conn = self.store.acquire().await.map_err(Error::read)?;
            let missing = mirror::founded(&mut conn, &lacking).await.map_err(Error::read)?;
            drop(conn);
            let missing = missing.into_iter().filter_map(from_row).collect();
            let missing = self.still_missing(server, how, missing).await?;
            self.put_right(how, &missing).await?;
            drift.missing_count += missing.len() as u64;
            drift.missing.extend(missing.into_iter().take(TOLD.saturating_sub(drift.missing.len())));
            after = Some(last);
        }
    }

    async fn put_right(&self, how: How, tuples: &[Tuple]) -> Result<()> {
        if how == How::Look || tuples.is_empty() {
            return Ok(());
        }
        let rows: Vec<TupleRow> = tuples.iter().map(to_row).collect();
        let mut tx = self.store.begin().await.map_err(Error::read)?;
        mirror::tell_again(&mut tx, &rows).await.map_err(Error::read)?;
        tx.commit().await.map_err(Error::read)
    }
}

/// A tuple in eight bytes: of a million tuples, one missing is overlooked once in tens of millions of looks.
fn fingerprint(row: &TupleRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}
