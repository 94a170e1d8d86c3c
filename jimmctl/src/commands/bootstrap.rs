//! `bootstrap`, `bootstrap-status`, `bootstrap-stop` and `job-stop`, `destroy-controller`.

use std::time::Duration;

use jimm_proto::params::jimm_bootstrap::{
    BootstrapInfo, BootstrapInfoRequest, BootstrapParams, ControllerProfile, DestroyControllerParams, JobId,
    ProfileName, StoragePool,
};
use serde::de::IgnoredAny;

use super::bootstrap_store::{credential_of, place_of, settings, words};
use super::question;
use crate::cli::GlobalArgs;
use crate::cli::bootstrap::{BootstrapArgs, BootstrapStatusArgs, BootstrapStopArgs, DestroyControllerArgs};
use crate::error::{Failure, Result};
use crate::session::Session;

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(700);

pub(super) async fn run(global: &GlobalArgs, args: &BootstrapArgs) -> Result<()> {
    let missing = || Failure::usage("missing cloud and controller name: bootstrap CLOUD[/REGION] CONTROLLER");
    let (place, name) = match (&args.place, &args.name) {
        (Some(place), Some(name)) => (Some(place.as_str()), name),
        (Some(name), None) if args.profile.is_some() => (None, name),
        _ => return Err(missing()),
    };
    let session = Session::open(global).await?;
    let mut params = BootstrapParams { controller_name: name.clone(), ..BootstrapParams::default() };
    if let Some(profile) = &args.profile {
        let known: ControllerProfile =
            session.call("GetControllerProfile", &ProfileName { name: profile.clone() }).await?;
        params.cloud = known.cloud;
        params.bootstrap_options = known.bootstrap_options;
        params.controller_version = known.juju_version;
    }
    if let Some(place) = place {
        params.cloud = place_of(place, args.cloud.as_deref())?;
    }
    params.credential = credential_of(&params.cloud.name, args.credential.as_deref(), args.credential_file.as_deref())?;
    if let Some(version) = &args.controller_version {
        params.controller_version.clone_from(version);
    }
    add_options(&mut params, args)?;
    let JobId { job_id } = session.call("StartBootstrap", &params).await?;
    if args.detach {
        println!("{job_id}");
        return Ok(());
    }
    eprintln!("job {job_id} has begun; it goes on when you leave (\"jimmctl bootstrap-status -f {job_id}\")");
    ended(&job_id, &follow(&session, &job_id).await?)
}

fn add_options(params: &mut BootstrapParams, args: &BootstrapArgs) -> Result<()> {
    let options = &mut params.bootstrap_options;
    options.controller_config.extend(settings(&args.config)?);
    options.model_default.extend(settings(&args.model_default)?);
    options.bootstrap_constraints.extend(words(&args.bootstrap_constraints)?);
    options.model_constraints.extend(words(&args.constraints)?);
    if let Some(base) = &args.bootstrap_base {
        options.bootstrap_base.clone_from(base);
    }
    if !args.storage_pool.is_empty() {
        let mut attributes = words(&args.storage_pool)?;
        let mut member = |name: &str| attributes.remove(name).unwrap_or_default();
        let (name, kind) = (member("name"), member("type"));
        if name.is_empty() || kind.is_empty() {
            return Err(Failure::usage("a storage pool needs name=NAME and type=TYPE"));
        }
        options.storage_pool = Some(StoragePool { name, r#type: kind, attributes });
    }
    Ok(())
}

pub(super) async fn status(global: &GlobalArgs, args: &BootstrapStatusArgs) -> Result<()> {
    let job = args.job.as_deref().ok_or_else(|| Failure::usage("missing job ID"))?;
    if args.follow {
        let session = Session::open(global).await?;
        return ended(job, &follow(&session, job).await?);
    }
    let answer = async {
        let session = Session::open(global).await?;
        let mut all = look(&session, job, 0).await?;
        loop {
            let more = look(&session, job, all.watermark).await?;
            if more.logs.is_empty() {
                return Ok(BootstrapInfo { logs: all.logs, ..more });
            }
            all.logs.extend(more.logs);
            all.watermark = more.watermark;
        }
    };
    let info: BootstrapInfo = args.output.or_nothing(answer.await)?;
    args.output.print(&info, &info, || {
        let mut text = info.logs.join("\n");
        if !info.logs.is_empty() {
            text.push('\n');
        }
        text + "status: " + &info.status + "\n"
    })
}

pub(super) async fn stop(global: &GlobalArgs, args: &BootstrapStopArgs) -> Result<()> {
    let job_id = args.job.clone().ok_or_else(|| Failure::usage("missing job ID"))?;
    let _: IgnoredAny = Session::open(global).await?.call("StopBootstrap", &JobId { job_id: job_id.clone() }).await?;
    if !global.quiet {
        eprintln!("job {job_id} is being stopped");
    }
    Ok(())
}

pub(super) async fn destroy(global: &GlobalArgs, args: &DestroyControllerArgs) -> Result<()> {
    let name = args.name.clone().ok_or_else(|| Failure::usage("controller name not specified"))?;
    if !args.yes {
        let question = format!("This destroys controller {name:?} with all that it runs on. Destroy it?");
        question::confirm(&question, "the controller is as it was")?;
    }
    let params = DestroyControllerParams {
        controller_name: name,
        destroy_storage: args.destroy_storage,
        release_storage: args.release_storage,
    };
    let session = Session::open(global).await?;
    let JobId { job_id } = session.call("StartDestroyController", &params).await?;
    if args.detach {
        println!("{job_id}");
        return Ok(());
    }
    ended(&job_id, &follow(&session, &job_id).await?)
}

async fn look(session: &Session, job: &str, watermark: i64) -> Result<BootstrapInfo> {
    session.call("BootstrapInfo", &BootstrapInfoRequest { job_id: job.to_owned(), watermark }).await
}

/// Prints the lines of a job's log as they come, until it has ended.
pub(super) async fn follow(session: &Session, job: &str) -> Result<BootstrapInfo> {
    let mut watermark = 0;
    loop {
        let info = look(session, job, watermark).await?;
        for line in &info.logs {
            println!("{line}");
        }
        watermark = info.watermark;
        // What it wrote last may have come after we looked.
        if info.logs.is_empty() && matches!(info.status.as_str(), "successful" | "failed") {
            return Ok(info);
        }
        if info.logs.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn ended(job: &str, info: &BootstrapInfo) -> Result<()> {
    if info.status == "successful" {
        return Ok(());
    }
    Err(Failure::failed(format!("job {job} failed: {}", info.error)))
}
