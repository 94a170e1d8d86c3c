//! `upgrade-to CONTROLLER MODEL...`, `job-status JOB`, `list-jobs`.

use std::time::Duration;

use jimm_proto::params::jimm_bootstrap::{BootstrapInfo, BootstrapInfoRequest};
use jimm_proto::params::jimm_upgrades::{
    JobInfo, JobInfoRequest, ListJobsRequest, ListJobsResponse, UpgradeToRequest, UpgradeToResults,
};

use crate::cli::GlobalArgs;
use crate::cli::jobs::{JobStatusArgs, ListJobsArgs, UpgradeToArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

/// How often a job is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(global: &GlobalArgs, args: &UpgradeToArgs) -> Result<()> {
    let Some(target) = args.target.as_deref().filter(|_| !args.models.is_empty()) else {
        return Err(Failure::usage("missing controller and models: upgrade-to CONTROLLER MODEL..."));
    };
    let session = Session::open(global).await?;
    let params = UpgradeToRequest {
        model_uuids: args.models.clone(),
        target_controller_name: target.to_owned(),
        ..UpgradeToRequest::default()
    };
    let answer: UpgradeToResults = session.call("UpgradeTo", &params).await?;
    let mut failed = 0;
    for (model, result) in args.models.iter().zip(answer.results) {
        let outcome = match (result.error, result.job_id) {
            (Some(error), _) => Err(error.message),
            (None, Some(job)) if args.no_wait => Ok(format!("job {job} has begun")),
            (None, Some(job)) => {
                let ended = follow(&session, &job.to_string()).await?;
                if ended.status == "successful" { Ok(ended.message) } else { Err(why(&ended)) }
            }
            (None, None) => Err("the broker did not tell what came of it".to_owned()),
        };
        match outcome {
            Ok(told) => println!("{model}: {told}"),
            Err(told) => {
                failed += 1;
                eprintln!("{model}: {told}");
            }
        }
    }
    if failed > 0 {
        return Err(Failure::failed(format!("{failed} of {} models were not upgraded", args.models.len())));
    }
    Ok(())
}

pub(super) async fn status(global: &GlobalArgs, args: &JobStatusArgs) -> Result<()> {
    let job = args.job.as_deref().ok_or_else(|| Failure::usage("missing job ID"))?;
    let answer = async {
        let session = Session::open(global).await?;
        if args.follow {
            follow_log(&session, job).await?;
        }
        look(&session, job).await
    };
    let info = args.output.or_nothing(answer.await)?;
    args.output.print(&info, &info, || details(&info))?;
    if args.follow && info.status != "successful" {
        return Err(Failure::failed(format!("job {job} failed: {}", why(&info))));
    }
    Ok(())
}

pub(super) async fn list(global: &GlobalArgs, args: &ListJobsArgs) -> Result<()> {
    let params = ListJobsRequest {
        kinds: args.kinds.clone(),
        statuses: args.statuses.clone(),
        count: args.count,
        cursor: String::new(),
    };
    let answer = async { Session::open(global).await?.call("ListJobs", &params).await }.await;
    let answer: ListJobsResponse = args.output.or_nothing(answer)?;
    args.output.print(&answer.jobs, &answer.jobs, || {
        let mut table = Table::new(&["Job", "Kind", "Status", "Attempt", "Subject"]);
        for job in &answer.jobs {
            table.row([&job.id.to_string(), &job.kind, &job.status, &job.attempt.to_string(), &job.subject]);
        }
        table.render()
    })
}

async fn look(session: &Session, job: &str) -> Result<JobInfo> {
    session.call("JobInfo", &JobInfoRequest { job_id: job.to_owned() }).await
}

async fn follow(session: &Session, job: &str) -> Result<JobInfo> {
    loop {
        let info = look(session, job).await?;
        if matches!(info.status.as_str(), "successful" | "failed") {
            return Ok(info);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells the lines of a job's log as they come, until it has ended.
async fn follow_log(session: &Session, job: &str) -> Result<()> {
    let mut watermark = 0;
    loop {
        let params = BootstrapInfoRequest { job_id: job.to_owned(), watermark };
        let info: BootstrapInfo = session.call("BootstrapInfo", &params).await?;
        info.logs.iter().for_each(|line| eprintln!("{line}"));
        watermark = info.watermark;
        match info.status.as_str() {
            _ if !info.logs.is_empty() => {}
            "successful" | "failed" => return Ok(()),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

fn why(info: &JobInfo) -> String {
    info.errors.last().map_or_else(|| info.status.clone(), |error| error.error.clone())
}

fn details(info: &JobInfo) -> String {
    let mut table = Table::new(&["Job", "Kind", "Status", "Attempt", "Subject", "Message"]);
    let message = if info.message.is_empty() && !info.errors.is_empty() { why(info) } else { info.message.clone() };
    table.row([
        &info.id.to_string(),
        &info.kind,
        &info.status,
        &info.current_attempt.to_string(),
        &info.subject,
        &message,
    ]);
    table.render()
}
