//! Moves as people and programs see them: what there are and were. Rights are asked here.

use jimm_authz::{Object, Relation};
use jimm_proto::params::jimm::MigrationLogLine;
use jimm_proto::params::jimm_migrations::{
    AbortMigrationResponse, ListMigrationsRequest, ListMigrationsResponse, Migration as Shown, MigrationAftercare,
    MigrationName,
};
use jimm_proto::time::GoTime;
use jimm_store::aftercare::{self, Care};
use jimm_store::migrations::{self, Filter, Migration};
use jimm_store::{job_logs, models};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::report::LINES;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Moves in one answer when nothing is said, and at most.
const COUNT: (i64, i64) = (100, 1000);
const STUCK: &str = "stuck";

impl Broker {
    /// A page of the moves of models that the caller may read, or of all for administrators of the broker.
    pub async fn list_migrations(
        &self,
        who: &Requester,
        request: &ListMigrationsRequest,
    ) -> Result<ListMigrationsResponse> {
        let count = request.count.unwrap_or(COUNT.0);
        if !(1..=COUNT.1).contains(&count) {
            return Err(Error::bad_request(format!("count must be between 1 and {}", COUNT.1)));
        }
        let mut filter = Filter {
            controller: request.controller.clone(),
            plan: request.plan,
            before: match request.cursor.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| Error::bad_request(format!("invalid cursor: {text}")))?),
            },
            models: if self.require_admin(who).await.is_ok() { None } else { Some(self.visible_models(who).await?) },
            ..Filter::default()
        };
        for state in &request.states {
            match state.as_str() {
                STUCK => filter.stuck = true,
                migrations::RUNNING | migrations::DONE | migrations::ABORTED => filter.states.push(state.clone()),
                other => {
                    return Err(Error::bad_request(format!(
                        "no state {other:?}: there are running, stuck, done and aborted"
                    )));
                }
            }
        }
        if !request.model.is_empty() {
            let model = self.model_of_move(&request.model).await?;
            let seen = filter.models.as_ref().is_none_or(|seen| seen.contains(&model));
            filter.models = Some(if seen { vec![model] } else { Vec::new() });
        }
        let mut rows = migrations::list(&mut *self.store.acquire().await?, &filter, count + 1).await?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > count;
        rows.truncate(usize::try_from(count).unwrap_or_default());
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string()).unwrap_or_default();
        Ok(ListMigrationsResponse { migrations: rows.into_iter().map(|row| self.shown(row)).collect(), next_cursor })
    }

    /// One move, with all that is known.
    pub async fn show_migration(&self, who: &Requester, called: &MigrationName) -> Result<Shown> {
        let row = self.find_migration(who, Relation::Reader, &called.migration).await?;
        self.in_full(row).await
    }

    /// Stops a move; see [`Broker::abort_move`].
    pub async fn abort_migration(&self, who: &Requester, called: &MigrationName) -> Result<AbortMigrationResponse> {
        let row = self.find_migration(who, Relation::Administrator, &called.migration).await?;
        let stopped = self.abort_move(row.id, who.name.as_str()).await?;
        Ok(AbortMigrationResponse { id: row.id, ended: stopped.ended, message: stopped.message })
    }

    /// Tries a move again; see [`Broker::retry_move`].
    pub async fn retry_migration(&self, who: &Requester, called: &MigrationName) -> Result<Shown> {
        let row = self.find_migration(who, Relation::Administrator, &called.migration).await?;
        let row = self.retry_move(row.id, who.name.as_str(), None).await?;
        self.in_full(row).await
    }

    /// The move of that number, or the newest one of that model, when the caller has that relation to the model. Of a
    /// model that is gone only administrators of the broker are told.
    async fn find_migration(&self, who: &Requester, relation: Relation, called: &str) -> Result<Migration> {
        let found = if let Ok(id) = called.parse::<i64>() {
            migrations::get(&mut *self.store.acquire().await?, id).await?
        } else {
            match self.model_of_move(called).await {
                Ok(model) => migrations::latest(&mut *self.store.acquire().await?, model).await?,
                Err(e) if e.kind() == Kind::NotFound => None,
                Err(e) => return Err(e),
            }
        };
        let Some(row) = found else {
            // Who may read the model learns that it was never moved; others nothing.
            if called.parse::<i64>().is_err()
                && let Ok(model) = self.find_model_for(who, relation, called).await
            {
                let text = format!("model {}/{} was never moved by the broker", model.owner, model.name);
                return Err(Error::not_found(text));
            }
            self.require_admin(who).await?;
            return Err(Error::not_found(format!("migration {called} not found")));
        };
        let known = models::get(&mut *self.store.acquire().await?, row.model_uuid).await?;
        match known {
            Some(_) => self.require(who, relation, &Object::model(row.model_uuid)).await.map(|_| row),
            None => self.require_admin(who).await.map(|()| row),
        }
    }

    /// The model that is called so, or was when it moved.
    async fn model_of_move(&self, called: &str) -> Result<Uuid> {
        match self.find_model(called).await {
            Ok(model) => Ok(model.uuid),
            Err(e) if e.kind() == Kind::NotFound => {
                if let Ok(uuid) = Uuid::try_parse(called.trim_start_matches("model-")) {
                    return Ok(uuid);
                }
                let past = migrations::latest_named(&mut *self.store.acquire().await?, called).await?;
                past.map(|row| row.model_uuid).ok_or(e)
            }
            Err(e) => Err(e),
        }
    }

    /// All of it as it is at one moment, which may be later than when the row was found.
    async fn in_full(&self, row: Migration) -> Result<Shown> {
        let mut tx = self.store.snapshot().await?;
        let row = migrations::get(&mut tx, row.id).await?.unwrap_or(row);
        let lines = job_logs::after(&mut tx, row.job_id, 0, LINES).await?;
        let owed = aftercare::of(&mut tx, row.id).await?;
        tx.commit().await?;
        let aftercare = owed.into_iter().map(care).collect();
        let (phases, attempts, relations) = (listed(&row.phases), listed(&row.attempts), listed(&row.relations));
        let log = lines.into_iter().map(|line| MigrationLogLine { time: GoTime(line.time), text: line.text }).collect();
        Ok(Shown { phases, attempts, relations, aftercare, log, ..self.shown(row) })
    }

    fn shown(&self, row: Migration) -> Shown {
        let until = row.ended_at.unwrap_or_else(|| self.clock.now());
        Shown {
            id: row.id,
            model_tag: format!("model-{}", row.model_uuid),
            model: row.model_name,
            source_controller: row.source_name,
            target_controller: row.target_name,
            requested_by: row.requested_by,
            plan: row.plan_id,
            attempt: i64::from(row.attempt),
            state: row.state,
            phase: row.phase,
            message: row.message,
            migration_id: row.migration_id,
            agents_reported: row.agents_reported,
            agents_failed: row.agents_failed,
            log_records: row.log_records,
            code: row.code,
            reason: row.reason,
            stuck_since: row.stuck_since.map(GoTime),
            stuck_reason: row.stuck_reason,
            next_step: row.next_step,
            abort_requested_by: row.abort_by,
            machines: row.machines,
            units: row.units,
            created: GoTime(row.created_at),
            started: GoTime(row.started_at),
            asked: row.asked_at.map(GoTime),
            progress: GoTime(row.progress_at),
            ended: row.ended_at.map(GoTime),
            elapsed_seconds: (until - row.started_at).num_seconds().max(0),
            phases: Vec::new(),
            attempts: Vec::new(),
            relations: Vec::new(),
            aftercare: Vec::new(),
            log: Vec::new(),
        }
    }
}

fn care(care: Care) -> MigrationAftercare {
    MigrationAftercare {
        next: (care.state == aftercare::OWED).then_some(GoTime(care.due)),
        kind: care.kind,
        state: care.state,
        outcome: care.outcome,
        message: care.message,
        tries: i64::from(care.tries),
    }
}

/// A list that the row holds as JSON; what is not readable is left out.
fn listed<T: DeserializeOwned>(value: &Value) -> Vec<T> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
}
