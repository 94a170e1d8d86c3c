//! `plans`, `show-plan`.

use std::fmt::Write as _;

use jimm_proto::params::jimm_plans::{PlanDetails, PlanList, PlanProof, PlanStatus, ShowPlanRequest};

use crate::cli::GlobalArgs;
use crate::cli::plans::{PlanArgs, PlansArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

pub(in crate::commands) async fn list(global: &GlobalArgs, args: &PlansArgs) -> Result<()> {
    let answer = async { Session::open(global).await?.ask("ListPlans").await };
    let answer: PlanList = args.output.or_nothing(answer.await)?;
    args.output.print(&answer.plans, &answer.plans, || table(&answer.plans))
}

pub(in crate::commands) async fn show(global: &GlobalArgs, args: &PlanArgs) -> Result<()> {
    let plan = args.plan.ok_or_else(|| Failure::usage("missing the number of the plan"))?;
    let params = ShowPlanRequest { plan, changed_after: None };
    let answer = async { Session::open(global).await?.call("ShowPlan", &params).await };
    let answer: PlanDetails = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || details(&answer))
}

/// Plans, a row each.
pub(super) fn table(plans: &[PlanStatus]) -> String {
    let mut table = Table::new(&["Plan", "Kind", "Sources", "State", "Models", "Wave", "Reason"]);
    for plan in plans {
        let sources = plan.sources.join(", ");
        table.row([&plan.plan.to_string(), &plan.kind, &sources, &plan.state, &counts(plan), &plan.wave, &plan.reason]);
    }
    table.render()
}

/// `3 done, 1 failed`.
pub(super) fn counts(plan: &PlanStatus) -> String {
    let one = |(state, models): (&String, &i64)| format!("{models} {state}");
    plan.models.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A plan with its models.
pub(super) fn details(plan: &PlanDetails) -> String {
    let mut text = table(std::slice::from_ref(&plan.status));
    let mut models = Table::new(&["Wave", "Model", "From", "To", "State", "Reason"]);
    for it in &plan.models {
        models.row([&it.wave, &it.model, &it.from, &it.to, &it.state, &it.reason]);
    }
    let _ = write!(text, "\n{}", models.render());
    for it in &plan.models {
        for worse in &it.worse {
            let _ = writeln!(text, "{}: {worse}", it.model);
        }
    }
    for line in plan.status.proof.iter().flat_map(proven) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// What a source told at the end, in words.
pub(super) fn proven(proof: &PlanProof) -> Vec<String> {
    let name = &proof.controller;
    let mut lines = Vec::new();
    if !proof.error.is_empty() {
        lines.push(format!("controller {name} could not be asked what it has: {}", proof.error));
    } else if proof.empty {
        lines.push(format!("controller {name} is empty: it was asked"));
    }
    lines.extend(proof.models.iter().map(|model| format!("controller {name} still has {model}")));
    lines.extend(
        proof.remains.iter().map(|model| format!("controller {name} keeps a copy of {model}, to which nobody is sent")),
    );
    lines
}
