//! Sealing stored secrets anew: with another key, or moved to another place. And sweeping those that no row names.
//!
//! A rotation is a job. It reads each secret and puts it back only into a row that still holds what was read, so it may
//! run beside uploads, be interrupted anywhere and be repeated. Counts are written with the rows that they count.

use std::sync::Arc;
use std::time::Duration;

use jimm_proto::params::jimm_sealing::{SealedWith, SealingRotation, SealingStatus};
use jimm_proto::time::GoTime;
use jimm_store::jobs::{self, Job, NewJob};
use jimm_store::sealed::{self, Column, Key, Sealed};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::broker::work::{Outcome, Work};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};
use crate::secrets::{self, HEAD, head_shown, is_lost};

/// The kind of these jobs.
pub const KIND: &str = "rotate-sealing-key";
/// There is one at a time.
const KEY: &str = "everything";
const STEP: &str = "seal";
/// Secrets that are sealed anew in one transaction.
const PAGE: i64 = 50;
/// How often all rows are looked at again because somebody wrote some in the former way meanwhile.
const PASSES: u32 = 3;
/// Lost secrets that are named.
const NAMED: usize = 5;
/// A secret that no row names is swept when it is this old. No transaction takes as long.
const STRAY: Duration = Duration::from_secs(3600);

/// How far a rotation has come.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Progress {
    /// What secrets are to be sealed with.
    to: String,
    pass: u32,
    column: usize,
    after: Key,
    rewrapped: i64,
    current: i64,
    changed: i64,
    lost: i64,
    names: Vec<String>,
}

/// Why a rotation stops.
enum Stop {
    Left,
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Broker {
    /// Begins to seal everything with the current key, or in the current place, unless that is in work. Who says what that
    /// is has to be right.
    pub async fn rotate_sealing_key(&self, who: &Requester, to: &str) -> Result<SealingStatus> {
        let current = self.secrets.current();
        if !to.is_empty() && to != current && format!("key {to}") != current {
            let text = format!("new secrets are not sealed with {to:?} but with {current}: nothing is rotated");
            return Err(Error::bad_request(text));
        }
        let progress = Progress { to: current, ..Progress::default() };
        let new = NewJob {
            kind: KIND.to_owned(),
            key: KEY.to_owned(),
            step: STEP.to_owned(),
            data: serde_json::to_value(&progress).map_err(Error::internal)?,
            requested_by: who.name.to_string(),
        };
        let mut tx = self.store.begin().await?;
        let (job, is_new) = jobs::enqueue(&mut tx, &new).await?;
        tx.commit().await?;
        let in_work = progress_of(&job).to;
        if in_work != progress.to {
            let text = format!("a rotation to {in_work} is in work: wait until it has ended (--status shows it)");
            return Err(Error::new(Kind::Conflict, text));
        }
        if is_new {
            tracing::info!(to = progress.to, requester = %who.name, job.id = job.id, "rotation of the sealing key asked for");
        }
        self.sealing_status().await
    }

    /// With what secrets are sealed, and how the last rotation went.
    pub async fn sealing_status(&self) -> Result<SealingStatus> {
        let mut conn = self.store.acquire().await?;
        let heads = sealed::heads(&mut conn, HEAD).await?;
        let job = jobs::latest(&mut conn, KIND, KEY).await?;
        drop(conn);
        let mut secrets: Vec<SealedWith> = Vec::new();
        for (head, count) in heads {
            let sealed_with = head_shown(&head);
            match secrets.iter_mut().find(|known| known.sealed_with == sealed_with) {
                Some(known) => known.count += count,
                None => secrets.push(SealedWith { sealed_with, count }),
            }
        }
        Ok(SealingStatus { current: self.secrets.current(), secrets, rotation: job.as_ref().map(shown) })
    }

    /// A secret that was made for a row which is not written after all, or is gone.
    pub(in crate::broker) async fn discard(&self, sealed: Option<&[u8]>) {
        let Some(sealed) = sealed else { return };
        if let Err(error) = self.secrets.forget(sealed).await {
            tracing::debug!(%error, "secret not removed, it is swept later");
        }
    }

    /// Removes secrets outside the database that no row names.
    pub async fn sweep_secrets(&self) -> Result<()> {
        // First what there is, then what is named: a secret that is named after that is too young to be looked at.
        let aged = self.secrets.strays(STRAY).await?;
        let mut count = 0;
        for some in aged.chunks(500) {
            let unnamed = sealed::unnamed(&mut *self.store.acquire().await?, some).await?;
            for stray in unnamed {
                self.secrets.forget(&stray).await?;
                count += 1;
            }
        }
        if count > 0 {
            tracing::info!(count, "secrets swept that no row names");
        }
        Ok(())
    }

    /// The content of a row, sealed anew; nothing when it is as it should be.
    async fn resealed(&self, column: Column, row: &Sealed) -> Result<Option<Vec<u8>>> {
        if !self.secrets.is_outdated(&row.sealed) {
            return Ok(None);
        }
        let place = secrets::row(column.table(), &row.id(), column.name());
        let plain = self.secrets.open(&place, &row.sealed).await?;
        self.secrets.seal(&place, plain.expose_secret()).await.map(Some)
    }
}

/// Goes on with a rotation.
pub async fn run(broker: &Arc<Broker>, work: &Work) -> Outcome {
    let mut progress = progress_of(&work.job);
    let here = broker.secrets.current();
    if progress.to != here {
        let text = format!(
            "this replica seals with {here}, and the rotation is to {}: give all replicas the same configuration",
            progress.to
        );
        return Outcome::Again(Error::new(Kind::Conflict, text));
    }
    match seal_everything(broker, work, &mut progress).await {
        Ok(()) => Outcome::Ended,
        Err(Stop::Left) => Outcome::Left,
        Err(Stop::Error(error)) => Outcome::Again(error),
    }
}

async fn seal_everything(broker: &Broker, work: &Work, progress: &mut Progress) -> Result<(), Stop> {
    loop {
        while let Some(column) = Column::ALL.get(progress.column).copied() {
            if work.leave.is_cancelled() {
                return Err(Stop::Left);
            }
            seal_page(broker, work, column, progress).await?;
        }
        let left = left(broker, progress).await?;
        if left == 0 || progress.pass + 1 >= PASSES {
            return end(broker, work, progress, left).await;
        }
        *progress = Progress { pass: progress.pass + 1, column: 0, after: Key::default(), ..progress.clone() };
    }
}

/// Secrets that are sealed otherwise and not lost.
async fn left(broker: &Broker, progress: &Progress) -> Result<i64> {
    let heads = sealed::heads(&mut *broker.store.acquire().await?, HEAD).await?;
    let outdated: i64 = heads.iter().filter(|(head, _)| head_shown(head) != progress.to).map(|(_, count)| count).sum();
    Ok((outdated - progress.lost).max(0))
}

async fn seal_page(broker: &Broker, work: &Work, column: Column, progress: &mut Progress) -> Result<(), Stop> {
    let rows = sealed::page(&mut *broker.store.acquire().await?, column, &progress.after, PAGE).await?;
    let mut next = progress.clone();
    let mut anew = Vec::new();
    for row in &rows {
        match broker.resealed(column, row).await {
            Ok(Some(new)) => anew.push((row, new)),
            Ok(None) if progress.pass == 0 => next.current += 1,
            Ok(None) => {}
            Err(error) if is_lost(&error) => {
                tracing::error!(table = column.table(), row = row.id(), error = %cause(&error), "stored secret does not open");
                if progress.pass == 0 {
                    next.lost += 1;
                    if next.names.len() < NAMED {
                        next.names.push(format!("{} {}: {}", column.table(), row.id(), cause(&error)));
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    (next.column, next.after) = match rows.last() {
        Some(last) => (progress.column, last.key.clone()),
        None => (progress.column + 1, Key::default()),
    };
    let discarded = write(broker, work, column, &anew, &mut next).await?;
    *progress = next;
    for sealed in discarded {
        broker.discard(Some(sealed)).await;
    }
    Ok(())
}

/// Writes rows and progress at once, while the job is ours. Answers what found its row changed.
async fn write<'a>(
    broker: &Broker,
    work: &Work,
    column: Column,
    anew: &'a [(&Sealed, Vec<u8>)],
    next: &mut Progress,
) -> Result<Vec<&'a [u8]>, Stop> {
    let mut discarded = Vec::new();
    let mut tx = broker.store.begin().await?;
    for (row, new) in anew {
        if sealed::replace(&mut tx, column, row, new).await? {
            next.rewrapped += 1;
        } else {
            next.changed += 1;
            discarded.push(new.as_slice());
        }
    }
    let data = serde_json::to_value(&*next).map_err(Error::internal)?;
    if !jobs::advance(&mut tx, work.lease, STEP, &data).await? {
        return Err(Stop::Left);
    }
    tx.commit().await?;
    Ok(discarded)
}

async fn end(broker: &Broker, work: &Work, progress: &Progress, left: i64) -> Result<(), Stop> {
    let mut conn = broker.store.acquire().await?;
    let Progress { to, rewrapped, lost, .. } = progress;
    let mine = if *lost > 0 {
        let more = if *lost > i64::try_from(NAMED).unwrap_or(i64::MAX) { ", …" } else { "" };
        let text = format!("{lost} secrets do not open and are as they were ({}{more})", progress.names.join("; "));
        jobs::fail(&mut conn, work.lease, &text).await?
    } else if left > 0 {
        let text = format!(
            "{left} secrets were sealed otherwise meanwhile, by a replica with another configuration: give all replicas \
             the same one and rotate again"
        );
        jobs::fail(&mut conn, work.lease, &text).await?
    } else {
        jobs::finish(&mut conn, work.lease, &format!("everything is sealed with {to}")).await?
    };
    if !mine {
        return Err(Stop::Left);
    }
    tracing::info!(to, rewrapped, lost, left, "rotation of the sealing key has ended");
    Ok(())
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn progress_of(job: &Job) -> Progress {
    serde_json::from_value(job.data.clone()).unwrap_or_default()
}

fn shown(job: &Job) -> SealingRotation {
    let progress = progress_of(job);
    SealingRotation {
        state: job.state.clone(),
        to: progress.to,
        rewrapped: progress.rewrapped,
        already_current: progress.current,
        changed_meanwhile: progress.changed,
        lost: progress.lost,
        error: job.error.clone(),
        requested_by: job.requested_by.clone(),
        started: GoTime(job.created_at),
        finished: job.finished_at.map(GoTime),
    }
}
