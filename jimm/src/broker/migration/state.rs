//! What a move remembers between its steps, and the transactions that end it.

use std::sync::Arc;

use jimm_authz::{Object, Relation, Subject};
use jimm_store::{Tx, job_logs, jobs, models};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broker::Broker;
use crate::error::{Error, Result};
use crate::jobs::{Outcome, Work};

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

/// What a step came to.
pub(super) enum Next {
    /// Go on watching.
    Follow,
    /// The target has the model.
    Conclude(String),
    /// The model stays where it was, because of this.
    Abort(String),
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
            Err(Stop::Failed(error)) => Outcome::Again(error),
        }
    }

    async fn steps(&mut self) -> Result<(), Stop> {
        let mut next = if self.work.job.step == FOLLOW { Next::Follow } else { self.initiate().await? };
        loop {
            next = match next {
                Next::Follow => self.follow().await?,
                Next::Conclude(note) => return self.conclude(&note).await,
                Next::Abort(reason) => return self.abort(&reason).await,
            };
        }
    }

    /// Notes a step and what is known with it.
    pub(super) async fn advance(&self, step: &str) -> Result<(), Stop> {
        let data = serde_json::to_value(&self.data).map_err(Error::internal)?;
        let mut conn = self.broker.store.acquire().await?;
        mine(jobs::advance(&mut conn, self.work.lease, step, &data).await?)
    }

    /// Tells people how it goes; news are kept in the job's log.
    pub(super) async fn tell(&self, message: &str) -> Result<(), Stop> {
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::set_message(&mut tx, self.work.lease, message).await?)?;
        mine(job_logs::append(&mut tx, self.work.lease, message).await?)?;
        tx.commit().await?;
        tracing::info!(model.uuid = %self.data.model, model.name = %self.data.name, job.id = self.work.job.id, message, "move");
        Ok(())
    }

    /// The record and the rights go to the target, and the job ends, all at once.
    async fn conclude(&self, note: &str) -> Result<(), Stop> {
        let data = &self.data;
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::hold(&mut tx, self.work.lease).await?)?;
        let moved = models::move_to(&mut tx, data.model, data.source, data.target).await?;
        if moved {
            self.broker.rehome_model(&mut tx, data.model, data.source, data.target).await?;
        }
        let message = match (moved, note) {
            (true, "") => format!("model is on controller {}", data.target_name),
            (true, note) => format!("model is on controller {}; {note}", data.target_name),
            (false, _) => "the broker's record had been changed meanwhile and was left as it is".to_owned(),
        };
        mine(job_logs::append(&mut tx, self.work.lease, &message).await?)?;
        mine(jobs::finish(&mut tx, self.work.lease, &message).await?)?;
        tx.commit().await?;
        tracing::info!(model.uuid = %data.model, model.name = %data.name, source = %data.source_name, target = %data.target_name, "model moved");
        self.broker.look_at_models_of(data.target).await;
        self.broker.look_at_offers_of(data.model).await;
        Ok(())
    }

    /// The model stays where it was, and the job ends with the reason, all at once.
    async fn abort(&self, reason: &str) -> Result<(), Stop> {
        let data = &self.data;
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::hold(&mut tx, self.work.lease).await?)?;
        models::set_mode(&mut tx, data.model, models::MODE_MIGRATING, models::MODE_NONE).await?;
        mine(job_logs::append(&mut tx, self.work.lease, reason).await?)?;
        mine(jobs::fail(&mut tx, self.work.lease, reason).await?)?;
        tx.commit().await?;
        tracing::warn!(model.uuid = %data.model, model.name = %data.name, reason, "model was not moved");
        Ok(())
    }
}

/// Whether a fenced write hit.
fn mine(hit: bool) -> Result<(), Stop> {
    if hit { Ok(()) } else { Err(Stop::Left) }
}

impl Broker {
    /// The rights that a model's controller has over it go to another controller.
    pub(super) async fn rehome_model(&self, tx: &mut Tx, model: Uuid, from: Uuid, to: Uuid) -> Result<()> {
        let object = Object::model(model);
        let host = |uuid: Uuid| Subject::object(Object::controller(uuid));
        if from != to {
            self.remove_tuple(tx, host(from), Relation::Controller, &object).await?;
        }
        self.add_tuple(tx, host(to), Relation::Controller, &object).await
    }
}

/// Whether a model moves from or to that controller.
pub async fn moves_from_or_to(tx: &mut Tx, controller: Uuid) -> Result<bool> {
    let live = jobs::Filter {
        kinds: vec![KIND.to_owned()],
        states: vec![jobs::PENDING.to_owned(), jobs::RUNNING.to_owned()],
        ..jobs::Filter::default()
    };
    let moves = jobs::list(tx, &live, i64::MAX).await?;
    let involved = |data: Data| data.source == controller || data.target == controller;
    Ok(moves.into_iter().filter_map(|job| serde_json::from_value(job.data).ok()).any(involved))
}
