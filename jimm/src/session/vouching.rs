//! Asks the identity provider again and again whether it still vouches for those who have logged in with a browser. One
//! replica at a time does: a refresh token is mostly good once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jimm_store::sessions::Due;

use super::Services;
use crate::authn::Refreshed;
use crate::error::Result;
use crate::jobs::run_duty;

/// Questions in flight at a time.
const AT_ONCE: usize = 16;
/// How often to look for what is due, at the most and at the least.
const PACE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(15)];

/// Asks until the broker stops.
pub async fn keep(services: Arc<Services>) {
    let settings = &services.settings;
    let interval = settings.session.refresh_interval;
    if interval.is_zero() {
        return;
    }
    let every = (interval / 4).clamp(PACE[0], PACE[1]);
    // No turn may be given up while the provider is asked: the new token would be lost.
    let length = every * 2 + settings.oauth.timeout * 4;
    let (broker, asking) = (Arc::clone(&services.broker), Arc::clone(&services));
    let turn = move || -> futures_util::future::BoxFuture<'static, Result<()>> {
        let services = Arc::clone(&asking);
        Box::pin(async move { ask_about_all(&services, every).await })
    };
    run_duty(broker, "ask-who-is-vouched-for", every, length, turn).await;
}

async fn ask_about_all(services: &Services, time: Duration) -> Result<()> {
    let began = Instant::now();
    loop {
        let due = services.broker.due_for_vouching(i64::try_from(AT_ONCE).unwrap_or(1)).await?;
        let asked = join_all(due.iter().map(|due| ask_about(services, due))).await;
        asked.into_iter().collect::<Result<Vec<()>>>()?;
        if due.len() < AT_ONCE || began.elapsed() >= time {
            return Ok(());
        }
    }
}

async fn ask_about(services: &Services, due: &Due) -> Result<()> {
    let broker = &services.broker;
    let before = match broker.vouching_of(due).await {
        Ok(Some(before)) => before,
        Ok(None) => {
            return broker.end_unvouched(due, "what to ask the identity provider with cannot be opened").await;
        }
        Err(error) => {
            tracing::warn!(error = %error, user = due.identity, "session cannot be looked into now");
            return broker.ask_later(due.id).await.map(|_| ());
        }
    };
    match services.authn.oidc.refresh(&before).await {
        Ok(Refreshed::Still(after)) => broker.keep_vouching(due.id, &after).await,
        Ok(Refreshed::Gone(why)) => broker.end_unvouched(due, &why).await,
        Err(error) => {
            tracing::warn!(error = %error, user = due.identity, "identity provider cannot be asked about a session");
            broker.ask_later(due.id).await.map(|_| ())
        }
    }
}
