//! What is owed after a model has moved: whoever finds it due does it, again when that one dies, and not for ever.
//!
//! It knows when and how often; what is done is in [`super::relations`], [`super::source`] and [`super::agents`].

use std::sync::Arc;
use std::time::Duration;

use jimm_store::aftercare::{self, Came, Claim, DONE, GIVEN_UP, OWED};
use jimm_store::events::{self, Code, Subject};
use jimm_store::migrations;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::broker::Broker;
use crate::error::Result;

/// Things that one replica does at a time.
const AT_ONCE: usize = 8;

/// What came of a try.
pub(super) struct Verdict {
    /// Whether that was the last try.
    pub(super) is_final: bool,
    /// A stable word; empty when there is none yet.
    pub(super) outcome: &'static str,
    /// The same for people, or why it was not enough.
    pub(super) message: String,
    /// What was found of relations.
    pub(super) relations: Option<Value>,
    /// What happened, if that has to be told.
    pub(super) event: Option<&'static Code>,
}

impl Verdict {
    pub(super) fn done(outcome: &'static str, message: impl Into<String>) -> Self {
        Self { is_final: true, outcome, message: message.into(), relations: None, event: None }
    }

    pub(super) fn again(message: impl Into<String>) -> Self {
        Self::so_far("", message)
    }

    /// There is a word for it, which may change.
    pub(super) fn so_far(outcome: &'static str, message: impl Into<String>) -> Self {
        Self { is_final: false, ..Self::done(outcome, message) }
    }
}

/// How often to try, and how long to wait in between.
struct Patience {
    tries: i32,
    /// After the first try; each wait is so many times as long as the one before, up to the longest.
    first: Duration,
    factor: u32,
    longest: Duration,
}

/// Looks for what is due until the broker stops.
pub fn run_aftercare(broker: &Arc<Broker>) {
    broker.tasks.spawn(look(Arc::clone(broker)));
}

async fn look(broker: Arc<Broker>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while !broker.shutdown.is_cancelled() {
        let limit = i64::try_from(room.available_permits()).unwrap_or_default();
        let claimed = async {
            let length = broker.settings.jobs.lease;
            aftercare::claim(&mut *broker.store.acquire().await?, limit, length).await
        };
        let claims = if limit == 0 { Vec::new() } else { claimed.await.unwrap_or_else(|error| nothing(&error)) };
        for claim in claims {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let broker = Arc::clone(&broker);
            broker.tasks.clone().spawn(async move {
                broker.care(&claim).await;
                drop(permit);
            });
        }
        let pause = tokio::time::sleep(broker.settings.jobs.poll_interval);
        broker.shutdown.run_until_cancelled(pause).await;
    }
}

fn nothing(error: &jimm_store::StoreError) -> Vec<Claim> {
    tracing::warn!(%error, "cannot look for what is owed after moves, trying again");
    Vec::new()
}

impl Broker {
    async fn care(&self, claim: &Claim) {
        let settled = match self.verdict(claim).await {
            Some(verdict) => self.settle_care(claim, verdict).await,
            None => self.leave_care(claim).await,
        };
        if let Err(error) = settled {
            // Its time runs out, and somebody tries again then.
            tracing::warn!(migration.id = claim.migration, kind = %claim.kind, %error, "what came of the time after a move was not kept");
        }
    }

    /// `None` when it is left: the broker stops, or it is somebody else's.
    async fn verdict(&self, claim: &Claim) -> Option<Verdict> {
        let patience = self.patience(&claim.kind);
        if claim.tries > patience.tries {
            return Some(Verdict::again("it was begun again and again, and no broker came to its end"));
        }
        let doing = async {
            match claim.kind.as_str() {
                aftercare::RELATIONS => Box::pin(self.look_at_relations(claim)).await,
                aftercare::SOURCE => self.look_at_source(claim).await,
                _ => self.look_for_agents(claim).await,
            }
        };
        tokio::select! {
            verdict = doing => Some(verdict),
            () = self.keep_care(claim) => None,
            () = self.shutdown.cancelled() => None,
        }
    }

    fn patience(&self, kind: &str) -> Patience {
        let day = |first| Patience { tries: 100, first, factor: 2, longest: Duration::from_secs(900) };
        match kind {
            // Two and a half hours in all.
            aftercare::RELATIONS => {
                Patience { tries: 6, first: Duration::from_secs(30), factor: 4, longest: Duration::from_secs(7200) }
            }
            // About a day: a source may have many logs to send.
            aftercare::SOURCE => day(self.settings.controllers.migration_poll_interval * 2),
            // About a day: somebody has to mend them.
            _ => day(self.time_for_agents()),
        }
    }

    /// How long agents may take to come to the target before they are looked for.
    pub(super) fn time_for_agents(&self) -> Duration {
        self.settings.controllers.migration_poll_interval * 15
    }

    /// Keeps the claim until it is somebody else's.
    async fn keep_care(&self, claim: &Claim) {
        let length = self.settings.jobs.lease;
        let mut last = tokio::time::Instant::now();
        while last.elapsed() < length {
            tokio::time::sleep(length / 3).await;
            let kept = async { aftercare::keep(&mut *self.store.acquire().await?, claim, length).await };
            match tokio::time::timeout(length / 3, kept).await {
                Ok(Ok(true)) => last = tokio::time::Instant::now(),
                Ok(Ok(false)) => return,
                // Postgres is away: nobody else has it as long as the claim holds.
                _ => {}
            }
        }
    }

    async fn settle_care(&self, claim: &Claim, verdict: Verdict) -> Result<()> {
        let patience = self.patience(&claim.kind);
        let state = match verdict.is_final {
            true => DONE,
            false if claim.tries >= patience.tries => GIVEN_UP,
            false => OWED,
        };
        let step = u32::try_from(claim.tries - 1).unwrap_or_default();
        let wait = patience.first.saturating_mul(patience.factor.saturating_pow(step)).min(patience.longest);
        let again_in = if state == OWED { wait } else { Duration::ZERO };
        let came = Came { state, outcome: verdict.outcome, message: &verdict.message, again_in };
        let mut tx = self.store.begin().await?;
        if !aftercare::settle(&mut tx, claim, came).await? {
            return Ok(());
        }
        if let Some(relations) = &verdict.relations {
            migrations::set_relations(&mut tx, claim.migration, relations).await?;
        }
        let event = if state == GIVEN_UP { Some(Code::MIGRATION_AFTERCARE_GIVEN_UP) } else { verdict.event };
        if let Some(event) = event {
            let told = json!({"migration": claim.migration, "about": claim.kind, "source": claim.source_name,
                "target": claim.target_name, "message": verdict.message});
            events::note(&mut tx, event, Subject::new(claim.model, &claim.name), &told).await?;
        }
        tx.commit().await?;
        if event.is_some() {
            tracing::warn!(migration.id = claim.migration, model.uuid = %claim.model, model.name = %claim.name, kind = %claim.kind, state, outcome = verdict.outcome, message = verdict.message, "after a move");
        }
        Ok(())
    }

    /// Somebody else goes on with it at once.
    async fn leave_care(&self, claim: &Claim) -> Result<()> {
        aftercare::keep(&mut *self.store.acquire().await?, claim, Duration::ZERO).await?;
        Ok(())
    }
}
