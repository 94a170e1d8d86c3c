//! Noticing that a move gets no further, and saying what to do; and telling the target to forget a model, when somebody
//! wants the move stopped.

use chrono::{DateTime, Utc};
use jimm_store::events::Code;
use jimm_store::{jobs, migrations};
use serde_json::json;

use super::phase::HANDED_OVER;
use super::state::{Data, Move, Stop, mine};
use crate::clock::delta;

/// Watches over one move while it is followed.
pub(super) struct Watch {
    /// When it last got further.
    progress: DateTime<Utc>,
    /// It was said to be stuck.
    stuck: bool,
    /// What came of telling the target to forget the model.
    withdrawn: Option<String>,
}

impl Watch {
    pub(super) async fn new(this: &Move<'_>) -> Result<Self, Stop> {
        let mut conn = this.broker.store.acquire().await?;
        let row = match migrations::of_job(&mut conn, this.work.job.id).await? {
            Some(id) => migrations::get(&mut conn, id).await?,
            None => None,
        };
        let progress = row.as_ref().map_or_else(|| this.broker.clock.now(), |row| row.progress_at);
        Ok(Self { progress, stuck: row.is_some_and(|row| row.stuck_since.is_some()), withdrawn: None })
    }

    /// What is told of the move, with what came of stopping it.
    pub(super) fn told(&self, message: &str) -> String {
        match &self.withdrawn {
            Some(withdrawn) => format!("{withdrawn}; {message}"),
            None => message.to_owned(),
        }
    }

    /// It got further.
    pub(super) fn moved_on(&mut self, now: DateTime<Utc>) {
        (self.progress, self.stuck) = (now, false);
    }

    /// Says so when the move has not got further for too long.
    pub(super) async fn look(&mut self, this: &Move<'_>, phase: &str, message: &str) -> Result<(), Stop> {
        let patience = delta(this.broker.settings.controllers.migration_stuck_after);
        if self.stuck || this.broker.clock.now() - self.progress < patience {
            return Ok(());
        }
        self.stuck = true;
        this.note_stuck(phase, message).await
    }

    /// Tells the target to forget the model while it is importing it, where that is safe. The source then fails and keeps the
    /// model.
    pub(super) async fn withdraw(&mut self, this: &Move<'_>) {
        let data = &this.data;
        match this.broker.forgets_at_once(data.target).await {
            Ok(true) => {}
            Ok(false) => {
                let text = "not stopped, because no controller of Juju 4 can be told to without losing the model";
                self.withdrawn = Some(text.to_owned());
                return;
            }
            Err(_) => return,
        }
        let importing = this.broker.is_importing(data.target, data.model).await;
        if !importing.unwrap_or(false) {
            if self.withdrawn.is_none() {
                let text = "stopping: the source was asked already, so the target is told to forget the model once it has some of it";
                self.withdrawn = Some(text.to_owned());
            }
            return;
        }
        let told = this.broker.forget_import(data.target, data.model).await;
        self.withdrawn = Some(match told {
            Ok(()) => {
                "stopping: the target has forgotten the model; waiting for the source to notice and give up".to_owned()
            }
            Err(e) => format!("stopping: the target does not forget the model ({})", e.message()),
        });
    }
}

impl Move<'_> {
    /// A step fails again and again.
    pub(super) async fn failing(&self, error: &str) {
        let noted = async { Watch::new(self).await?.look(self, super::phase::ASKING, error).await };
        if noted.await.is_err() {
            tracing::debug!(job.id = self.work.job.id, "not noted that a move is stuck: it is tried again anyhow");
        }
    }

    async fn note_stuck(&self, phase: &str, message: &str) -> Result<(), Stop> {
        let advice = advise(&self.data, phase, message);
        let mut tx = self.broker.store.begin().await?;
        mine(jobs::hold(&mut tx, self.work.lease).await?)?;
        migrations::set_stuck(&mut tx, self.work.job.id, &advice.reason, &advice.next_step).await?;
        let told = json!({"phase": phase, "reason": advice.reason, "suggestion": advice.next_step});
        self.note(&mut tx, Code::MIGRATION_STUCK, &told).await?;
        tx.commit().await?;
        self.passed("stuck", &advice.reason);
        tracing::warn!(model.uuid = %self.data.model, model.name = %self.data.name, job.id = self.work.job.id, phase, reason = advice.reason, next_step = advice.next_step, "move is stuck");
        Ok(())
    }
}

struct Advice {
    reason: String,
    next_step: String,
}

/// Why a move may hang in a phase, and what to do.
fn advise(data: &Data, phase: &str, message: &str) -> Advice {
    let Data { name, source_name: source, target_name: target, .. } = data;
    let abort = format!("or stop it: \"jimmctl abort-migration {name}\"");
    let (why, next) = match phase {
        _ if names_login(message) => (
            format!("controller {target} does not take the login of controller {source} any more"),
            format!(
                "the login that the source uses lasts for 24 hours on Juju 4.1 and as long as the password before; when the source \
                 has not handed the model over yet, {abort}, and retry: the retry makes a new one"
            ),
        ),
        _ if message.starts_with("waiting: ") => (
            "a controller does not answer".to_owned(),
            format!("see \"jimmctl controllers\"; the move goes on when {source} and {target} answer"),
        ),
        "asking" => (
            format!("controller {source} was asked to begin and the answer got lost"),
            format!("see \"jimmctl controllers\"; the broker asks again until {source} answers"),
        ),
        "quiesce" => (
            format!("agents of the model have not all told controller {source} that they are quiet"),
            format!("look for agents that are lost or down with \"juju status -m {name}\" and start them, {abort}"),
        ),
        "import" => (
            format!("controller {source} is still sending the model to {target}"),
            format!("see that {source} reaches {target}, that both have room on their disks, and their logs, {abort}"),
        ),
        "validation" => (
            format!("agents of the model have not all reached controller {target}"),
            format!(
                "see that the model's machines reach the addresses of {target} (\"jimmctl show-controller {target}\"); the source \
                 gives up by itself after its migration-agent-wait-time, {abort}"
            ),
        ),
        "success" | "log-transfer" | "reap" => (
            format!("{target} is in charge of the model and does not show it as active yet"),
            format!("there is no way back any more: see the logs of {source} and {target}"),
        ),
        HANDED_OVER => (
            format!("{source} does not have the model any more and {target} does not show it"),
            format!("see the log of {target} for the model; when it is alive there, the move ends by itself"),
        ),
        _ => (
            format!("controller {source} does not tell how far it is"),
            format!("see the logs of {source} and {target} for the model's UUID {}, {abort}", data.model),
        ),
    };
    let said = if message.is_empty() { String::new() } else { format!(" (last said: {message})") };
    Advice { reason: format!("{why}{said}"), next_step: next }
}

/// Whether a source's text speaks of a login that is not taken.
fn names_login(message: &str) -> bool {
    ["unauthorized", "macaroon", "discharge", "invalid entity name or password", "expired"]
        .iter()
        .any(|word| message.contains(word))
}
