//! `adopt CONTROLLER [MODEL...]`: what is on a controller that was not set up for the broker, what becomes of each model,
//! and with `--apply` the doing of it, model by model.
//!
//! Without `--apply` nothing is written, neither on the controller nor at the broker.

mod observe;
mod plan;
mod report;

use std::collections::BTreeSet;
use std::time::Duration;

use jimm_proto::params::common::ErrorResults;
use jimm_proto::params::jimm::{ControllerInfo, ImportModelRequest, ImportModelResult};
use jimm_proto::params::model_manager::{ModifyModelAccess, ModifyModelAccessRequest};

use self::observe::Observed;
use self::plan::{Step, Way, new_name};
use super::controller_info::{self, Source};
use super::{migrate_in, user_mapping};
use crate::cli::GlobalArgs;
use crate::cli::adopt::AdoptArgs;
use crate::cli::incoming::MigrateInArgs;
use crate::error::{Failure, Result};
use crate::plain::PlainController;
use crate::session::Session;

/// Grants in one call.
const GRANTS: usize = 100;

pub(super) async fn run(global: &GlobalArgs, args: &AdoptArgs) -> Result<()> {
    let name = args.name.as_deref().ok_or_else(|| Failure::usage("controller name not specified"))?;
    let mapping = args.user_mapping.as_deref().map(user_mapping::read).transpose()?.unwrap_or_default();
    let session = Session::open(global).await?;
    let plain = PlainController::open(name, Duration::from_secs(global.timeout.max(1))).await?;
    let mut seen = observe::controller(&plain).await?;
    drop(plain);
    only(&mut seen, &args.models)?;
    let owners: BTreeSet<(String, String)> = seen
        .models
        .iter()
        .filter_map(|model| Some((new_name(&mapping, model.owner())?, model.cloud().to_owned())))
        .collect();
    let known = observe::broker(&session, &owners).await?;
    let steps = plan::plan(&seen, &known, &mapping);
    if !args.apply {
        return report::print(&args.output, &seen, &known, &mapping, &steps);
    }
    let attached = report::attached(&seen, &known);
    if !attached && steps.iter().any(|step| step.way == Way::Import) {
        attach(&session, args, name).await?;
        say(global, &format!("controller {name} attached"));
    }
    let mut left = 0;
    for step in &steps {
        left += usize::from(!apply(global, args, &session, step).await?);
    }
    if left > 0 {
        return Err(Failure::failed(format!("{left} of {} models are not adopted", steps.len()))
            .with_hint("do what is told of each, and give the command again: what is done stays done"));
    }
    Ok(())
}

/// Keeps the models that were asked for.
fn only(seen: &mut Observed, asked: &[String]) -> Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let is = |model: &observe::Model, asked: &str| {
        let summary = &model.summary;
        summary.uuid == asked || summary.name == asked || format!("{}/{}", model.owner(), summary.name) == asked
    };
    for asked in asked {
        match seen.models.iter().filter(|model| is(model, asked)).count() {
            1 => {}
            0 => return Err(Failure::failed(format!("model {asked:?} not found on controller {}", seen.name))),
            _ => {
                return Err(Failure::failed(format!("there are several models {asked:?} on controller {}", seen.name))
                    .with_hint("give OWNER/NAME, or the UUID"));
            }
        }
    }
    seen.models.retain(|model| asked.iter().any(|asked| is(model, asked)));
    Ok(())
}

async fn attach(session: &Session, args: &AdoptArgs, name: &str) -> Result<()> {
    let source = Source {
        name,
        public_address: args.public_address.as_deref(),
        local: args.local,
        tls_hostname: args.tls_hostname.as_deref(),
    };
    let request = controller_info::describe(&source)?;
    let _: ControllerInfo = session.call("AddController", &request).await?;
    Ok(())
}

/// Does what is to be done with a model; whether it is at the broker now.
async fn apply(global: &GlobalArgs, args: &AdoptArgs, session: &Session, step: &Step) -> Result<bool> {
    let controller = args.name.as_deref().unwrap_or_default();
    let model = format!("{}/{}", step.owner, step.name);
    match (step.way, &step.new_owner) {
        (Way::There | Way::Own, _) => Ok(true),
        (Way::Import, Some(owner)) if step.first.is_empty() => match import(session, controller, owner, step).await {
            Ok(warnings) => {
                say(global, &format!("{model} is at the broker as {owner}/{}", step.name));
                for warning in warnings {
                    say(global, &format!("WARNING {warning}"));
                }
                Ok(true)
            }
            Err(failure) => {
                eprintln!("WARNING {model} is not adopted: {failure}");
                Ok(false)
            }
        },
        (Way::Move, Some(_)) if step.first.is_empty() => {
            let backing = args.backing_controller.clone().or_else(|| step.targets.first().cloned());
            let move_in = MigrateInArgs {
                model: Some(step.uuid.clone()),
                from: args.name.clone(),
                backing_controller: backing,
                user_mapping: args.user_mapping.clone(),
                draft_mapping: false,
                detach: false,
            };
            match migrate_in::run(global, &move_in).await {
                Ok(()) => Ok(true),
                Err(failure) => {
                    eprintln!("WARNING {model} is not adopted: {failure}");
                    Ok(false)
                }
            }
        }
        _ => {
            let why = step.first.first().unwrap_or(&step.why);
            eprintln!("WARNING {model} is not adopted: {why}");
            Ok(false)
        }
    }
}

/// The model comes in, and then the rights of its users.
async fn import(session: &Session, controller: &str, owner: &str, step: &Step) -> Result<Vec<String>> {
    let model_tag = format!("model-{}", step.uuid);
    let request =
        ImportModelRequest { controller: controller.to_owned(), model_tag: model_tag.clone(), owner: owner.to_owned() };
    let result: ImportModelResult = session.call("ImportModel", &request).await?;
    let change = |(user, access): &(String, String)| ModifyModelAccess {
        user_tag: format!("user-{user}"),
        action: "grant".to_owned(),
        access: access.clone(),
        model_tag: model_tag.clone(),
    };
    for grants in step.grants.chunks(GRANTS) {
        let changes = ModifyModelAccessRequest { changes: grants.iter().map(change).collect() };
        let granted: ErrorResults = session.call_facade("ModelManager", 10, "ModifyModelAccess", &changes).await?;
        if let Some(error) = granted.results.into_iter().find_map(|entry| entry.error) {
            return Err(Failure::failed(format!("it is at the broker, but a right was not given: {}", error.message)));
        }
    }
    Ok(result.warnings)
}

fn say(global: &GlobalArgs, text: &str) {
    if !global.quiet {
        eprintln!("{text}");
    }
}
