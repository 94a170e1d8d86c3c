//! `JIMM` version 4, the part about the audit log.

use jimm_proto::params::jimm_audit::{
    AuditBatches, AuditBatchesRequest, AuditCheckpoints, AuditCheckpointsRequest, AuditEvents, AuditLogAccessRequest,
    FindAuditEventsRequest, PurgeLogsRequest, PurgeLogsResponse,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods of this part.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "FindAuditEvents", Access::AuditViewer, Audit::Params, find),
    method!(JIMM, [4], "AuditCheckpoints", Access::AuditViewer, Audit::Params, checkpoints),
    method!(JIMM, [4], "AuditBatches", Access::AuditViewer, Audit::Params, batches),
    method!(JIMM, [4], "PurgeLogs", Access::Admin, Audit::Params, purge),
    method!(JIMM, [4], "GrantAuditLogAccess", Access::Admin, Audit::Params, grant),
    method!(JIMM, [4], "RevokeAuditLogAccess", Access::Admin, Audit::Params, revoke),
];

async fn find(ctx: &CallContext, args: FindAuditEventsRequest) -> Result<AuditEvents> {
    ctx.broker.find_audit_events(&args).await
}

async fn checkpoints(ctx: &CallContext, args: AuditCheckpointsRequest) -> Result<AuditCheckpoints> {
    ctx.broker.audit_checkpoints(args.after_no).await
}

async fn batches(ctx: &CallContext, args: AuditBatchesRequest) -> Result<AuditBatches> {
    ctx.broker.audit_batches(&args.after).await
}

async fn purge(ctx: &CallContext, args: PurgeLogsRequest) -> Result<PurgeLogsResponse> {
    let count = ctx.broker.purge_audit_log(&ctx.requester, &args.date).await?;
    Ok(PurgeLogsResponse { deleted_count: i64::try_from(count).unwrap_or(i64::MAX) })
}

async fn grant(ctx: &CallContext, args: AuditLogAccessRequest) -> Result<Empty> {
    ctx.broker.set_audit_access(&ctx.requester, &args.user_tag, true).await.map(|()| Empty {})
}

async fn revoke(ctx: &CallContext, args: AuditLogAccessRequest) -> Result<Empty> {
    ctx.broker.set_audit_access(&ctx.requester, &args.user_tag, false).await.map(|()| Empty {})
}
