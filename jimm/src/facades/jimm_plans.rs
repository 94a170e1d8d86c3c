//! `JIMM` version 4: plans of which models go where, and what is done with them.

use jimm_proto::params::jimm_plans::{
    ApplyPlanRequest, ApplyPlanResult, ChangePlanRequest, Plan, PlanDetails, PlanDrainRequest, PlanList,
    PlanRebalanceRequest, PlanUpgradeRequest, ShowPlanRequest,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "PlanDrain", Access::Admin, Audit::Params, plan_drain),
    method!(JIMM, [4], "PlanRebalance", Access::Admin, Audit::Params, plan_rebalance),
    method!(JIMM, [4], "PlanUpgrade", Access::Admin, Audit::Params, plan_upgrade),
    method!(JIMM, [4], "ApplyPlan", Access::Admin, Audit::Params, apply),
    method!(JIMM, [4], "ListPlans", Access::Admin, Audit::Params, list),
    method!(JIMM, [4], "ShowPlan", Access::Admin, Audit::Params, show),
    method!(JIMM, [4], "ChangePlan", Access::Admin, Audit::Params, change),
];

async fn plan_drain(ctx: &CallContext, args: PlanDrainRequest) -> Result<Plan> {
    ctx.broker.plan_drain(&args).await
}

async fn plan_rebalance(ctx: &CallContext, args: PlanRebalanceRequest) -> Result<Plan> {
    ctx.broker.plan_rebalance(&args).await
}

async fn plan_upgrade(ctx: &CallContext, args: PlanUpgradeRequest) -> Result<Plan> {
    ctx.broker.plan_upgrade(&args).await
}

async fn apply(ctx: &CallContext, args: ApplyPlanRequest) -> Result<ApplyPlanResult> {
    ctx.broker.apply_plan(&ctx.requester, &args).await
}

async fn list(ctx: &CallContext, _: Empty) -> Result<PlanList> {
    ctx.broker.list_plans().await
}

async fn show(ctx: &CallContext, args: ShowPlanRequest) -> Result<PlanDetails> {
    ctx.broker.show_plan(&args).await
}

async fn change(ctx: &CallContext, args: ChangePlanRequest) -> Result<PlanDetails> {
    ctx.broker.change_plan(&ctx.requester, &args).await
}
