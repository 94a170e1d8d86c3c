//! `plan-drain`, `plan-rebalance`, `upgrade-fleet`, `apply-plan`.

use jimm_proto::params::jimm_plans::{
    ApplyPlanRequest, ApplyPlanResult, Plan, PlanDrainRequest, PlanLimits, PlanRebalanceRequest, PlanUpgradeRequest,
    PlanWishes,
};

use super::watch::follow;
use crate::cli::GlobalArgs;
use crate::cli::plans::{ApplyPlanArgs, PlanDrainArgs, PlanRebalanceArgs, UpgradeFleetArgs, WishArgs};
use crate::commands::placement::pairs;
use crate::error::{Failure, Result};
use crate::input;
use crate::output::{Format, OutputArgs};
use crate::session::Session;
use crate::table::Table;

/// Longer files are no plans: ten thousand models take two megabytes.
const LONGEST: u64 = 16 << 20;

pub(in crate::commands) async fn drain(global: &GlobalArgs, args: &PlanDrainArgs) -> Result<()> {
    let controller = args.source.clone().ok_or_else(|| Failure::usage("controller name not specified"))?;
    let wishes = wishes(&args.wishes, &args.to, None)?;
    let plan = Session::open(global).await?.call("PlanDrain", &PlanDrainRequest { controller, wishes }).await?;
    print(&args.output, &plan)
}

pub(in crate::commands) async fn rebalance(global: &GlobalArgs, args: &PlanRebalanceArgs) -> Result<()> {
    let params = PlanRebalanceRequest { moves: args.moves, wishes: wishes(&args.wishes, &args.to, None)? };
    let plan = Session::open(global).await?.call("PlanRebalance", &params).await?;
    print(&args.output, &plan)
}

pub(in crate::commands) async fn fleet(global: &GlobalArgs, args: &UpgradeFleetArgs) -> Result<()> {
    let (Some(from), Some(to)) = (args.from.clone(), args.to.clone()) else {
        return Err(Failure::usage("--from and --to are needed: what is drained, and where to"));
    };
    let params = PlanUpgradeRequest { from, to, wishes: wishes(&args.wishes, &[], args.patience)? };
    let session = Session::open(global).await?;
    let plan: Plan = session.call("PlanUpgrade", &params).await?;
    if args.dry_run {
        return print(&args.output, &plan);
    }
    if plan.waves.is_empty() {
        return Err(Failure::failed("no model has a place: see the reasons with --dry-run"));
    }
    for left in &plan.left {
        eprintln!("{} stays: {}", left.model, left.why);
    }
    begin(global, &session, plan, args.no_wait, &args.output).await
}

pub(in crate::commands) async fn apply(global: &GlobalArgs, args: &ApplyPlanArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("missing file: apply-plan FILE"))?;
    let text = input::read(file, LONGEST, "for a plan")?;
    let plan: Plan = serde_norway::from_str(&text).map_err(|e| {
        Failure::failed(format!("{} is no plan: {e}", file.display()))
            .with_hint("\"jimmctl plan-drain\" writes plans; nothing was begun")
    })?;
    let session = Session::open(global).await?;
    if args.check {
        return checked(&session.call("ApplyPlan", &ApplyPlanRequest { plan, check: true }).await?, global);
    }
    begin(global, &session, plan, args.no_wait, &args.output).await
}

fn checked(result: &ApplyPlanResult, global: &GlobalArgs) -> Result<()> {
    if result.problems.is_empty() {
        if !global.quiet {
            eprintln!("the plan can be applied");
        }
        return Ok(());
    }
    for problem in &result.problems {
        eprintln!("{problem}");
    }
    Err(Failure::failed(format!("nothing was begun: {} problems with the plan", result.problems.len())))
}

async fn begin(global: &GlobalArgs, session: &Session, plan: Plan, no_wait: bool, output: &OutputArgs) -> Result<()> {
    let begun: ApplyPlanResult = session.call("ApplyPlan", &ApplyPlanRequest { plan, check: false }).await?;
    if begun.plan == 0 {
        return checked(&begun, global).and(Err(Failure::failed("the broker did not tell what came of it")));
    }
    if no_wait {
        return output.print(&begun, &begun, || format!("plan {} has begun\n", begun.plan));
    }
    if !global.quiet {
        eprintln!("plan {0} has begun: \"jimmctl watch-plan {0}\" watches it from elsewhere", begun.plan);
    }
    follow(global, begun.plan, output).await
}

fn wishes(args: &WishArgs, to: &[String], patience: Option<i64>) -> Result<PlanWishes> {
    let default = PlanLimits::default();
    let parallel = args.parallel.unwrap_or(default.parallel);
    let limits = PlanLimits {
        parallel,
        per_source: parallel,
        per_target: parallel,
        failures: args.failures.unwrap_or(default.failures),
        patience: patience.unwrap_or(default.patience),
    };
    Ok(PlanWishes {
        to: to.to_vec(),
        patterns: args.patterns.clone(),
        requires: pairs(&args.requires)?,
        tolerates: pairs(&args.tolerates)?,
        canaries: args.canaries,
        wave_size: args.wave_size,
        limits: Some(limits),
    })
}

/// A plan is for a file: YAML, unless somebody wants it otherwise.
fn print(output: &OutputArgs, plan: &Plan) -> Result<()> {
    let output = OutputArgs { format: Some(output.format.unwrap_or(Format::Yaml)), ..output.clone() };
    output.print(plan, plan, || {
        let mut table = Table::new(&["Wave", "Model", "From", "To", "Why"]);
        for wave in &plan.waves {
            for step in &wave.models {
                table.row([&wave.name, &step.model, &step.from, &step.to, &step.why]);
            }
        }
        for left in &plan.left {
            table.row(["(stays)", &left.model, "", "", &left.why]);
        }
        let forecast = plan.forecast.as_ref().map(|it| it.text.clone()).unwrap_or_default();
        format!("{}\n{forecast}\n", table.render())
    })
}
