//! `ModelUpgrader`, versions 1 and 2: forwarded to the controller that hosts the model.

use jimm_proto::params::model_manager::ModelParam;
use jimm_proto::params::model_upgrader::{UpgradeModelParams, UpgradeModelResult};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const FACADE: &str = "ModelUpgrader";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [1, 2], "UpgradeModel", Access::ModelAdmin, Audit::Params, upgrade_model),
    method!(FACADE, [1, 2], "AbortModelUpgrade", Access::ModelAdmin, Audit::Params, abort_model_upgrade),
];

async fn upgrade_model(ctx: &CallContext, args: UpgradeModelParams) -> Result<UpgradeModelResult> {
    ctx.broker.upgrade_model(&ctx.requester, args).await
}

async fn abort_model_upgrade(ctx: &CallContext, args: ModelParam) -> Result<Empty> {
    ctx.broker.abort_model_upgrade(&ctx.requester, &args.model_tag).await?;
    Ok(Empty {})
}
