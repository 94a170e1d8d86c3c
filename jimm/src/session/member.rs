//! Somebody who has proven who they are becomes a requester: their session and their account are looked at, the login is
//! recorded.

use std::net::SocketAddr;

use chrono::TimeDelta;
use jimm_store::identities;

use super::Services;
use crate::authn::Identity;
use crate::broker::{Requester, disabled};
use crate::error::Result;

/// A login so soon after one that was noted is not noted again: it would be a write, and of no interest.
const NOTED: TimeDelta = TimeDelta::seconds(60);

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub struct Member {
    /// As the use cases know them.
    pub requester: Requester,
    /// The row of them; their last login is this one, or at most a minute older.
    pub identity: identities::Identity,
}

/// Makes a proven identity a requester, and records the login.
pub(crate) async fn member(
    services: &Services,
    identity: Identity,
    address: SocketAddr,
    auth_method: &'static str,
) -> Result<Member> {
    let told = services.broker.account_events.told();
    let (lease, known) = services.broker.check_session(&identity, address).await?;
    let row = match known.filter(|row| is_noted(services, row)) {
        Some(row) => row,
        None => admit(services, identity.name.as_str(), "").await?,
    };
    let pass = services.broker.pass(&identity, row.epoch, told, lease).await?;
    let requester =
        Requester { name: identity.name, groups: identity.groups, client_addr: Some(address), auth_method, pass };
    Ok(Member { requester, identity: row })
}

/// Whether a login was noted a moment ago.
fn is_noted(services: &Services, row: &identities::Identity) -> bool {
    let now = services.broker.clock.now();
    row.last_login.is_some_and(|at| at <= now && now - at < NOTED)
}

/// Records a login of somebody who has proven who they are; who is disabled is refused.
pub(super) async fn admit(services: &Services, name: &str, display_name: &str) -> Result<identities::Identity> {
    let now = services.broker.clock.now();
    let mut conn = services.broker.store.acquire().await?;
    let known = if display_name.is_empty() { identities::get(&mut conn, name).await? } else { None };
    let row = match known.filter(|row| is_noted(services, row)) {
        Some(row) => row,
        None => identities::record_login(&mut conn, name, display_name, now).await?,
    };
    if row.disabled {
        return Err(disabled(name));
    }
    Ok(row)
}
