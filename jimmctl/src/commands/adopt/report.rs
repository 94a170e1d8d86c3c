//! The report: for people in words, for programs in YAML and JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::observe::{Known, Observed};
use super::plan::{Mapping, Step, Trust, Way, new_name, trust};
use crate::error::Result;
use crate::output::OutputArgs;
use crate::table::Table;

/// Everything that was seen, and what is to be done.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report<'a> {
    controller: ControllerReport<'a>,
    models: &'a [Step],
    users: Vec<UserReport<'a>>,
    clouds: Vec<CloudReport<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ControllerReport<'a> {
    name: &'a str,
    uuid: &'a str,
    version: &'a str,
    attached: bool,
    trusts: Trust,
    #[serde(skip_serializing_if = "str::is_empty")]
    login_token_refresh_url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct UserReport<'a> {
    name: &'a str,
    access: &'a str,
    disabled: bool,
    /// At the broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CloudReport<'a> {
    name: &'a str,
    r#type: &'a str,
    regions: Vec<&'a str>,
    known: bool,
    /// Credentials that its models use, `OWNER/NAME`.
    credentials: Vec<String>,
}

pub(super) fn print(
    output: &OutputArgs,
    seen: &Observed,
    known: &Known,
    mapping: &Mapping,
    steps: &[Step],
) -> Result<()> {
    let report = Report {
        controller: ControllerReport {
            name: &seen.name,
            uuid: &seen.uuid,
            version: &seen.version,
            attached: attached(seen, known),
            trusts: trust(seen, known),
            login_token_refresh_url: &seen.keys_at,
        },
        models: steps,
        users: seen.users.iter().map(|user| user_report(user, mapping)).collect(),
        clouds: clouds(seen, known),
    };
    output.print(&report, &report, || text(&report, known))
}

pub(super) fn attached(seen: &Observed, known: &Known) -> bool {
    known.controllers.iter().any(|controller| controller.uuid == seen.uuid)
}

fn user_report<'a>(user: &'a jimm_proto::params::user_manager::UserInfo, mapping: &Mapping) -> UserReport<'a> {
    let new_name = new_name(mapping, &user.username);
    UserReport { name: &user.username, access: &user.access, disabled: user.disabled, new_name }
}

fn clouds<'a>(seen: &'a Observed, known: &Known) -> Vec<CloudReport<'a>> {
    let of = |(name, cloud): (&'a String, &'a jimm_proto::params::cloud::Cloud)| {
        let used = seen.models.iter().map(|model| model.summary.cloud_credential_tag.as_str());
        let prefix = format!("cloudcred-{name}_");
        let mut credentials: Vec<String> =
            used.filter_map(|tag| tag.strip_prefix(&prefix)).map(|rest| rest.replacen('_', "/", 1)).collect();
        credentials.sort();
        credentials.dedup();
        CloudReport {
            name,
            r#type: &cloud.r#type,
            regions: cloud.regions.iter().map(|region| region.name.as_str()).collect(),
            known: known.clouds.contains_key(name),
            credentials,
        }
    };
    seen.clouds.iter().map(of).collect()
}

fn text(report: &Report<'_>, known: &Known) -> String {
    let controller = &report.controller;
    let mut out = String::new();
    let state = if controller.attached { "attached to the broker" } else { "not attached to the broker" };
    let trusts = match controller.trusts {
        Trust::Broker => "It takes the broker's tokens: its models can be imported as they are.".to_owned(),
        Trust::Other | Trust::Nobody => format!(
            "It does not take the broker's tokens, and that cannot be changed after the bootstrap\n\
             (login-token-refresh-url={}): its models have to move to a controller that does.",
            known.keys_at
        ),
    };
    let _ = writeln!(
        out,
        "Controller {} ({}, Juju {}), {state}.\n{trusts}\n",
        controller.name, controller.uuid, controller.version
    );
    let mut models = Table::new(&["Model", "Way", "To", "Owner at the broker", "Offers"]);
    for step in report.models {
        models.row([
            &format!("{}/{}", step.owner, step.name),
            step.way.as_str(),
            &step.targets.join(", "),
            step.new_owner.as_deref().unwrap_or_default(),
            &step.offers.join(", "),
        ]);
    }
    out.push_str(&models.render());
    for step in report.models {
        let _ = writeln!(out, "\n{}/{} ({}): {}", step.owner, step.name, step.uuid, step.why);
        for first in &step.first {
            let _ = writeln!(out, "  first: {first}");
        }
        for change in &step.changes {
            let _ = writeln!(out, "  changes: {change}");
        }
        if let (Way::Move, [target, ..]) = (step.way, step.targets.as_slice()) {
            let _ = writeln!(
                out,
                "  then: jimmctl migrate-in {} --from {} --backing-controller {target} --user-mapping FILE",
                step.uuid, controller.name
            );
        }
    }
    out.push('\n');
    let mut users = Table::new(&["User", "Access", "At the broker"]);
    for user in &report.users {
        let access = if user.disabled { "disabled" } else { user.access };
        users.row([user.name, access, user.new_name.as_deref().unwrap_or_default()]);
    }
    out.push_str(&users.render());
    out.push('\n');
    let mut clouds = Table::new(&["Cloud", "Type", "Regions", "Known to the broker", "Credentials in use"]);
    for cloud in &report.clouds {
        let is_known = if cloud.known { "yes" } else { "no" };
        clouds.row([cloud.name, cloud.r#type, &cloud.regions.join(", "), is_known, &cloud.credentials.join(", ")]);
    }
    out.push_str(&clouds.render());
    out
}
