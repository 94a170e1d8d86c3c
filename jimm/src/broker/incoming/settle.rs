//! What was prepared and not finished: a day later the broker looks how it stands, and cleans up.

use chrono::TimeDelta;
use jimm_store::incoming::{self, Incoming};

use crate::broker::Broker;
use crate::error::Result;

/// How long a source may take, and what was prepared is remembered.
const KEPT: TimeDelta = TimeDelta::days(1);
/// How many in one go.
const PAGE: i64 = 100;

impl Broker {
    /// Looks after migrations that were prepared long ago. A duty of whoever holds the lease; what cannot be found out is
    /// looked at again the next time.
    pub async fn settle_arrivals(&self) -> Result<()> {
        let before = self.clock.now() - KEPT;
        let rows = incoming::before(&mut *self.store.acquire().await?, before, PAGE).await?;
        for row in rows {
            if let Err(error) = self.settle_arrival(&row).await {
                tracing::warn!(model.uuid = %row.model_uuid, %error, "cannot settle a migration into the broker yet");
            }
        }
        Ok(())
    }

    async fn settle_arrival(&self, row: &Incoming) -> Result<()> {
        let model = row.model_uuid;
        if ![incoming::IMPORTING, incoming::CLOSED].contains(&row.state.as_str()) {
            incoming::forget(&mut *self.store.acquire().await?, row).await?;
            return Ok(());
        }
        if self.has_taken_over(row).await? {
            return self.take_in(row).await;
        }
        // From here on its source is not listened to: a 4.1 controller that is told to forget a model does so also when it
        // has been told meanwhile to use it.
        let steps = (incoming::IMPORTING, incoming::CLOSED);
        incoming::set_state(&mut *self.store.acquire().await?, row, steps, &row.message, self.clock.now()).await?;
        if self.has_taken_over(row).await? {
            return self.take_in(row).await;
        }
        if self.is_importing(row.controller_uuid, model).await? {
            self.forget_at_target(row).await?;
        }
        self.drop_arrival(row, incoming::ABORTED, "the source did not finish within a day").await?;
        tracing::warn!(model.uuid = %model, "a migration into the broker that was not finished is cleaned up");
        Ok(())
    }

    async fn take_in(&self, row: &Incoming) -> Result<()> {
        tracing::warn!(model.uuid = %row.model_uuid, "model has come in without its source saying so: see that it is not in use there any more");
        self.finish_arrival(row).await
    }
}
