//! `JIMM` version 4: models on controllers of the caller's choice, as the terraform provider makes all of its models.

use jimm_proto::params::jimm_models::AddModelToControllerRequest;
use jimm_proto::params::model_manager::{ModelCreateArgs, ModelInfo};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use super::view::View;
use crate::error::Result;

/// The method.
pub(crate) const METHODS: &[Method] =
    &[method!("JIMM", [4], "AddModelToController", Access::CloudUse, Audit::NoParams, add_model)];

async fn add_model(ctx: &CallContext, args: AddModelToControllerRequest) -> Result<ModelInfo> {
    let controller = Some(args.controller_name).filter(|name| !name.is_empty());
    let model = ModelCreateArgs { target_controller: controller, ..args.model };
    let info = ctx.broker.create_model(&ctx.requester, model).await?;
    // Clients of both generations call it: one reads owner tags, the other one qualifiers.
    let mut info = View::of(ctx, false).model_info(info);
    info.qualifier = info.owner_tag.as_deref().and_then(|tag| tag.strip_prefix("user-")).map(str::to_owned);
    Ok(info)
}
