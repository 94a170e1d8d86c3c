//! `JIMM` version 4: clouds on controllers of the operator's choice. A cloud's definition may hold secrets of it.

use jimm_proto::params::jimm_clouds::{AddCloudToControllerRequest, RemoveCloudFromControllerRequest};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "AddCloudToController", Access::ControllerAdmin, Audit::NoParams, add_cloud),
    method!(JIMM, [4], "RemoveCloudFromController", Access::CloudAdmin, Audit::Params, remove_cloud),
];

async fn add_cloud(ctx: &CallContext, args: AddCloudToControllerRequest) -> Result<Empty> {
    ctx.broker.add_cloud_to_controller(&ctx.requester, args).await?;
    Ok(Empty {})
}

async fn remove_cloud(ctx: &CallContext, args: RemoveCloudFromControllerRequest) -> Result<Empty> {
    ctx.broker.remove_cloud_from_controller(&ctx.requester, &args).await?;
    Ok(Empty {})
}
