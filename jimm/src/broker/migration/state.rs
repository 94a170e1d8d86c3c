//! What a move remembers between its steps, and how each step is written down.
//!
//! The job says who works on it and where to go on; the row of the move is for people and for plans. Both change in
//! one transaction, fenced by the job's lease.

use std::sync::Arc;

use jimm_authz::{Object, Relation};
use jimm_store::events::{self, Code, Subject};
use jimm_store::jobs::{self, Told};
use jimm_store::migrations::{self, News};
use jimm_store::{PgConnection, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::work::{Outcome, Work};
use crate::error::{Error, Result};

/// The kind of job.
pub const KIND: &str = "migrate-model";

/// Ask the source to begin. Repeated after a crash, it finds out whether the source has begun already.
pub(super) const INITIATE: &str = "initiate";
/// Watch source and target until one of them tells how it ended.
pub(super) const FOLLOW: &str = "follow";

/// What the steps need to know. Stored as JSON: fields may be added, with defaults, never renamed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Data {
    pub(super) model: Uuid,
    /// `owner/name`, for people.
    pub(super) name: String,
    pub(super) source: Uuid,
    pub(super) source_name: String,
    pub(super) target: Uuid,
    pub(super) target_name: String,
    /// The start of a migration that the source remembered before ours: what it still tells of that one is not ours.
    #[serde(default)]
    pub(super) earlier_start: Option<String>,
    /// The source may have been asked to begin.
    #[serde(default)]
    pub(super) asked: bool,
    /// The source's name for the migration.
    #[serde(default)]
    pub(super) migration_id: String,
    /// Whether another attempt may begin by itself when the target turns out to have half of the model.
    #[serde(default)]
    pub(super) may_try_again: bool,
}

/// A move that a worker has taken up.
pub(super) struct Move<'a> {
    pub(super) broker: &'a Arc<Broker>,
    pub(super) work: &'a Work,
    pub(super) data: Data,
}

/// The job is somebody else's now: stop without a word.
#[derive(Debug)]
pub(super) enum Stop {
    /// Another worker has it, or the broker stops.
    Left,
    /// Something failed that may pass.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<jimm_store::StoreError> for Stop {
    fn from(error: jimm_store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// How a move ended without the model at the target.
pub(super) struct Aborted {
    /// One of the `CODE_*`.
    pub(super) code: &'static str,
    pub(super) reason: String,
}

/// The move was refused before the source was asked, or by the source when it was.
pub(super) const CODE_REFUSED: &str = "refused";
/// Somebody wanted it stopped, and it was.
pub(super) const CODE_CANCELLED: &str = "cancelled";
/// The source told that it gave up.
pub(super) const CODE_SOURCE_ABORTED: &str = "source-aborted";
/// The source gave up without a word.
pub(super) const CODE_SOURCE_SILENT: &str = "source-silent";
/// The target has half of the model.
pub(super) const CODE_HALF_IMPORT: &str = "half-import";
/// The model is at the target.
pub(super) const CODE_MOVED: &str = "moved";
/// The broker's record had been changed meanwhile.
pub(super) const CODE_RECORD_CHANGED: &str = "record-changed";

impl Aborted {
    pub(super) fn refused(reason: impl Into<String>) -> Next {
        Next::Abort(Self { code: CODE_REFUSED, reason: reason.into() })
    }
}

/// What a step came to.
pub(super) enum Next {
    /// Ask the source to begin.
    Initiate,
    /// Go on watching.
    Follow,
    /// The target has the model.
    Conclude(String),
    /// The model stays where it was, because of this.
    Abort(Aborted),
}

impl<'a> Move<'a> {
    pub(super) fn resume(broker: &'a Arc<Broker>, work: &'a Work) -> Result<Self> {
        let data = serde_json::from_value(work.job.data.clone()).map_err(Error::internal)?;
        Ok(Self { broker, work, data })
    }

    /// From the step that the job had come to, to the end.
    pub(super) async fn run(mut self) -> Outcome {
        match self.steps().await {
            Ok(()) => Outcome::Ended,
            Err(Stop::Left) => Outcome::Left,
            Err(Stop::Failed(error)) => {
                self.failing(error.message()).await;
                Outcome::Again(error)
            }
        }
    }

    async fn steps(&mut self) -> Result<(), Stop> {
        let mut next = if self.work.job.step == FOLLOW { Next::Follow } else { Next::Initiate };
        loop {
            next = match next {
                Next::Initiate => self.initiate().await?,
                Next::Follow => self.follow().await?,
                Next::Conclude(note) => return self.conclude(&note).await,
                Next::Abort(why) => match self.abort(why).await? {
                    Some(again) => again,
                    None => return Ok(()),
                },
            };
        }
    }

    /// Notes a step with what is known, and tells of it: one transaction.
    pub(super) async fn advance(&self, step: &str, news: &News<'_>) -> Result<(), Stop> {
        let data = serde_json::to_value(&self.data).map_err(Error::internal)?;
        let told = Told { step: Some((step, &data)), message: news.message, unless_cancelled: false };
        self.write(told, news).await.and_then(mine)
    }

    /// The same, unless somebody wants the move stopped: then `false`, and nothing is noted.
    pub(super) async fn advance_unless_cancelled(&self, step: &str, news: &News<'_>) -> Result<bool, Stop> {
        let data = serde_json::to_value(&self.data).map_err(Error::internal)?;
        let told = Told { step: Some((step, &data)), message: news.message, unless_cancelled: true };
        if self.write(told, news).await? {
            return Ok(true);
        }
        if self.is_cancelled().await? { Ok(false) } else { Err(Stop::Left) }
    }

    /// Tells people how it goes; news are kept in the job's log.
    pub(super) async fn tell(&self, news: &News<'_>) -> Result<(), Stop> {
        self.write(Told { message: news.message, ..Told::default() }, news).await.and_then(mine)
    }

    async fn write(&self, told: Told<'_>, news: &News<'_>) -> Result<bool, Stop> {
        let mut tx = self.broker.store.begin().await?;
        if !jobs::tell(&mut tx, self.work.lease, told).await? {
            return Ok(false);
        }
        migrations::note(&mut tx, self.work.job.id, news).await?;
        let told = json!({"phase": news.phase, "message": news.message});
        self.note(&mut tx, Code::MIGRATION_PHASE, &told).await?;
        tx.commit().await?;
        self.passed(news.phase, news.message);
        Ok(true)
    }

    /// Notes an event of the move, with what is the same for all of them.
    pub(super) async fn note(&self, tx: &mut Tx, code: &Code, more: &Value) -> Result<(), Stop> {
        let data = &self.data;
        let mut told = json!({"job": self.work.job.id, "source": data.source_name, "target": data.target_name});
        if let (Some(told), Some(more)) = (told.as_object_mut(), more.as_object()) {
            told.extend(more.clone());
        }
        Ok(events::note(tx, code, Subject::new(data.model, &data.name), &told).await?)
    }

    /// Whether somebody wants the move stopped.
    pub(super) async fn is_cancelled(&self) -> Result<bool, Stop> {
        let mut conn = self.broker.store.acquire().await?;
        jobs::is_cancelled(&mut conn, self.work.lease).await?.ok_or(Stop::Left)
    }

    /// Every change of a move passes here, after it was written.
    pub(super) fn passed(&self, phase: &str, message: &str) {
        tracing::info!(model.uuid = %self.data.model, model.name = %self.data.name, job.id = self.work.job.id, phase, message, "move");
    }
}

/// Whether a fenced write hit.
pub(super) fn mine(hit: bool) -> Result<(), Stop> {
    if hit { Ok(()) } else { Err(Stop::Left) }
}

impl Broker {
    /// The rights that a model's controller has over it go to another controller.
    pub(super) async fn rehome_model(&self, tx: &mut Tx, model: Uuid, from: Uuid, to: Uuid) -> Result<()> {
        let object = Object::model(model);
        let host = |uuid: Uuid| jimm_authz::Subject::object(Object::controller(uuid));
        if from != to {
            self.remove_tuple(tx, host(from), Relation::Controller, &object).await?;
        }
        self.add_tuple(tx, host(to), Relation::Controller, &object).await
    }
}

/// Whether a model moves from or to that controller.
pub async fn moves_from_or_to(conn: &mut PgConnection, controller: Uuid) -> Result<bool> {
    let live = jobs::Filter {
        kinds: vec![KIND.to_owned()],
        states: vec![jobs::PENDING.to_owned(), jobs::RUNNING.to_owned()],
        ..jobs::Filter::default()
    };
    let moves = jobs::list(conn, &live, i64::MAX).await?;
    let involved = |data: Data| data.source == controller || data.target == controller;
    Ok(moves.into_iter().filter_map(|job| serde_json::from_value(job.data).ok()).any(involved))
}
