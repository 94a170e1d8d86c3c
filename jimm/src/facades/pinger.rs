//! `Pinger`: proof of life of a connection.

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

pub(crate) const METHODS: &[Method] = &[
    method!("Pinger", [1], "Ping", Access::Anyone, Audit::NoParams, ping),
    method!("Pinger", [1], "Stop", Access::User, Audit::NoParams, ping),
];

async fn ping(_: &CallContext, _: Empty) -> Result<Empty> {
    Ok(Empty {})
}
