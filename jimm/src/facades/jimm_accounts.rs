//! `JIMM` version 4, the part about accounts: sessions and service accounts.

use jimm_proto::params::jimm_accounts::{
    ListSessionsRequest, ListSessionsResponse, RevokeSessionsRequest, RevokeSessionsResponse,
};

use super::registry::{Access, Audit, Method, method};
use crate::error::Result;
use crate::session::CallContext;

const JIMM: &str = "JIMM";

/// The methods of this part.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "ListSessions", Access::Own, Audit::Params, list_sessions),
    method!(JIMM, [4], "RevokeSessions", Access::Own, Audit::Params, revoke_sessions),
];

async fn list_sessions(ctx: &CallContext, args: ListSessionsRequest) -> Result<ListSessionsResponse> {
    Ok(ListSessionsResponse { sessions: ctx.broker.list_sessions(&ctx.requester, &args.user_tag, args.all).await? })
}

async fn revoke_sessions(ctx: &CallContext, args: RevokeSessionsRequest) -> Result<RevokeSessionsResponse> {
    Ok(RevokeSessionsResponse { revoked_count: ctx.broker.revoke_sessions(&ctx.requester, &args).await? })
}
