//! Tells open connections that a model changed its home or mode, on whichever replica it happened. The one connection to
//! Postgres that listens for that passes on the events of accounts and summaries too, and tells what is remembered to be old.
//!
//! It tells *that*, never *what*: who hears of it reads the row. Events may be lost and doubled.

use std::time::Duration;

use jimm_store::{Store, identities, models};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::broker::{AccountEvents, SummaryEvents};

/// Events that a slow listener may be behind before it is told to look for itself.
const BACKLOG: usize = 1024;
/// How long to wait before listening to Postgres again after it went away.
const RETRY: Duration = Duration::from_secs(1);

/// The events of all models.
#[derive(Clone, Debug)]
pub struct ModelEvents {
    sender: broadcast::Sender<Option<Uuid>>,
}

/// The events of one model.
#[derive(Debug)]
pub struct ModelWatch {
    uuid: Uuid,
    receiver: broadcast::Receiver<Option<Uuid>>,
}

impl ModelEvents {
    /// Events that nobody sends yet: see [`ModelEvents::run`].
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }

    /// Listens for changes of one model from now on.
    pub fn subscribe(&self, uuid: Uuid) -> ModelWatch {
        ModelWatch { uuid, receiver: self.sender.subscribe() }
    }

    /// Passes on what Postgres notifies, until told to stop.
    pub async fn run(self, accounts: AccountEvents, summaries: SummaryEvents, store: Store, stop: CancellationToken) {
        let both = Box::pin(async { tokio::join!(self.pass_on(&accounts, &summaries, &store), store.send_pulses()) });
        stop.run_until_cancelled(both).await;
    }

    async fn pass_on(&self, accounts: &AccountEvents, summaries: &SummaryEvents, store: &Store) {
        loop {
            if let Err(error) = self.listen(accounts, summaries, store).await {
                store.changes().lost();
                tracing::warn!(error = %error, "cannot listen for changes of models and accounts, trying again");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn listen(
        &self,
        accounts: &AccountEvents,
        summaries: &SummaryEvents,
        store: &Store,
    ) -> jimm_store::Result<()> {
        let changes = store.changes();
        let mut channels = vec![models::CHANNEL_CHANGED, identities::CHANNEL_CHANGED];
        channels.extend(SummaryEvents::CHANNELS);
        channels.extend(changes.channels());
        let mut listener = store.listen(&channels).await?;
        // What happened before we listened is not known: everybody looks.
        changes.lost();
        self.everybody(accounts, summaries);
        loop {
            match listener.recv().await? {
                Some(told) if told.channel == identities::CHANNEL_CHANGED => {
                    accounts.tell(Some(told.payload.as_str()).filter(|name| !name.is_empty()));
                }
                Some(told) if SummaryEvents::CHANNELS.contains(&told.channel.as_str()) => {
                    summaries.tell(&told.channel, &told.payload);
                }
                Some(told) if changes.take(&told.channel, &told.payload) => {}
                Some(told) => {
                    let _ = self.sender.send(told.payload.parse().ok());
                }
                None => {
                    changes.lost();
                    self.everybody(accounts, summaries);
                }
            }
        }
    }

    fn everybody(&self, accounts: &AccountEvents, summaries: &SummaryEvents) {
        summaries.everybody();
        accounts.tell(None);
        let _ = self.sender.send(None);
    }
}

impl Default for ModelEvents {
    fn default() -> Self {
        Self::new()
    }
}

impl ModelWatch {
    /// Waits until the model may have changed. Never ends when the broker stops: nothing will change any more.
    pub async fn changed(&mut self) {
        loop {
            match self.receiver.recv().await {
                Ok(None) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Ok(Some(uuid)) if uuid == self.uuid => return,
                Ok(Some(_)) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_hears_of_ones_own_model_and_of_gaps() {
        let events = ModelEvents::new();
        let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
        let mut watch = events.subscribe(mine);
        events.sender.send(Some(other)).unwrap();
        events.sender.send(Some(mine)).unwrap();
        watch.changed().await;
        events.sender.send(Some(other)).unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(10), watch.changed()).await.is_err());
        events.sender.send(None).unwrap();
        watch.changed().await;
    }
}
