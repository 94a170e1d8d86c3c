//! `JIMM` version 4: events.

use jimm_proto::params::jimm_events::{EventsAnswer, EventsRequest};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::Result;

/// The methods.
pub(crate) const METHODS: &[Method] = &[method!("JIMM", [4], "ListEvents", Access::User, Audit::Params, list)];

async fn list(ctx: &CallContext, args: EventsRequest) -> Result<EventsAnswer> {
    ctx.broker.list_events(&ctx.requester, &args).await
}
