//! `save-controller-profile`, `show-controller-profile`, `controller-profiles`, `remove-controller-profile`.

use jimm_proto::complaint::without_value;
use jimm_proto::params::jimm_bootstrap::{ControllerProfile, ListProfilesRequest, ListedProfiles, ProfileName};
use serde::de::IgnoredAny;

use super::question;
use crate::cli::GlobalArgs;
use crate::cli::bootstrap::{ListProfilesArgs, RemoveProfileArgs, SaveProfileArgs, ShowProfileArgs};
use crate::error::{Failure, Result};
use crate::output::OutputArgs;
use crate::session::Session;
use crate::table::Table;
use crate::{go_yaml, input};

/// Profiles are a few kilobytes long.
const LONGEST: u64 = 1 << 20;

pub(super) async fn save(global: &GlobalArgs, args: &SaveProfileArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("filename not specified"))?;
    let text = input::read(file, LONGEST, "to be a controller profile")?;
    let profile: ControllerProfile = serde_norway::from_str(&text).map_err(|e| {
        Failure::failed(format!("cannot read {} as a profile: {}", file.display(), without_value(&e.to_string())))
    })?;
    let answer = async { Session::open(global).await?.call("SaveControllerProfile", &profile).await };
    let saved: ControllerProfile = args.output.or_nothing(answer.await)?;
    print(&args.output, &saved)
}

pub(super) async fn show(global: &GlobalArgs, args: &ShowProfileArgs) -> Result<()> {
    let name = named(args.name.as_deref())?;
    let answer = async { Session::open(global).await?.call("GetControllerProfile", &ProfileName { name }).await };
    let profile: ControllerProfile = args.output.or_nothing(answer.await)?;
    print(&args.output, &profile)
}

pub(super) async fn list(global: &GlobalArgs, args: &ListProfilesArgs) -> Result<()> {
    let params = ListProfilesRequest { juju_version: args.juju_version.clone().unwrap_or_default() };
    let answer = async { Session::open(global).await?.call("ListControllerProfiles", &params).await };
    let answer: ListedProfiles = args.output.or_nothing(answer.await)?;
    args.output.print(&answer.profiles, &answer.profiles, || {
        let mut table = Table::new(&["Profile", "Updated", "Description"]);
        for profile in &answer.profiles {
            let updated = profile.updated_at.map(|at| at.to_string()).unwrap_or_default();
            table.row([&profile.name, &updated, &profile.description]);
        }
        table.render()
    })
}

pub(super) async fn remove(global: &GlobalArgs, args: &RemoveProfileArgs) -> Result<()> {
    let name = named(args.name.as_deref())?;
    if !args.yes {
        question::confirm(&format!("Remove controller profile {name:?}?"), "the profile is as it was")?;
    }
    let _: IgnoredAny = Session::open(global).await?.call("RemoveControllerProfile", &ProfileName { name }).await?;
    Ok(())
}

fn named(name: Option<&str>) -> Result<String> {
    name.map(str::to_owned).ok_or_else(|| Failure::usage("profile name not specified"))
}

/// A profile is printed as it is read: there is no table of it.
fn print(output: &OutputArgs, profile: &ControllerProfile) -> Result<()> {
    let yaml = serde_norway::to_value(profile).map_err(|e| Failure::failed(e.to_string()))?;
    output.print(profile, profile, || go_yaml::to_string(&yaml))
}
