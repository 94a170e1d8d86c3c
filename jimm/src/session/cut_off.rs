//! The end of logins in open connections: sessions that were ended or have expired, users who were disabled.

use std::sync::Arc;
use std::time::Duration;

use super::Services;
use super::socket::Close;
use crate::broker::{Look, Requester};
use crate::clock::until;

/// How often to look when nothing is heard.
const LOOK: Duration = Duration::from_secs(120);
/// How long to wait before looking again when the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Waits until this requester may no longer be here, and tells how to close.
pub(crate) async fn cut_off(services: &Services, who: &Requester) -> Close {
    let broker = &services.broker;
    let mut watch = broker.account_events.watch();
    let mut look = watch.missed(who.pass.told);
    // Looking is using: an idle time must not run out meanwhile.
    let mut pause = if who.pass.idle.is_zero() { LOOK } else { LOOK.min(who.pass.idle / 3) };
    loop {
        if look {
            // Boxed is the look: an idle connection must not keep room for it.
            match Box::pin(broker.look(who)).await {
                Ok(Look::Again(within)) => pause = within,
                Ok(Look::End(why)) => return Close::refused(why),
                Err(error) => {
                    tracing::warn!(error = %error, requester = %who.name, "cannot look whether a session still lives");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
        }
        let end = who.pass.ends.map_or(pause, |ends| until(broker.clock.now(), ends).min(pause));
        let _ = tokio::time::timeout(end, watch.changed(who.name.as_str())).await;
        look = true;
    }
}

/// Forgets what is kept for those who may have been cut off: tokens for controllers, verified client credentials.
pub async fn forget(services: Arc<Services>) {
    let mut watch = services.broker.account_events.watch();
    loop {
        let whom = watch.next().await;
        services.broker.tokens.forget(whom.as_deref()).await;
        services.authn.oidc.forget_client(whom.as_deref()).await;
    }
}
