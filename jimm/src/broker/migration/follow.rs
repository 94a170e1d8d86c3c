//! The long step: watching source and target until one of them tells how it ended.
//!
//! Success is only what the target shows: the model, alive. Failure is only what the source tells: that it aborted, or,
//! where it tells nothing, that the model takes calls again while the target does not have it. Silence is neither.
//!
//! A 4.1 source holds back every new connection to the model from the moment it has agreed until the move has ended, and
//! a move that goes well ends only after the target has the model (measured): so one look would do.

use std::time::{Duration, Instant};

use jimm_proto::params::model_manager::{ModelInfo, ModelMigrationStatus};

use super::facts::{Told, is_active, start_of};
use super::state::{Move, Next, Stop};

/// How long a model must take calls again, in polls, before a move of which the source tells nothing counts as failed. One
/// more than measured to be enough, for sources of several machines that may not all know it at once.
const USABLE_POLLS: u32 = 2;

impl Move<'_> {
    pub(super) async fn follow(&mut self) -> Result<Next, Stop> {
        let every = self.broker.settings.controllers.migration_poll_interval;
        let mut last_message = self.work.job.message.clone();
        let mut usable_since: Option<Instant> = None;
        loop {
            if self.work.leave.is_cancelled() {
                return Err(Stop::Left);
            }
            let (next, message) = self.look(&mut usable_since, every * USABLE_POLLS).await;
            match next {
                Next::Follow => {}
                ended => return Ok(ended),
            }
            if message != last_message && !message.is_empty() {
                self.tell(&message).await?;
                last_message = message;
            }
            tokio::select! {
                () = self.work.leave.cancelled() => return Err(Stop::Left),
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// One look at both sides.
    async fn look(&self, usable_since: &mut Option<Instant>, usable_for: Duration) -> (Next, String) {
        let data = &self.data;
        let at_target = self.broker.ask_about_model(data.target, data.model).await;
        if matches!(&at_target, Ok(Told::Has(info)) if is_active(info)) {
            return (Next::Conclude(self.leftover().await), String::new());
        }
        let info = match self.broker.ask_about_model(data.source, data.model).await {
            Ok(Told::Has(info)) => info,
            Ok(Told::HasNot) => {
                *usable_since = None;
                let text = "the source controller has handed the model over; waiting for the target to show it";
                return (Next::Follow, text.to_owned());
            }
            Err(e) => {
                *usable_since = None;
                return (Next::Follow, format!("waiting: {}", e.message()));
            }
        };
        if let Some(next) = self.told_by_source(&info) {
            *usable_since = None;
            return next;
        }
        // The source tells nothing of our migration. Only a target that answers can say that it has no model.
        if !matches!(at_target, Ok(Told::HasNot)) || !self.usable_at_source().await {
            *usable_since = None;
            return (Next::Follow, "the model is being moved".to_owned());
        }
        let since = *usable_since.get_or_insert_with(Instant::now);
        if since.elapsed() < usable_for {
            return (
                Next::Follow,
                "the model takes calls at the source; looking whether the move has ended".to_owned(),
            );
        }
        let reason = format!(
            "controller {} gave up the move without telling why: see its log; the model is usable there",
            data.source_name
        );
        (Next::Abort(reason), String::new())
    }

    /// What a source that tells of migrations tells of ours.
    fn told_by_source(&self, info: &ModelInfo) -> Option<(Next, String)> {
        let migration = info.migration.as_ref()?;
        if start_of(migration).is_some() && start_of(migration) == self.data.earlier_start {
            return None;
        }
        let status = migration.status.clone();
        if migration.end.is_none() {
            return Some((Next::Follow, status));
        }
        // From "successful" on there is no way back: what remains at the source does not make it a failure.
        let went_through = status.starts_with("successful") || status.starts_with("removing exported model failed");
        if went_through {
            return Some((Next::Follow, status));
        }
        Some((Next::Abort(status), String::new()))
    }

    async fn usable_at_source(&self) -> bool {
        self.broker.takes_calls(self.data.source, self.data.model).await.unwrap_or(false)
    }

    /// What an operator should know of the source after the move.
    async fn leftover(&self) -> String {
        match self.broker.ask_about_model(self.data.source, self.data.model).await {
            Ok(Told::Has(info)) => what_is_left(&self.data.source_name, info.migration.as_ref()),
            _ => String::new(),
        }
    }
}

/// How to tell that the source still has the model, from what it says of the migration.
fn what_is_left(source: &str, migration: Option<&ModelMigrationStatus>) -> String {
    let status = migration.map(|m| m.status.as_str()).unwrap_or_default();
    if migration.is_some_and(|m| m.end.is_none()) && status.starts_with("successful") {
        return format!("controller {source} is removing its copy");
    }
    let why = if status.contains("failed") { format!(" ({status})") } else { String::new() };
    format!("a copy of it remains on controller {source}{why}, which the broker does not show")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_removing_its_copy_is_not_said_to_keep_it() {
        let told = |status: &str, ended: bool| {
            let end = ended.then(|| chrono::DateTime::UNIX_EPOCH.into());
            what_is_left("c1", Some(&ModelMigrationStatus { status: status.to_owned(), start: None, end }))
        };
        let removing = "successful, removing model from source controller";
        assert_eq!(told(removing, false), "controller c1 is removing its copy");
        let remains = "a copy of it remains on controller c1, which the broker does not show";
        assert_eq!((told(removing, true), what_is_left("c1", None)), (remains.to_owned(), remains.to_owned()));
        assert_eq!(
            told("removing exported model failed: disk full", false),
            "a copy of it remains on controller c1 (removing exported model failed: disk full), which the broker does not show"
        );
    }
}
