//! The login of Juju's own controllers, and what to read from its answer.

use std::time::Duration;

use jimm_proto::params::admin::{LoginRequest, LoginResult};

use crate::connection::Connection;
use crate::error::CallError;

/// `Admin(3).Login`.
pub async fn login(
    connection: &Connection,
    request: &LoginRequest,
    deadline: Duration,
) -> Result<LoginResult, CallError> {
    connection.call("Admin", 3, "Login", request, deadline).await
}

/// The highest version of a facade that the peer offers and we want; `None` when there is no common one.
pub fn best_version(login: &LoginResult, facade: &str, wanted: &[u32]) -> Option<u32> {
    let offered = &login.facades.iter().find(|f| f.name == facade)?.versions;
    wanted.iter().copied().filter(|v| offered.contains(&i64::from(*v))).max()
}
