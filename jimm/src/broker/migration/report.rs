//! Where moves stand, from their jobs.

use jimm_authz::Relation;
use jimm_proto::params::jimm::{MigrationLogLine, MigrationStatus};
use jimm_proto::time::GoTime;
use jimm_store::jobs::{self, Job};
use jimm_store::{job_logs, migrations, models::Model};

use super::start::migration_id;
use super::state::{Data, KIND};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Lines of a move's log that are told.
pub(super) const LINES: i64 = 200;
/// Moves that are told when none is named.
const MOVES: i64 = 1000;

impl Broker {
    /// The newest move of each of the models, or every running one that the caller may see.
    pub async fn migration_statuses(&self, who: &Requester, called: &[String]) -> Result<Vec<MigrationStatus>> {
        if called.is_empty() {
            return self.running_migrations(who).await;
        }
        let mut statuses = Vec::with_capacity(called.len());
        for model in called {
            statuses.push(match self.migration_status(who, model).await {
                Ok(status) => status,
                Err(e) if e.kind() == Kind::Internal => return Err(e),
                Err(e) => {
                    MigrationStatus { model_tag: model.clone(), error: Some(e.to_wire()), ..MigrationStatus::default() }
                }
            });
        }
        Ok(statuses)
    }

    async fn migration_status(&self, who: &Requester, called: &str) -> Result<MigrationStatus> {
        let model = self.find_model_for(who, Relation::Reader, called).await?;
        let mut conn = self.store.acquire().await?;
        let job = jobs::latest(&mut conn, KIND, &model.uuid.to_string()).await?;
        let Some(job) = job else {
            let called = format!("model {}/{}", model.owner, model.name);
            return Err(Error::not_found(match migrations::latest(&mut conn, model.uuid).await? {
                Some(past) => {
                    format!("the job that moved {called} is forgotten: see \"jimmctl show-migration {}\"", past.id)
                }
                None => format!("{called} was never moved by the broker"),
            }));
        };
        let lines = job_logs::after(&mut conn, job.id, 0, LINES).await?;
        let mut status = self.status(&job, Some(&model))?;
        status.log =
            lines.into_iter().map(|line| MigrationLogLine { time: GoTime(line.time), text: line.text }).collect();
        Ok(status)
    }

    async fn running_migrations(&self, who: &Requester) -> Result<Vec<MigrationStatus>> {
        let live = jobs::Filter {
            kinds: vec![KIND.to_owned()],
            states: vec![jobs::PENDING.to_owned(), jobs::RUNNING.to_owned()],
            ..jobs::Filter::default()
        };
        let jobs = jobs::list(&mut *self.store.acquire().await?, &live, MOVES).await?;
        let visible = self.visible_models(who).await?;
        let statuses = jobs.iter().filter(|job| visible.iter().any(|uuid| job.key == uuid.to_string()));
        statuses.map(|job| self.status(job, None)).collect()
    }

    fn status(&self, job: &Job, model: Option<&Model>) -> Result<MigrationStatus> {
        let data: Data = serde_json::from_value(job.data.clone()).map_err(Error::internal)?;
        let (state, message) = match job.state.as_str() {
            jobs::SUCCESSFUL => ("done", job.message.clone()),
            jobs::FAILED => ("aborted", job.error.clone()),
            _ if !job.error.is_empty() => ("running", format!("trying again: {}", job.error)),
            _ => ("running", job.message.clone()),
        };
        let phase = if state == "running" { job.step.as_str() } else { state };
        let until = job.finished_at.unwrap_or_else(|| self.clock.now());
        Ok(MigrationStatus {
            model_tag: format!("model-{}", data.model),
            model: model.map_or(data.name, |m| format!("{}/{}", m.owner, m.name)),
            migration_id: migration_id(job, data.model),
            source_controller: data.source_name,
            target_controller: data.target_name,
            state: state.to_owned(),
            phase: phase.to_owned(),
            message,
            started: GoTime(job.created_at),
            ended: job.finished_at.map(GoTime),
            elapsed_seconds: (until - job.created_at).num_seconds().max(0),
            log: Vec::new(),
            error: None,
        })
    }
}
