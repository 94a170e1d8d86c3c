//! The long step: watching source and target until one of them tells how it ended.
//!
//! Success is only what the target shows: the model, alive. Failure is only what the source tells: that it aborted, or,
//! where it tells nothing, that the model takes calls again while the target does not have it. Silence is neither.
//!
//! A 4.1 source holds back every new connection to the model from the moment it has agreed until the move has ended, and
//! a move that goes well ends only after the target has the model (measured): so one look would do.

use std::time::{Duration, Instant};

use jimm_proto::params::model_manager::{ModelInfo, ModelMigrationStatus};
use jimm_store::migrations::News;

use super::facts::{Told, is_active, start_of};
use super::phase::{HANDED_OVER, MOVING, news_of, phase_of, without_numbers};
use super::state::{
    Aborted, CODE_CANCELLED, CODE_HALF_IMPORT, CODE_SOURCE_ABORTED, CODE_SOURCE_SILENT, Move, Next, Stop,
};
use super::stuck::Watch;
use crate::error::Result;

/// How often, in polls, a source that tells nothing is asked whether the model takes calls again: that costs it a login
/// each time. A move counts as failed at the second yes in a row, one more than measured to be enough, for sources of
/// several machines that may not all know it at once.
const USABLE_POLLS: u32 = 4;
/// What only counts on is written down no more often than this.
const COUNTS: Duration = Duration::from_secs(10);

/// Whether the model takes calls at the source, as far as that was looked at.
#[derive(Default)]
struct Usable {
    looked: Option<Instant>,
    was: bool,
}

/// What one look at both sides showed.
struct Look {
    next: Next,
    phase: &'static str,
    message: String,
}

impl Look {
    fn on(phase: &'static str, message: impl Into<String>) -> Self {
        Self { next: Next::Follow, phase, message: message.into() }
    }

    fn end(next: Next) -> Self {
        Self { next, phase: "", message: String::new() }
    }
}

impl Move<'_> {
    pub(super) async fn follow(&mut self) -> Result<Next, Stop> {
        let every = self.broker.settings.controllers.migration_poll_interval;
        let mut last = (String::new(), self.work.job.message.clone());
        let mut written = Instant::now();
        let mut usable = Usable::default();
        let mut watch = Watch::new(self).await?;
        loop {
            if self.work.leave.is_cancelled() {
                return Err(Stop::Left);
            }
            let cancelled = self.is_cancelled().await?;
            if cancelled {
                watch.withdraw(self).await;
            }
            let Look { next, phase, message } = self.look(&mut usable, every * USABLE_POLLS).await;
            match next {
                Next::Follow => {}
                Next::Abort(why) if cancelled => return Ok(Next::Abort(Aborted { code: CODE_CANCELLED, ..why })),
                ended => return Ok(ended),
            }
            let message = watch.told(&message);
            let counted = without_numbers(&message) == without_numbers(&last.1) && phase == last.0;
            if message != last.1 && (!counted || written.elapsed() >= COUNTS) || phase != last.0 {
                self.tell(&News { phase, message: &message, ..news_of(&message) }).await?;
                watch.moved_on(self.broker.clock.now());
                last = (phase.to_owned(), message);
                written = Instant::now();
            }
            watch.look(self, phase, &last.1).await?;
            tokio::select! {
                () = self.work.leave.cancelled() => return Err(Stop::Left),
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// One look. The source is asked first: as long as it tells that it has not handed the model over, the target has
    /// nothing to show.
    async fn look(&self, usable: &mut Usable, look_again: Duration) -> Look {
        let data = &self.data;
        let at_source = self.broker.ask_about_model(data.source, data.model).await;
        let told = if let Ok(Told::Has(info)) = &at_source { self.told_by_source(info) } else { None };
        if let Some(look) = told {
            usable.was = false;
            let handed_over = phase_of(&look.message);
            if !matches!(look.next, Next::Follow) || !matches!(handed_over, "success" | "log-transfer" | "reap") {
                return look;
            }
            return match self.broker.ask_about_model(data.target, data.model).await {
                Ok(Told::Has(info)) if is_active(&info) => Look::end(Next::Conclude(self.leftover(&at_source))),
                _ => look,
            };
        }
        let at_target = self.broker.ask_about_model(data.target, data.model).await;
        if matches!(&at_target, Ok(Told::Has(info)) if is_active(info)) {
            return Look::end(Next::Conclude(self.leftover(&at_source)));
        }
        match at_source {
            Ok(Told::Has(_)) => self.told_nothing(&at_target, usable, look_again).await,
            Ok(Told::HasNot) => {
                usable.was = false;
                Look::on(
                    HANDED_OVER,
                    "the source controller has handed the model over; waiting for the target to show it",
                )
            }
            Err(e) => {
                usable.was = false;
                Look::on(MOVING, format!("waiting: {}", e.message()))
            }
        }
    }

    /// The source has the model and tells nothing of our migration.
    async fn told_nothing(&self, at_target: &Result<Told>, usable: &mut Usable, look_again: Duration) -> Look {
        let taking = || Look::on(MOVING, "the model takes calls at the source; looking whether the move has ended");
        if usable.looked.is_some_and(|looked| looked.elapsed() < look_again) {
            return if usable.was { taking() } else { Look::on(MOVING, "the model is being moved") };
        }
        usable.looked = Some(Instant::now());
        // Only a target that answers can say that it has no model, or only half of it.
        let before = usable.was;
        usable.was = at_target.is_ok() && self.usable_at_source().await;
        if !usable.was {
            return Look::on(MOVING, "the model is being moved");
        }
        if !before {
            return taking();
        }
        // It may have got there between the two looks.
        let half = match self.broker.ask_about_model(self.data.target, self.data.model).await {
            Ok(Told::Has(info)) if is_active(&info) => return Look::on(MOVING, "the target has the model"),
            Ok(_) => self.broker.is_importing(self.data.target, self.data.model).await,
            Err(e) => Err(e),
        };
        let half = match half {
            Ok(half) => half,
            Err(e) => return Look::on(MOVING, format!("waiting: {}", e.message())),
        };
        let (source, target) = (&self.data.source_name, &self.data.target_name);
        let mut reason =
            format!("controller {source} gave up the move without telling why: see its log; the model is usable there");
        if half {
            reason = format!("{reason}; controller {target} keeps half of the model");
        }
        let code = if half { CODE_HALF_IMPORT } else { CODE_SOURCE_SILENT };
        Look::end(Next::Abort(Aborted { code, reason }))
    }

    /// What a source that tells of migrations tells of ours.
    fn told_by_source(&self, info: &ModelInfo) -> Option<Look> {
        let migration = info.migration.as_ref()?;
        if start_of(migration).is_some() && start_of(migration) == self.data.earlier_start {
            return None;
        }
        let status = migration.status.clone();
        // From "successful" on there is no way back: what remains at the source does not make it a failure.
        let went_through = status.starts_with("successful") || status.starts_with("removing exported model failed");
        if migration.end.is_none() || went_through {
            return Some(Look::on(phase_of(&status), status));
        }
        if status == "done" {
            return None;
        }
        Some(Look::end(Next::Abort(Aborted { code: CODE_SOURCE_ABORTED, reason: status })))
    }

    async fn usable_at_source(&self) -> bool {
        self.broker.takes_calls(self.data.source, self.data.model).await.unwrap_or(false)
    }

    /// What an operator should know of the source after the move.
    fn leftover(&self, at_source: &Result<Told>) -> String {
        match at_source {
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
