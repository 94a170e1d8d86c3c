//! `JIMM` version 4: making and destroying controllers, and saved settings for that.

use jimm_proto::params::jimm_bootstrap::{
    BootstrapInfo, BootstrapInfoRequest, BootstrapParams, ControllerProfile, DestroyControllerParams, JobId,
    ListProfilesRequest, ListedProfiles, ProfileName,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "StartBootstrap", Access::Admin, Audit::Params, start),
    method!(JIMM, [4], "BootstrapInfo", Access::Admin, Audit::Params, info),
    method!(JIMM, [4], "StopBootstrap", Access::Admin, Audit::Params, stop),
    method!(JIMM, [4], "StartDestroyController", Access::Admin, Audit::Params, destroy),
    method!(JIMM, [4], "SaveControllerProfile", Access::Admin, Audit::Params, save),
    method!(JIMM, [4], "GetControllerProfile", Access::Admin, Audit::Params, get),
    method!(JIMM, [4], "ListControllerProfiles", Access::Admin, Audit::Params, list),
    method!(JIMM, [4], "RemoveControllerProfile", Access::Admin, Audit::Params, remove),
];

async fn start(ctx: &CallContext, args: BootstrapParams) -> Result<JobId> {
    let job = Box::pin(ctx.broker.start_bootstrap(&ctx.requester, args)).await?;
    Ok(JobId { job_id: job.to_string() })
}

async fn info(ctx: &CallContext, args: BootstrapInfoRequest) -> Result<BootstrapInfo> {
    ctx.broker.bootstrap_info(&args).await
}

async fn stop(ctx: &CallContext, args: JobId) -> Result<Empty> {
    ctx.broker.stop_bootstrap(&args.job_id).await?;
    Ok(Empty {})
}

async fn destroy(ctx: &CallContext, args: DestroyControllerParams) -> Result<JobId> {
    let job = ctx.broker.start_destroy_controller(&ctx.requester, &args).await?;
    Ok(JobId { job_id: job.to_string() })
}

async fn save(ctx: &CallContext, args: ControllerProfile) -> Result<ControllerProfile> {
    ctx.broker.save_profile(args).await
}

async fn get(ctx: &CallContext, args: ProfileName) -> Result<ControllerProfile> {
    ctx.broker.profile(&args.name).await
}

async fn list(ctx: &CallContext, args: ListProfilesRequest) -> Result<ListedProfiles> {
    Ok(ListedProfiles { profiles: ctx.broker.list_profiles(&args.juju_version).await? })
}

async fn remove(ctx: &CallContext, args: ProfileName) -> Result<Empty> {
    ctx.broker.remove_profile(&args.name).await?;
    Ok(Empty {})
}
