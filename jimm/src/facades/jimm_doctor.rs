//! `JIMM` version 4: what was left behind, its repair, and records that are gone.

use jimm_proto::params::jimm_doctor::{ArchivedModels, ArchivedRequest, DoctorReport, RepairRequest, Repaired};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "Doctor", Access::Admin, Audit::Params, examine),
    method!(JIMM, [4], "DoctorRepair", Access::Admin, Audit::Params, repair),
    method!(JIMM, [4], "ListArchivedModels", Access::Admin, Audit::Params, archived),
];

async fn examine(ctx: &CallContext, _: Empty) -> Result<DoctorReport> {
    ctx.broker.examine().await
}

async fn repair(ctx: &CallContext, args: RepairRequest) -> Result<Repaired> {
    Ok(Repaired { done: Box::pin(ctx.broker.repair_finding(&ctx.requester, &args.finding)).await? })
}

async fn archived(ctx: &CallContext, args: ArchivedRequest) -> Result<ArchivedModels> {
    ctx.broker.archived_models(&args).await
}
