//! `JIMM` version 4: upgrades of models by moving them, and the jobs behind them.

use jimm_proto::params::jimm_upgrades::{
    JobInfo, JobInfoRequest, ListJobsRequest, ListJobsResponse, SupportedVersions, SupportedVersionsRequest,
    UpgradeToRequest, UpgradeToResults,
};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "SupportedJujuVersions", Access::User, Audit::Params, supported),
    method!(JIMM, [4], "UpgradeTo", Access::ModelAdmin, Audit::Params, upgrade_to),
    method!(JIMM, [4], "JobInfo", Access::Admin, Audit::Params, job_info),
    method!(JIMM, [4], "ListJobs", Access::Admin, Audit::Params, list_jobs),
];

async fn supported(ctx: &CallContext, args: SupportedVersionsRequest) -> Result<SupportedVersions> {
    Ok(SupportedVersions { versions: ctx.broker.supported_versions(&args.min_version).await? })
}

async fn upgrade_to(ctx: &CallContext, args: UpgradeToRequest) -> Result<UpgradeToResults> {
    Ok(ctx.broker.upgrade_models_to(&ctx.requester, &args).await)
}

async fn job_info(ctx: &CallContext, args: JobInfoRequest) -> Result<JobInfo> {
    ctx.broker.job_info(&args.job_id).await
}

async fn list_jobs(ctx: &CallContext, args: ListJobsRequest) -> Result<ListJobsResponse> {
    ctx.broker.list_jobs(&args).await
}
