//! `pause-plan`, `resume-plan`, `abort-plan`, `skip-plan-model`, `retry-plan-model`.

use jimm_proto::params::jimm_plans::{ChangePlanRequest, PlanDetails};

use super::show::table;
use crate::cli::GlobalArgs;
use crate::cli::plans::{PlanArgs, PlanModelsArgs};
use crate::error::{Failure, Result};
use crate::output::OutputArgs;
use crate::session::Session;

pub(in crate::commands) async fn pause(global: &GlobalArgs, args: &PlanArgs) -> Result<()> {
    change(global, "pause", args.plan, &[], &args.output).await
}

pub(in crate::commands) async fn resume(global: &GlobalArgs, args: &PlanArgs) -> Result<()> {
    change(global, "resume", args.plan, &[], &args.output).await
}

pub(in crate::commands) async fn abort(global: &GlobalArgs, args: &PlanArgs) -> Result<()> {
    change(global, "abort", args.plan, &[], &args.output).await
}

pub(in crate::commands) async fn skip(global: &GlobalArgs, args: &PlanModelsArgs) -> Result<()> {
    if args.models.is_empty() {
        return Err(Failure::usage("missing models: skip-plan-model PLAN MODEL..."));
    }
    change(global, "skip", args.plan, &args.models, &args.output).await
}

pub(in crate::commands) async fn retry(global: &GlobalArgs, args: &PlanModelsArgs) -> Result<()> {
    change(global, "retry", args.plan, &args.models, &args.output).await
}

async fn change(
    global: &GlobalArgs,
    change: &str,
    plan: Option<i64>,
    models: &[String],
    output: &OutputArgs,
) -> Result<()> {
    let plan = plan.ok_or_else(|| Failure::usage("missing the number of the plan"))?;
    let params = ChangePlanRequest { plan, change: change.to_owned(), models: models.to_vec() };
    let answer = async { Session::open(global).await?.call("ChangePlan", &params).await };
    let answer: PlanDetails = output.or_nothing(answer.await)?;
    output.print(&answer.status, &answer.status, || table(std::slice::from_ref(&answer.status)))
}
