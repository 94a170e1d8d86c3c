//! What jobs of several steps have in common: what they remember between steps, and their end. It knows nothing of the
//! steps.

use jimm_store::{job_logs, job_secrets, jobs};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Broker;
use crate::broker::work::{Outcome, Work};
use crate::error::{Error, Result};

/// What a job remembers.
pub(super) fn data_of<T: DeserializeOwned>(work: &Work) -> Result<T> {
    T::deserialize(&work.job.data).map_err(Error::internal)
}

/// Ends a job well or badly and forgets its secret, all at once.
pub(super) async fn end(
    broker: &Broker,
    work: &Work,
    secret: Option<Uuid>,
    how: std::result::Result<String, String>,
) -> Result<Outcome> {
    let mut tx = broker.store.begin().await?;
    let text = how.as_ref().unwrap_or_else(|why| why);
    let mine = job_logs::append(&mut tx, work.lease, text).await?
        && match &how {
            Ok(message) => jobs::finish(&mut tx, work.lease, message).await?,
            Err(why) => jobs::fail(&mut tx, work.lease, why).await?,
        };
    if !mine {
        return Ok(Outcome::Left);
    }
    let sealed = match secret {
        Some(secret) => job_secrets::take(&mut tx, secret).await?,
        None => None,
    };
    tx.commit().await?;
    broker.discard(sealed.as_deref()).await;
    tracing::info!(job.id = work.job.id, job.kind = %work.job.kind, job.key = %work.job.key, outcome = %text, "job has ended");
    Ok(Outcome::Ended)
}
