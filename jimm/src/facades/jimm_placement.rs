//! `JIMM` version 4: what operators say of controllers for placement, and why a model goes where it goes.

use jimm_proto::params::jimm::ControllerInfo;
use jimm_proto::params::jimm_placement::{
    CordonControllerRequest, ExplainPlacementRequest, PlacementExplained, SetControllerLabelsRequest,
};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "SetControllerLabels", Access::Admin, Audit::Params, set_labels),
    method!(JIMM, [4], "CordonController", Access::Admin, Audit::Params, cordon),
    method!(JIMM, [4], "ExplainPlacement", Access::Admin, Audit::Params, explain),
];

async fn set_labels(ctx: &CallContext, args: SetControllerLabelsRequest) -> Result<ControllerInfo> {
    ctx.broker.set_controller_labels(&ctx.requester, &args).await
}

async fn cordon(ctx: &CallContext, args: CordonControllerRequest) -> Result<ControllerInfo> {
    ctx.broker.cordon_controller(&ctx.requester, &args).await
}

async fn explain(ctx: &CallContext, args: ExplainPlacementRequest) -> Result<PlacementExplained> {
    ctx.broker.explain_placement(&ctx.requester, &args).await
}
